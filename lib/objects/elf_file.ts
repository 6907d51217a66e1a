/**
 * The sections and symbols of a relocatable ELF file: elf(5), include/uapi/linux/elf.h. Every offset,
 * size and index in it is checked before it is used.
 */
import { decodeText } from "../sys/text.ts";

/** A section of an ELF file. */
export interface Section {
  readonly name: string;
  /** `SHT_PROGBITS` and so on. */
  readonly type: number;
  /** Its bytes, where the file has any. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that it has once it is loaded; {@link bytes} may be none of them, as for `.bss`. */
  readonly size: number;
  /** The number of another section that this one goes with. */
  readonly link: number;
  readonly info: number;
  /** Size of an entry of its table in bytes. */
  readonly entrySize: number;
}

/** What is wrong with a file. */
export class ElfError extends Error {
  override readonly name = "ElfError";
}

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;

/** In `e_ident`: a 64-bit file of little-endian numbers. */
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ELFDATA2MSB = 2;

const ET_REL = 1;
const EM_BPF = 247;

const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_NOBITS = 8;
const SHT_REL = 9;

/** Section numbers of symbols from here on have a meaning of their own: absolute, common. */
const SHN_LORESERVE = 0xff00;

/**
 * The sections of a BPF object, whose tables and the references between them hold.
 * @throws {ElfError}
 */
export function readObjectFile(bytes: Uint8Array<ArrayBuffer>): Section[] {
  checkHeader(bytes);
  const sections = readSections(bytes);
  for (const section of sections) {
    if (section.type === SHT_STRTAB) checkStrings(section);
    if (section.type === SHT_SYMTAB) checkSymbols(section, sections);
    if (section.type === SHT_REL) checkRelocations(section, sections);
  }
  return sections;
}

function checkHeader(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length === 0) throw new ElfError("it is empty");
  if (!startsWith(bytes, [0x7f, 0x45, 0x4c, 0x46])) throw new ElfError("it is no ELF file");
  if (bytes.length < HEADER_SIZE) throw cutOff(bytes, HEADER_SIZE);
  const view = viewOf(bytes);
  if (bytes[5] === ELFDATA2MSB) {
    throw new ElfError(
      "it was built for a big-endian machine; compile it with clang -target bpfel",
    );
  }
  if (bytes[4] !== ELFCLASS64 || bytes[5] !== ELFDATA2LSB) {
    throw new ElfError("it is an ELF file of another kind; compile it with clang -target bpf");
  }
  const machine = view.getUint16(18, true);
  if (machine !== EM_BPF) {
    throw new ElfError(
      `it was built for another machine (e_machine ${machine}); compile it with clang -target bpf`,
    );
  }
  if (view.getUint16(16, true) !== ET_REL) {
    throw new ElfError("it is linked; a BPF object is what clang -c gives");
  }
}

function readSections(bytes: Uint8Array<ArrayBuffer>): Section[] {
  const view = viewOf(bytes);
  const start = offset(view, 40);
  const count = view.getUint16(60, true);
  const names = view.getUint16(62, true);
  if (view.getUint16(58, true) !== SECTION_HEADER_SIZE || count === 0 || names >= count) {
    throw new ElfError("it has no table of sections");
  }
  if (start + count * SECTION_HEADER_SIZE > bytes.length) {
    throw cutOff(bytes, start + count * SECTION_HEADER_SIZE);
  }
  const heads = Array.from({ length: count }, (_, number) => {
    const at = start + number * SECTION_HEADER_SIZE;
    const type = view.getUint32(at + 4, true);
    const begin = offset(view, at + 24);
    const size = offset(view, at + 32);
    const end = type === SHT_NOBITS ? begin : begin + size;
    if (end > bytes.length) throw cutOff(bytes, end);
    return {
      name: view.getUint32(at, true),
      type,
      bytes: bytes.subarray(begin, end),
      size,
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      entrySize: offset(view, at + 56),
    };
  });
  const strings = heads[names];
  checkStrings(strings);
  return heads.map((head) => {
    if (head.name < strings.bytes.length) return { ...head, name: stringAt(strings, head.name) };
    throw new ElfError("the name of a section lies outside of it");
  });
}

function checkStrings({ type, bytes }: { type: number; bytes: Uint8Array }): void {
  if (type === SHT_STRTAB && bytes.at(-1) === 0) return;
  throw new ElfError("its table of strings is corrupt");
}

function checkSymbols(symbols: Section, sections: readonly Section[]): void {
  const strings = sections[symbols.link];
  if (symbols.bytes.length % SYMBOL_SIZE !== 0 || strings?.type !== SHT_STRTAB) {
    throw new ElfError("its table of symbols is corrupt");
  }
  const view = viewOf(symbols.bytes);
  for (let at = 0; at < symbols.bytes.length; at += SYMBOL_SIZE) {
    const name = view.getUint32(at, true);
    if (name >= strings.bytes.length) throw new ElfError("the name of a symbol lies outside of it");
    const number = view.getUint16(at + 6, true);
    if (number >= SHN_LORESERVE) continue;
    const end = offset(view, at + 8) + offset(view, at + 16);
    if (number >= sections.length || (number > 0 && end > sections[number].size)) {
      throw new ElfError(`its symbol ${stringAt(strings, name)} lies outside of its section`);
    }
  }
}

function checkRelocations(table: Section, sections: readonly Section[]): void {
  const symbols = sections[table.link];
  const target = sections[table.info];
  if (
    table.bytes.length % RELOCATION_SIZE !== 0 || symbols?.type !== SHT_SYMTAB ||
    target === undefined
  ) {
    throw new ElfError(`its relocations ${table.name} are corrupt`);
  }
  const view = viewOf(table.bytes);
  for (let at = 0; at < table.bytes.length; at += RELOCATION_SIZE) {
    const symbol = view.getUint32(at + 12, true);
    if (offset(view, at) >= target.size || symbol * SYMBOL_SIZE >= symbols.bytes.length) {
      throw new ElfError(`its relocations ${table.name} lead outside of the file`);
    }
  }
}

function stringAt(strings: { bytes: Uint8Array }, at: number): string {
  return decodeText(strings.bytes, at, strings.bytes.length);
}

/** A 64-bit offset or size. Beyond 2^53 it is rounded, which leaves it outside of any file. */
function offset(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}

function cutOff(bytes: Uint8Array, needed: number): ElfError {
  return new ElfError(`it is cut off: it has ${bytes.length} bytes, and tells of ${needed}`);
}
