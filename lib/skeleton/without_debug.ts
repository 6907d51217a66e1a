import { type ObjectSection, readObjectFile } from "../objects/object_file.ts";

/** DWARF, and its relocations: libbpf looks at neither. */
const DEBUG = /^(\.rela?)?\.debug_/;

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SHT_NOBITS = 8;

/** Bytes that a section begins at a multiple of: enough for any table, and for programs. */
const ALIGNMENT = 8;

/**
 * An object without its debug information, which clang -g writes beside BTF and which is most of the file:
 * `llvm-strip -g` does the same. The sections stay, empty, since symbols and relocations go by their
 * numbers.
 * @param object a file that has been opened
 */
export function withoutDebug(object: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const sections = readObjectFile(object);
  if (!sections.some(({ name }) => DEBUG.test(name))) return object;
  let end = HEADER_SIZE;
  const places = sections.map((section) => {
    const at = end;
    end = Math.ceil((end + bytesOf(section).length) / ALIGNMENT) * ALIGNMENT;
    return at;
  });
  const length = end + sections.length * SECTION_HEADER_SIZE;
  // Sections that lie within one another would make it longer.
  if (length >= object.length) return object;
  const stripped = new Uint8Array(length);
  const view = new DataView(stripped.buffer);
  stripped.set(object.subarray(0, HEADER_SIZE));
  const table = Number(view.getBigUint64(40, true));
  view.setBigUint64(40, BigInt(end), true);
  stripped.set(object.subarray(table, table + sections.length * SECTION_HEADER_SIZE), end);
  sections.forEach((section, number) => {
    const head = end + number * SECTION_HEADER_SIZE;
    const bytes = bytesOf(section);
    stripped.set(bytes, places[number]);
    view.setBigUint64(head + 24, BigInt(places[number]), true);
    if (section.type !== SHT_NOBITS) view.setBigUint64(head + 32, BigInt(bytes.length), true);
  });
  return stripped;
}

function bytesOf({ name, type, bytes }: ObjectSection): Uint8Array<ArrayBuffer> {
  return DEBUG.test(name) || type === SHT_NOBITS ? new Uint8Array() : bytes;
}
