/**
 * The bpf(2) system call as it is. Probes cannot use libbpf: it has its own opinion of what a kernel can
 * do, and its versions know fewer kinds than the kernels they run on.
 */
import { cString, files, lastErrno, libc } from "../../sys/libc.ts";
import { symbolGroup } from "../../sys/library.ts";
import { addressOf, textIn } from "../kernel_object.ts";

const calls = symbolGroup(libc, {
  // long syscall(long number, int cmd, union bpf_attr *attr, unsigned int size)
  // FFI: attr and what it points to are the caller's
  syscall: { parameters: ["i64", "i32", "buffer", "u32"], result: "i32" },
});

/** `__NR_bpf` of asm/unistd_64.h and asm-generic/unistd.h. */
const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;

/** `enum bpf_cmd` of include/uapi/linux/bpf.h. */
const BPF_MAP_CREATE = 0;
const BPF_PROG_LOAD = 5;
const BPF_RAW_TRACEPOINT_OPEN = 17;
const BPF_LINK_CREATE = 28;

const LOG_SIZE = 64 * 1024;

/** Some member of `union bpf_attr`: where it is, how wide, and what it holds. */
type Field = readonly [offset: number, bits: 32 | 64, value: number | bigint];

/** Members of `union bpf_attr` for a program: offset in bytes and width in bits. */
const PROG = {
  prog_type: [0, 32],
  insn_cnt: [4, 32],
  insns: [8, 64],
  license: [16, 64],
  log_level: [24, 32],
  log_size: [28, 32],
  log_buf: [32, 64],
  prog_flags: [44, 32],
  expected_attach_type: [68, 32],
  attach_btf_id: [108, 32],
} as const;
const PROG_SIZE = 112;

/** Makes the call. @returns a descriptor of the caller's, or the negative error number */
function bpf(command: number, size: number, fields: readonly Field[]): number {
  const attr = new Uint8Array(size);
  const view = new DataView(attr.buffer);
  for (const [offset, bits, value] of fields) {
    if (bits === 32) view.setUint32(offset, Number(value), true);
    else view.setBigUint64(offset, BigInt(value), true);
  }
  const result = Number(calls().syscall(NR_BPF, command, attr, size));
  return result < 0 ? -lastErrno() : result;
}

/** What a program for a probe is. */
export interface ProbeProgram {
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType?: number;
  /** The kernel's function or type that it is for: fentry and its like. */
  readonly btfId?: number;
  /** `BPF_F_SLEEPABLE` and so on. */
  readonly flags?: number;
  /** Its instructions; `return 0` by default. */
  readonly insns?: Uint8Array<ArrayBuffer>;
}

/** `r0 = 0; exit`: struct bpf_insn, 8 bytes each. */
const RETURN_0 = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** Loads a program. @returns its descriptor or the negative error number, and what the verifier said */
export function loadProgram(
  { type, attachType = 0, btfId = 0, flags = 0, insns = RETURN_0 }: ProbeProgram,
): { result: number; log: string } {
  const license = cString("GPL");
  const log = new Uint8Array(LOG_SIZE);
  const result = bpf(BPF_PROG_LOAD, PROG_SIZE, [
    [...PROG.prog_type, type],
    [...PROG.insn_cnt, insns.length / 8],
    [...PROG.insns, addressOf(insns)],
    [...PROG.license, addressOf(license)],
    [...PROG.log_level, 1],
    [...PROG.log_size, LOG_SIZE],
    [...PROG.log_buf, addressOf(log)],
    [...PROG.prog_flags, flags],
    [...PROG.expected_attach_type, attachType],
    [...PROG.attach_btf_id, btfId],
  ]);
  return { result, log: textIn(log) };
}

/**
 * Attaches a program to its BTF function, or to a raw tracepoint by name; both detach when closed.
 * @returns a descriptor or the negative error number
 */
export function openRawTracepoint(program: number, name?: string): number {
  const text = name === undefined ? undefined : cString(name);
  return bpf(BPF_RAW_TRACEPOINT_OPEN, 16, [
    [0, 64, text === undefined ? 0n : addressOf(text)],
    [8, 32, program],
  ]);
}

/**
 * Makes a link.
 * @param target a descriptor or an interface's index; -1 for none
 * @param further members of `link_create` from offset 16 on, which depend on the attach type
 * @returns a descriptor or the negative error number
 */
export function createLink(
  program: number,
  target: number,
  attachType: number,
  flags = 0,
  further: readonly Field[] = [],
): number {
  return bpf(BPF_LINK_CREATE, 64, [
    [0, 32, program],
    [4, 32, target >>> 0],
    [8, 32, attachType],
    [12, 32, flags],
    ...further,
  ]);
}

/** Makes a map. @returns a descriptor or the negative error number */
export function createMap(
  type: number,
  { key, value, entries, flags = 0 }: {
    key: number;
    value: number;
    entries: number;
    flags?: number;
  },
): number {
  const members = [type, key, value, entries, flags];
  return bpf(BPF_MAP_CREATE, 72, members.map((member, at): Field => [4 * at, 32, member]));
}

/** Gives back what a call gave, if it is a descriptor. */
export function release(result: number): void {
  if (result >= 0) files().close(result);
}
