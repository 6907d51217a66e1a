/**
 * The headers of an ELF file: elf(5), include/uapi/linux/elf.h. Every offset is checked against the file
 * before it is followed.
 */
import type { Source } from "./source.ts";
import { textAt } from "./symbol_table.ts";

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
  /** The name that is printed. */
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
  /** What else its type asks for: of relocations the section that they are for. */
  readonly info: number;
  /** Bytes of an entry, if it is a table. */
  readonly entrySize: number;
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

/** What the headers of a file say. */
export interface ElfHeaders {
  /** Whether it is a file of 64 bits. */
  readonly wide: boolean;
  /** In the order of the file; the first is a placeholder without a name. */
  readonly sections: readonly ElfSection[];
  /** In the order of the file. */
  readonly segments: readonly ElfSegment[];
}

/** The type of a segment that is mapped. */
export const PT_LOAD = 1;

const LONGEST_SECTION_NAME = 256;
const LARGEST_NAMES = 16 * 1024 * 1024;
const MOST_SECTIONS = 65536;
/** The kernel runs no program with more than 1,170: ELF_MIN_ALIGN and load_elf_phdrs() of fs/binfmt_elf.c. */
const MOST_SEGMENTS = 2048;

const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;

/** Where the fields are, in bytes, and how wide addresses are: `Elf64_Ehdr` and so on, `Elf32_Ehdr`. */
const LAYOUTS = {
  [ELFCLASS64]: {
    wide: true,
    header: {
      size: 64,
      phoff: 32,
      shoff: 40,
      phentsize: 54,
      phnum: 56,
      shentsize: 58,
      shnum: 60,
      shstrndx: 62,
    },
    segment: { size: 56, offset: 8, vaddr: 16, filesz: 32, align: 48 },
    section: { size: 64, offset: 24, bytes: 32, link: 40, info: 44, entrySize: 56 },
  },
  [ELFCLASS32]: {
    wide: false,
    header: {
      size: 52,
      phoff: 28,
      shoff: 32,
      phentsize: 42,
      phnum: 44,
      shentsize: 46,
      shnum: 48,
      shstrndx: 50,
    },
    segment: { size: 32, offset: 4, vaddr: 8, filesz: 16, align: 28 },
    section: { size: 40, offset: 16, bytes: 20, link: 24, info: 28, entrySize: 36 },
  },
} as const;
type Layout = typeof LAYOUTS[1 | 2];

/**
 * Reads the headers.
 * @throws {ElfError}
 */
export function readHeaders(source: Source): ElfHeaders {
  const layout = layoutOf(source);
  const header = viewOf(readBytes(source, 0, layout.header.size, "header"));
  return {
    wide: layout.wide,
    sections: readSections(source, header, layout),
    segments: readSegments(source, header, layout),
  };
}

/** Whether it begins like an ELF file. */
export function isElf(source: Source): boolean {
  const start = source.read(0, 4);
  return [0x7f, 0x45, 0x4c, 0x46].every((byte, at) => start[at] === byte);
}

/**
 * Bytes of the file, all that are asked for.
 * @param what they are, for the error
 * @throws {ElfError} if the file has fewer
 */
export function readBytes(
  source: Source,
  offset: number,
  length: number,
  what: string,
): Uint8Array<ArrayBuffer> {
  if (offset + length > source.size) {
    throw new ElfError(`it is cut off: its ${what} ends beyond its ${source.size} bytes`);
  }
  const bytes = source.read(offset, length);
  if (bytes.length < length) throw new ElfError(`its ${what} cannot be read`);
  return bytes;
}

/**
 * The address that segments give to the byte at this offset of the file.
 *
 * The kernel maps whole pages, so a process can run a little more than the segment has.
 * @param loaded those of type {@link PT_LOAD}
 */
export function addressIn(loaded: readonly ElfSegment[], fileOffset: number): number | undefined {
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

/** A view of bytes, for numbers. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function layoutOf(source: Source): Layout {
  if (source.size === 0) throw new ElfError("it is empty");
  if (!isElf(source)) throw new ElfError("it is no ELF file");
  const [, , , , kind, order] = source.read(0, 6);
  if (kind !== ELFCLASS64 && kind !== ELFCLASS32 || order !== ELFDATA2LSB) {
    throw new ElfError("it is an ELF file of a kind that is not known, or big-endian");
  }
  return LAYOUTS[kind];
}

function readSegments(source: Source, header: DataView, layout: Layout): ElfSegment[] {
  const { header: fields, segment, wide } = layout;
  const count = header.getUint16(fields.phnum, true);
  if (count === 0) return [];
  if (header.getUint16(fields.phentsize, true) !== segment.size) {
    throw new ElfError("its segment headers have an unknown size");
  }
  if (count > MOST_SEGMENTS) throw new ElfError(`it has too many segments: ${count}`);
  const start = word(header, fields.phoff, wide);
  const table = viewOf(readBytes(source, start, count * segment.size, "table of segments"));
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

function readSections(source: Source, header: DataView, layout: Layout): ElfSection[] {
  const { header: fields, section, wide } = layout;
  const start = word(header, fields.shoff, wide);
  if (start === 0) return [];
  if (header.getUint16(fields.shentsize, true) !== section.size) {
    throw new ElfError("its section headers have an unknown size");
  }
  const read = (count: number) =>
    viewOf(readBytes(source, start, count * section.size, "table of sections"));
  // Numbers too big for the header are in the first section's fields.
  const first = read(1);
  const count = header.getUint16(fields.shnum, true) || word(first, section.bytes, wide);
  const names = header.getUint16(fields.shstrndx, true);
  if (count > MOST_SECTIONS) throw new ElfError(`it has too many sections: ${count}`);
  const table = read(count);
  const sections = Array.from({ length: count }, (_, number) => {
    const at = number * section.size;
    return {
      name: "",
      nameAt: table.getUint32(at, true),
      type: table.getUint32(at + 4, true),
      offset: word(table, at + section.offset, wide),
      size: word(table, at + section.bytes, wide),
      link: table.getUint32(at + section.link, true),
      info: table.getUint32(at + section.info, true),
      entrySize: word(table, at + section.entrySize, wide),
    };
  });
  const strings = sections[names === 0xffff ? first.getUint32(section.link, true) : names];
  const texts = strings === undefined ? new Uint8Array(0) : namesIn(source, strings);
  return sections.map(({ nameAt, ...section }) => ({
    ...section,
    name: textAt(texts, nameAt, LONGEST_SECTION_NAME),
  }));
}

function namesIn(source: Source, { offset, size }: ElfSection): Uint8Array<ArrayBuffer> {
  if (size > LARGEST_NAMES) throw new ElfError("the names of its sections are too big");
  return readBytes(source, offset, size, "table of section names");
}

/** An address, offset or size. Beyond 2^53 it is rounded, which leaves it outside of any file. */
function word(view: DataView, at: number, wide: boolean): number {
  const low = view.getUint32(at, true);
  return wide ? low + view.getUint32(at + 4, true) * 2 ** 32 : low;
}
