import type { TypeId } from "./types.ts";

/** Of a CO-RE relocation: which type of the object it is about, and what is asked of the kernel's. */
export interface Relocation {
  readonly type: TypeId;
  /** `enum bpf_core_relo_kind` of include/uapi/linux/bpf.h. */
  readonly kind: number;
}

/** `struct btf_ext_header` of libbpf's btf.h: where the relocations are, from the end of the header on. */
const HEADER_LENGTH = 4;
const CORE_RELO_OFF = 24;
const CORE_RELO_LEN = 28;
const WITH_CORE = 32;

/** `struct btf_ext_info_sec`: a name and a count, then the records. */
const SECTION_HEAD = 8;

/**
 * The CO-RE relocations of an object: its section `.BTF.ext`, whose records are `struct bpf_core_relo`.
 * @throws {RangeError} if it is cut off
 */
export function relocationsIn(ext: Uint8Array): Relocation[] {
  const view = new DataView(ext.buffer, ext.byteOffset, ext.length);
  const header = view.getUint32(HEADER_LENGTH, true);
  if (header < WITH_CORE) return [];
  const start = header + view.getUint32(CORE_RELO_OFF, true);
  const end = start + view.getUint32(CORE_RELO_LEN, true);
  if (start === end) return [];
  const size = view.getUint32(start, true);
  const found: Relocation[] = [];
  for (let at = start + 4; at < end;) {
    const count = view.getUint32(at + 4, true);
    at += SECTION_HEAD;
    for (let i = 0; i < count; i++, at += size) {
      found.push({ type: view.getUint32(at + 4, true), kind: view.getUint32(at + 12, true) });
    }
  }
  return found;
}
