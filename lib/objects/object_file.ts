/**
 * The sections and symbols of a BPF object, a relocatable ELF file: elf(5), include/uapi/linux/elf.h. Every
 * offset, size and index in it is checked before anybody uses it.
 */
import { ElfFile } from "../symbols/elf.ts";
import { ElfError, type ElfSection, isElf, viewOf } from "../symbols/elf_headers.ts";
import { BytesSource } from "../symbols/source.ts";
import { decodeText } from "../sys/text.ts";

/** A section with its bytes, where the file has any: of `.bss` it has none. */
export interface ObjectSection extends ElfSection {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;

/** `struct elf64_hdr`: offsets in bytes. */
const E_TYPE = 16;
const E_MACHINE = 18;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;

/** In `e_ident`: a 64-bit file of little-endian numbers. */
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ELFDATA2MSB = 2;

const ET_REL = 1;
const EM_BPF = 247;

const SHT_NULL = 0;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_REL = 9;

/** Section numbers of symbols from here on have a meaning of their own: absolute, common. */
const SHN_LORESERVE = 0xff00;

/**
 * The sections of a BPF object, whose tables and the references between them hold.
 * @throws {ElfError}
 */
export function readObjectFile(bytes: Uint8Array<ArrayBuffer>): ObjectSection[] {
  const source = new BytesSource(bytes);
  checkKind(source);
  const file = new ElfFile(source);
  checkHeader(viewOf(bytes), file.sections);
  const sections = file.sections.map((section) => ({ ...section, bytes: file.bytesOf(section) }));
  for (const section of sections) {
    if (section.offset > bytes.length) throw new ElfError(`it is cut off before ${section.name}`);
    if (section.type === SHT_STRTAB) checkStrings(section);
    if (section.type === SHT_SYMTAB) checkSymbols(section, sections);
    if (section.type === SHT_REL) checkRelocations(section, sections);
  }
  return sections;
}

/** Refuses files that were compiled for something else, before they are read as what they are not. */
function checkKind(source: BytesSource): void {
  if (!isElf(source)) return; // reported where it is read
  const [, , , , kind, order] = source.read(0, 6);
  if (order === ELFDATA2MSB) {
    throw new ElfError(
      "it was built for a big-endian machine; compile it with clang -target bpfel",
    );
  }
  if (kind !== ELFCLASS64 || order !== ELFDATA2LSB) {
    throw new ElfError("it is an ELF file of another kind; compile it with clang -target bpf");
  }
}

function checkHeader(header: DataView, sections: readonly ElfSection[]): void {
  const machine = header.getUint16(E_MACHINE, true);
  if (machine !== EM_BPF) {
    throw new ElfError(
      `it was built for another machine (e_machine ${machine}); compile it with clang -target bpf`,
    );
  }
  if (header.getUint16(E_TYPE, true) !== ET_REL) {
    throw new ElfError("it is linked; a BPF object is what clang -c gives");
  }
  const names = sections[header.getUint16(E_SHSTRNDX, true)];
  if (header.getUint16(E_SHNUM, true) === 0 || names?.type !== SHT_STRTAB) {
    throw new ElfError("it has no table of sections");
  }
  if (sections.some(({ name, type }) => name === "" && type !== SHT_NULL)) {
    throw new ElfError("the name of a section lies outside of it");
  }
}

function checkStrings({ bytes }: ObjectSection): void {
  if (bytes.at(-1) !== 0) throw new ElfError("its table of strings is corrupt");
}

function checkSymbols(symbols: ObjectSection, sections: readonly ObjectSection[]): void {
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
    const end = word(view, at + 8) + word(view, at + 16);
    if (number >= sections.length || (number > 0 && end > sections[number].size)) {
      throw new ElfError(`its symbol ${stringAt(strings, name)} lies outside of its section`);
    }
  }
}

function checkRelocations(table: ObjectSection, sections: readonly ObjectSection[]): void {
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
    if (word(view, at) >= target.size || symbol * SYMBOL_SIZE >= symbols.bytes.length) {
      throw new ElfError(`its relocations ${table.name} lead outside of the file`);
    }
  }
}

function stringAt(strings: ObjectSection, at: number): string {
  return decodeText(strings.bytes, at, strings.bytes.length);
}

/** A 64-bit number. Beyond 2^53 it is rounded, which leaves it outside of any file. */
function word(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
