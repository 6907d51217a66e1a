/**
 * Reads ELF files: programs, shared libraries, files of debug symbols; of 32 and 64 bits, little-endian.
 * The format: elf(5), include/uapi/linux/elf.h.
 *
 * Any bytes are read or refused with an {@link ElfError}: every offset is checked against the file
 * before it is followed, no table is read that is bigger than those of any real program, and each byte
 * is looked at a few times at most.
 */
import { decodeText, hexText } from "../sys/text.ts";
import {
  addressIn,
  ElfError,
  type ElfSection,
  type ElfSegment,
  PT_LOAD,
  readBytes,
  readHeaders,
  viewOf,
} from "./elf_headers.ts";
import { notesIn } from "./notes.ts";
import { FileSource, type Source } from "./source.ts";
import { SymbolTable } from "./symbol_table.ts";

/** A function of an ELF file. */
export interface ElfFunction {
  /** As the file has it: C++ and Rust names are mangled. */
  readonly name: string;
  /** As the file has it, before anything is moved. */
  readonly address: number;
  /** Bytes of code; 0 where the file does not say. */
  readonly size: number;
  /** Where its code is in the file: what a uprobe wants. Undefined where no segment holds it. */
  readonly fileOffset: number | undefined;
}

/** What `.gnu_debuglink` says: the name of the file with the symbols, and its CRC-32. */
export interface DebugLink {
  /** The name of a file, without a folder. */
  readonly name: string;
  /** CRC-32 of the whole file. */
  readonly crc: number;
}

const MIB = 1024 * 1024;
const LARGEST_SECTION = 256 * MIB;
/** Two million symbols; a browser has half of that. */
export const LARGEST_TABLE = 48 * MIB;
/** Of the segments and sections of notes the first are looked at, and of each the beginning. */
const MOST_NOTES = 16;
const LARGEST_NOTES = 64 * 1024;
const LARGEST_LINK = 4096;

const PT_NOTE = 4;
const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const NT_GNU_BUILD_ID = 3;

/**
 * An ELF file.
 *
 * @example
 * ```ts
 * import { ElfFile } from "@denobpf/denobpf";
 *
 * using file = ElfFile.open("/usr/bin/env");
 * console.log(file.buildId, file.functions().length);
 * ```
 */
export class ElfFile implements Disposable {
  /** In the order of the file; the first is a placeholder without a name. */
  readonly sections: readonly ElfSection[];
  /** In the order of the file. */
  readonly segments: readonly ElfSegment[];
  readonly #source: Source;
  readonly #wide: boolean;
  #loaded: readonly ElfSegment[] | undefined;
  #symbols: SymbolTable | undefined;
  #buildId: string | undefined | null = null;

  /**
   * Reads the headers of a file that is open, or in memory.
   * @param source its maker closes it
   * @throws {ElfError}
   */
  constructor(source: Source) {
    this.#source = source;
    const { wide, segments, sections } = readHeaders(source);
    this.#wide = wide;
    this.segments = segments;
    this.sections = sections;
  }

  /**
   * Opens the file at `path`, which must be a regular one.
   * @throws {SystemError | ElfError}
   */
  static open(path: string): ElfFile {
    const source = FileSource.open(path);
    try {
      return new ElfFile(source);
    } catch (error) {
      source[Symbol.dispose]();
      if (error instanceof ElfError) error.message = `Cannot read ${path}: ${error.message}`;
      throw error;
    }
  }

  /** Closes the file, if it was opened by {@link ElfFile.open}; what was read stays. */
  [Symbol.dispose](): void {
    if (this.#source instanceof FileSource) this.#source[Symbol.dispose]();
  }

  /**
   * The id that the linker gave to this build, in hexadecimal digits; undefined if it gave none.
   * A file of debug symbols has the id of the file that it was split off from.
   */
  get buildId(): string | undefined {
    if (this.#buildId === null) this.#buildId = this.#findBuildId();
    return this.#buildId;
  }

  /** The file in which the symbols are, where they have been split off. */
  get debugLink(): DebugLink | undefined {
    const section = this.section(".gnu_debuglink");
    if (section === undefined || section.size > LARGEST_LINK) return undefined;
    const bytes = this.bytesOf(section);
    const end = bytes.indexOf(0);
    const at = (end + 4) & ~3; // The name with its NUL is filled up to a multiple of 4.
    if (end <= 0 || at + 4 > bytes.length) return undefined;
    return { name: decodeText(bytes, 0, end), crc: viewOf(bytes).getUint32(at, true) };
  }

  /** The first section of this name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The bytes of a section.
   * @throws {ElfError} if it has too many, or the file has become shorter
   */
  bytesOf(section: ElfSection): Uint8Array<ArrayBuffer> {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    if (section.size > LARGEST_SECTION) {
      throw new ElfError(`its section ${section.name} is too big: ${section.size} bytes`);
    }
    const { name, offset, size } = section;
    return readBytes(this.#source, offset, size, `section ${name}`);
  }

  /**
   * The functions that the file defines: `.symtab`, and `.dynsym`, which stripped files have as well.
   * @throws {ElfError} if these tables are corrupt
   */
  get symbols(): SymbolTable {
    return this.#symbols ??= this.#readSymbols();
  }

  /**
   * All functions, in the order of their addresses; several may be at the same one.
   * @throws {ElfError} if the tables of symbols are corrupt
   */
  functions(): ElfFunction[] {
    const { symbols } = this;
    let letters = 0;
    return Array.from({ length: symbols.length }, (_, at) => {
      const found = this.#function(at);
      letters += found.name.length;
      if (letters > 2 * symbols.cost) throw new ElfError("its names lie within one another");
      return found;
    });
  }

  /**
   * The function of this name; if there are several (static ones of different C files), the first.
   * @param name as the file has it: mangled
   * @throws {ElfError} if the tables of symbols are corrupt
   */
  find(name: string): ElfFunction | undefined {
    const at = this.symbols.find(name);
    return at === undefined ? undefined : this.#function(at);
  }

  /** Where in the file the byte is that is mapped at `address`. */
  fileOffsetOf(address: number): number | undefined {
    const segment = this.loaded.find((segment) =>
      address >= segment.address && address < segment.address + segment.fileSize
    );
    return segment && address - segment.address + segment.offset;
  }

  /**
   * The address that the file gives to the byte at this offset of it.
   *
   * The kernel maps whole pages, so a process can run a little more than the segment has.
   */
  addressOf(fileOffset: number): number | undefined {
    return addressIn(this.loaded, fileOffset);
  }

  /** @internal The segments that are mapped. */
  get loaded(): readonly ElfSegment[] {
    return this.#loaded ??= this.segments.filter(({ type }) => type === PT_LOAD);
  }

  /** @internal How many symbols its tables have, functions or not, and bytes with their names. */
  get symbolSize(): { count: number; bytes: number } {
    const entry = this.#wide ? 24 : 16;
    const tables = this.#symbolTables();
    const strings = new Set(tables.map(({ link }) => this.sections[link]));
    const sum = (sections: Iterable<ElfSection | undefined>) =>
      [...sections].reduce((sum, section) => sum + (section?.size ?? 0), 0);
    return { count: Math.floor(sum(tables) / entry), bytes: sum(tables) + sum(strings) };
  }

  #symbolTables(): ElfSection[] {
    return [SHT_SYMTAB, SHT_DYNSYM]
      .map((wanted) => this.sections.find(({ type }) => type === wanted))
      .filter((section) => section !== undefined);
  }

  #function(at: number): ElfFunction {
    const { name, address, size } = this.symbols.at(at);
    return { name, address, size, fileOffset: this.fileOffsetOf(address) };
  }

  #readSymbols(): SymbolTable {
    /** Both tables may have the same strings. */
    const known = new Map<number, Uint8Array<ArrayBuffer>>();
    const tables = this.#symbolTables().map((section) => {
      if (section.size > LARGEST_TABLE) throw new ElfError(`its ${section.name} is too big`);
      const link = this.sections[section.link];
      if (link === undefined) throw new ElfError(`its ${section.name} has no strings`);
      const strings = known.get(section.link) ?? this.bytesOf(link);
      known.set(section.link, strings);
      return { entries: this.bytesOf(section), strings };
    });
    return new SymbolTable(tables, this.#wide);
  }

  #findBuildId(): string | undefined {
    const segments = this.segments.filter(({ type }) => type === PT_NOTE);
    const notes = [
      ...segments.map(({ offset, fileSize, alignment }) => ({ offset, size: fileSize, alignment })),
      ...this.sections.filter(({ type }) => type === SHT_NOTE)
        .map(({ offset, size }) => ({ offset, size, alignment: 4 })),
    ];
    for (const { offset, size, alignment } of notes.slice(0, MOST_NOTES)) {
      const bytes = this.#source.read(offset, Math.min(size, LARGEST_NOTES));
      for (const { name, type, description } of notesIn(bytes, alignment === 8 ? 8 : 4)) {
        if (type !== NT_GNU_BUILD_ID || name !== "GNU") continue;
        if (description.length > 0 && description.length <= 64) return hexText(description);
      }
    }
  }
}
