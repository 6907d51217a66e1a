/** Builds ELF files of 64 bits, those that no linker makes among them: elf(5). */

/** A section; what is not named is 0. */
export interface BuiltSection {
  readonly name: string;
  /** `SHT_PROGBITS` and so on. */
  readonly type: number;
  readonly bytes?: Uint8Array;
  /** Another size than its bytes have. */
  readonly size?: number;
  /** The bytes of an earlier section, by its number, in place of its own. */
  readonly at?: number;
  readonly link?: number;
}

/** A segment, over the bytes of a section. */
export interface BuiltSegment {
  /** `PT_LOAD` and so on. */
  readonly type: number;
  readonly section: number;
}

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_DYNSYM = 11;

const HEADER = 64;
const SECTION = 64;
const SEGMENT = 56;

const text = new TextEncoder();

/** The file with these sections, numbered from 1; the names are in one more, the last. */
export function buildElf(
  sections: readonly BuiltSection[],
  segments: readonly BuiltSegment[] = [],
): Uint8Array<ArrayBuffer> {
  const names = sections.map(({ name }) => `${name}\0`);
  const strings = text.encode(`\0${names.join("")}.shstrtab\0`);
  const all = [...sections, { name: ".shstrtab", type: SHT_STRTAB, bytes: strings }];
  const tables = HEADER + segments.length * SEGMENT + (all.length + 1) * SECTION;
  const offsets: number[] = [];
  let end = tables;
  for (const { bytes, at } of all as BuiltSection[]) {
    offsets.push(at === undefined ? end : offsets[at - 1]);
    if (at === undefined) end += ((bytes?.length ?? 0) + 7) & ~7;
  }
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  const word = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true); // ET_DYN
  view.setUint16(18, 62, true); // EM_X86_64
  word(32, HEADER);
  word(40, HEADER + segments.length * SEGMENT);
  view.setUint16(54, SEGMENT, true);
  view.setUint16(56, segments.length, true);
  view.setUint16(58, SECTION, true);
  view.setUint16(60, all.length + 1, true);
  view.setUint16(62, all.length, true);
  const sizeOf = ({ size, bytes, at }: BuiltSection): number =>
    size ?? (at === undefined ? bytes?.length ?? 0 : sizeOf(all[at - 1]));
  for (const [number, { type, section }] of segments.entries()) {
    const at = HEADER + number * SEGMENT;
    view.setUint32(at, type, true);
    word(at + 8, offsets[section - 1]);
    word(at + 16, offsets[section - 1]);
    word(at + 32, sizeOf(all[section - 1]));
    word(at + 48, 4);
  }
  let name = 1;
  for (const [number, section] of (all as BuiltSection[]).entries()) {
    const at = HEADER + segments.length * SEGMENT + (number + 1) * SECTION;
    view.setUint32(at, name, true);
    view.setUint32(at + 4, section.type, true);
    word(at + 24, offsets[number]);
    word(at + 32, sizeOf(section));
    view.setUint32(at + 40, section.link ?? 0, true);
    if (section.bytes !== undefined) file.set(section.bytes, offsets[number]);
    name += text.encode(section.name).length + 1;
  }
  return file;
}
