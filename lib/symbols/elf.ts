/**
 * Reads ELF files: programs, shared libraries, files of debug symbols; of 32 and 64 bits, little-endian.
 * The format: elf(5), include/uapi/linux/elf.h.
 *
 * Any bytes are read or refused with an {@link ElfError}: every offset is checked against the file
 * before it is followed, no table is read that is bigger than those of any real program, and each byte
 * is looked at a few times at most.
 */
import { decodeText, hexText } from "../sys/text.ts";
import { notesIn } from "./notes.ts";
import { FileSource, type Source } from "./source.ts";
import { SymbolTable, textAt } from "./symbol_table.ts";

/**
 * A file that is no ELF file, or not one that can be read: what is wrong with it.
 *
 * @example
 * ```ts
 * import { ElfError } from "@denobpf/denobpf";
 *
 * const refused = (error: unknown) => error instanceof ElfError;
 * ```
 */
export class ElfError extends Error {
  /** For whoever prints it. */
  override readonly name = "ElfError";
}

/** A section of an ELF file. */
export interface ElfSection {
  /** `.text`; empty where the file has none for it. */
  readonly name: string;
  /** `SHT_PROGBITS` and so on. */
  readonly type: number;
  /** Where its bytes begin in the file. */
  readonly offset: number;
  /** How many bytes it has, in the file unless it is of type `SHT_NOBITS`. */
  readonly size: number;
  /** The index of another section that this one goes with. */
  readonly link: number;
}

/** A part of an ELF file that is mapped into memory. */
export interface ElfSegment {
  /** `PT_LOAD` and so on. */
  readonly type: number;
  /** Where its bytes begin in the file. */
  readonly offset: number;
  /** The address that the file names; a program that is position-independent is moved as a whole. */
  readonly address: number;
  /** Bytes in the file. */
  readonly fileSize: number;
  /** A power of 2. */
  readonly alignment: number;
}

/** A function of an ELF file. */
export interface ElfFunction {
  /** As the file has it: C++ and Rust names are mangled. */
  readonly name: string;
  /** As the file has it, before anything is moved. */
  readonly address: number;
  /** Bytes of code; 0 where the file does not tell. */
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
const LARGEST_TABLE = 48 * MIB;
const LARGEST_NOTES = 64 * 1024;
const LARGEST_LINK = 4096;
const LONGEST_SECTION_NAME = 256;
const MOST_SECTIONS = 65536;

const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;

const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const NT_GNU_BUILD_ID = 3;

/** Where the fields are, in bytes, and how wide addresses are: `Elf64_Ehdr` and so on, `Elf32_Ehdr`. */
const LAYOUTS = {
  [ELFCLASS64]: {
    wide: true,
    header: { size: 64, phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shnum: 60, shstrndx: 62 },
    segment: { size: 56, offset: 8, vaddr: 16, filesz: 32, align: 48 },
    section: { size: 64, offset: 24, bytes: 32, link: 40 },
  },
  [ELFCLASS32]: {
    wide: false,
    header: { size: 52, phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shnum: 48, shstrndx: 50 },
    segment: { size: 32, offset: 4, vaddr: 8, filesz: 16, align: 28 },
    section: { size: 40, offset: 16, bytes: 20, link: 24 },
  },
} as const;
type Layout = typeof LAYOUTS[1 | 2];

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
  #symbols: SymbolTable | undefined;
  #buildId: string | undefined | null = null;

  /**
   * Reads the headers of a file that is open, or in memory.
   * @param source whoever made it closes it
   * @throws {ElfError}
   */
  constructor(source: Source) {
    this.#source = source;
    const layout = this.#layout();
    this.#wide = layout.wide;
    this.segments = this.#readSegments(layout);
    this.sections = this.#readSections(layout);
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
    return this.#bytes(section.offset, section.size, `section ${section.name}`);
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
    const segment = this.segments.find((segment) =>
      segment.type === PT_LOAD && address >= segment.address &&
      address < segment.address + segment.fileSize
    );
    return segment && address - segment.address + segment.offset;
  }

  /**
   * The address that the file gives to the byte at this offset of it.
   *
   * The kernel maps whole pages, so a process can run a little more than the segment has.
   */
  addressOf(fileOffset: number): number | undefined {
    const loaded = this.segments.filter((segment) => segment.type === PT_LOAD);
    const inside = loaded.find(({ offset, fileSize }) =>
      fileOffset >= offset && fileOffset < offset + fileSize
    );
    const segment = inside ??
      loaded.find(({ offset, fileSize, alignment }) =>
        fileOffset >= offset - offset % alignment &&
        fileOffset < Math.ceil((offset + fileSize) / alignment) * alignment
      );
    return segment && fileOffset - segment.offset + segment.address;
  }

  #function(at: number): ElfFunction {
    const { name, address, size } = this.symbols.at(at);
    return { name, address, size, fileOffset: this.fileOffsetOf(address) };
  }

  #layout(): Layout {
    const start = this.#source.read(0, LAYOUTS[ELFCLASS64].header.size);
    if (start.length === 0) throw new ElfError("it is empty");
    if (!isElf(this.#source)) throw new ElfError("it is no ELF file");
    const layout = start[4] === ELFCLASS64 || start[4] === ELFCLASS32
      ? LAYOUTS[start[4]]
      : undefined;
    if (layout === undefined || start[5] !== ELFDATA2LSB) {
      throw new ElfError("it is an ELF file of a kind that is not known, or big-endian");
    }
    if (start.length < layout.header.size) throw new ElfError("it is cut off in its header");
    return layout;
  }

  #readSegments({ header, segment, wide }: Layout): ElfSegment[] {
    const view = viewOf(this.#bytes(0, header.size, "header"));
    const count = view.getUint16(header.phnum, true);
    if (count === 0) return [];
    if (view.getUint16(header.phentsize, true) !== segment.size) {
      throw new ElfError("its segment headers have an unknown size");
    }
    const start = word(view, header.phoff, wide);
    const table = viewOf(this.#bytes(start, count * segment.size, "table of segments"));
    return Array.from({ length: count }, (_, number) => {
      const at = number * segment.size;
      return {
        type: table.getUint32(at, true),
        offset: word(table, at + segment.offset, wide),
        address: word(table, at + segment.vaddr, wide),
        fileSize: word(table, at + segment.filesz, wide),
        alignment: Math.max(1, word(table, at + segment.align, wide)),
      };
    });
  }

  #readSections({ header, section, wide }: Layout): ElfSection[] {
    const view = viewOf(this.#bytes(0, header.size, "header"));
    const start = word(view, header.shoff, wide);
    if (start === 0) return [];
    const read = (number: number, count: number) =>
      viewOf(this.#bytes(start + number * section.size, count * section.size, "table of sections"));
    // Numbers too big for the header are in the first section's fields.
    const first = read(0, 1);
    const count = view.getUint16(header.shnum, true) || word(first, section.bytes, wide);
    const names = view.getUint16(header.shstrndx, true);
    if (count > MOST_SECTIONS) throw new ElfError(`it has too many sections: ${count}`);
    const table = read(0, count);
    const sections = Array.from({ length: count }, (_, number) => {
      const at = number * section.size;
      return {
        name: "",
        nameAt: table.getUint32(at, true),
        type: table.getUint32(at + 4, true),
        offset: word(table, at + section.offset, wide),
        size: word(table, at + section.bytes, wide),
        link: table.getUint32(at + section.link, true),
      };
    });
    const strings = sections[names === 0xffff ? first.getUint32(section.link, true) : names];
    const texts = strings === undefined ? new Uint8Array(0) : this.bytesOf(strings);
    return sections.map(({ nameAt, ...section }) => ({
      ...section,
      name: textAt(texts, nameAt, LONGEST_SECTION_NAME),
    }));
  }

  #readSymbols(): SymbolTable {
    const sections = [SHT_SYMTAB, SHT_DYNSYM]
      .map((wanted) => this.sections.find(({ type }) => type === wanted))
      .filter((section) => section !== undefined);
    const tables = sections.map((section) => {
      if (section.size > LARGEST_TABLE) throw new ElfError(`its ${section.name} is too big`);
      const strings = this.sections[section.link];
      if (strings === undefined) throw new ElfError(`its ${section.name} has no strings`);
      return { entries: this.bytesOf(section), strings: this.bytesOf(strings) };
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
    for (const { offset, size, alignment } of notes) {
      const bytes = this.#source.read(offset, Math.min(size, LARGEST_NOTES));
      for (const { name, type, description } of notesIn(bytes, alignment === 8 ? 8 : 4)) {
        if (type !== NT_GNU_BUILD_ID || name !== "GNU") continue;
        if (description.length > 0 && description.length <= 64) return hexText(description);
      }
    }
  }

  #bytes(offset: number, length: number, what: string): Uint8Array<ArrayBuffer> {
    if (offset + length > this.#source.size) {
      throw new ElfError(`it is cut off: its ${what} ends beyond its ${this.#source.size} bytes`);
    }
    const bytes = this.#source.read(offset, length);
    if (bytes.length < length) throw new ElfError(`its ${what} cannot be read`);
    return bytes;
  }
}

/** @internal Whether it begins like an ELF file. */
export function isElf(source: Source): boolean {
  const start = source.read(0, 4);
  return [0x7f, 0x45, 0x4c, 0x46].every((byte, at) => start[at] === byte);
}

/** An address, offset or size. Beyond 2^53 it is rounded, which leaves it outside of any file. */
function word(view: DataView, at: number, wide: boolean): number {
  const low = view.getUint32(at, true);
  return wide ? low + view.getUint32(at + 4, true) * 2 ** 32 : low;
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
