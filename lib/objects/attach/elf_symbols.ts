/**
 * The symbols of one name in an ELF file, with their versions: elf(5), and "Symbol Versioning" of the Linux
 * Standard Base, whose structs are in glibc's elf.h.
 */
import { type ElfFile, LARGEST_TABLE } from "../../symbols/elf.ts";
import { ElfError, type ElfSection, viewOf } from "../../symbols/elf_headers.ts";
import { textIn } from "../kernel_object.ts";

/** A symbol that is a function, or will be one when the file is loaded. */
export interface FunctionSymbol {
  /** Whether the file has the function; if not, it wants that of another. */
  readonly defined: boolean;
  /** Whether its value is a function that returns the function: STT_GNU_IFUNC. */
  readonly isIndirect: boolean;
  /** Which of several is meant: what others can use goes before what they can replace, and static. */
  readonly rank: number;
  readonly address: number;
  /** Bytes of code; 0 where the file does not say. */
  readonly size: number;
  /** `GLIBC_2.34`; undefined where it has none. */
  readonly version: string | undefined;
  /** Whether it is the version that programs are linked with today. */
  readonly isDefault: boolean;
}

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const SHT_GNU_VERDEF = 0x6fff_fffd;
const SHT_GNU_VERSYM = 0x6fff_ffff;

/** `Elf64_Sym` and `Elf32_Sym`: size and offsets in bytes. */
const LAYOUTS = {
  24: { info: 4, shndx: 6, value: 8, size: 16, wide: true },
  16: { info: 12, shndx: 14, value: 4, size: 8, wide: false },
} as const;

const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SHN_UNDEF = 0;

/** STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE, by their numbers. */
const RANKS: Readonly<Record<number, number>> = { 0: 0, 1: 2, 2: 1, 10: 2 };

/** An entry of `.gnu.version`: whether only what asks for this version finds the symbol, and which. */
const VERSYM_HIDDEN = 0x8000;
/** The rest of the entry is the number of a version. */
const MOST_VERSIONS = 0x7fff;
/** `Elf64_Verdef`, the same for 32 bits: size and offsets in bytes. */
const VERDEF = { size: 20, ndx: 4, aux: 12, next: 16 };

const AT = 0x40; // "@": between name and version where a table has them as one text

/**
 * The functions of this name, defined or wanted, in the order of the file.
 * @throws {ElfError} if the tables of symbols are corrupt
 */
export function functionSymbols(file: ElfFile, name: string): FunctionSymbol[] {
  const wanted = new TextEncoder().encode(name);
  return fromTables(file, (table) => symbolsIn(file, table, wanted));
}

/**
 * The addresses of functions that only return the address of another, which is chosen when a program starts
 * (IFUNC): glibc's memcpy() and its like.
 * @throws {ElfError} if the tables of symbols are corrupt
 */
export function indirectFunctions(file: ElfFile): ReadonlySet<number> {
  return new Set(fromTables(file, (table) => {
    const { layout, entries, word } = entriesOf(file, table);
    const found: number[] = [];
    for (let at = 0; at + table.entrySize <= entries.byteLength; at += table.entrySize) {
      const isIndirect = (entries.getUint8(at + layout.info) & 0xf) === STT_GNU_IFUNC;
      if (isIndirect) found.push(word(at + layout.value));
    }
    return found;
  }));
}

/** What is found in the dynamic symbols, then in the others. */
function fromTables<T>(file: ElfFile, find: (table: ElfSection) => T[]): T[] {
  const tables = [SHT_DYNSYM, SHT_SYMTAB]
    .map((type) => file.sections.find((section) => section.type === type))
    .filter((section) => section !== undefined);
  try {
    return tables.flatMap(find);
  } catch (error) {
    if (error instanceof RangeError) throw new ElfError("its tables of symbols are corrupt");
    throw error;
  }
}

function entriesOf(file: ElfFile, table: ElfSection) {
  const layout = LAYOUTS[table.entrySize as keyof typeof LAYOUTS];
  if (table.size > LARGEST_TABLE) throw new ElfError(`its ${table.name} is too big`);
  if (layout === undefined) throw new ElfError(`${table.name} is corrupt`);
  const entries = viewOf(file.bytesOf(table));
  const word = (at: number) =>
    layout.wide ? Number(entries.getBigUint64(at, true)) : entries.getUint32(at, true);
  return { layout, entries, word };
}

function symbolsIn(file: ElfFile, table: ElfSection, wanted: Uint8Array): FunctionSymbol[] {
  const { layout, entries, word } = entriesOf(file, table);
  const names = file.sections[table.link];
  if (names === undefined) throw new ElfError(`${table.name} is corrupt`);
  const strings = file.bytesOf(names);
  const versions = table.type === SHT_DYNSYM ? new Versions(file) : undefined;
  const found: FunctionSymbol[] = [];
  for (let at = 0; at + table.entrySize <= entries.byteLength; at += table.entrySize) {
    const nameAt = entries.getUint32(at, true);
    if (!isAt(strings, nameAt, wanted)) continue;
    const info = entries.getUint8(at + layout.info);
    const type = info & 0xf;
    const defined = entries.getUint16(at + layout.shndx, true) !== SHN_UNDEF;
    // What is wanted of others has no type where the linker did not know it.
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC && (defined || type !== 0)) continue;
    found.push({
      defined,
      isIndirect: type === STT_GNU_IFUNC,
      rank: RANKS[info >> 4] ?? 0,
      address: word(at + layout.value),
      size: word(at + layout.size),
      ...(versions?.of(at / table.entrySize) ?? versionAt(strings, nameAt + wanted.length)),
    });
  }
  return found;
}

/** Whether a name stands there, up to its end or its version. */
function isAt(strings: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (strings[at + i] !== wanted[i]) return false;
  const end = strings[at + wanted.length];
  return end === 0 || end === AT;
}

type Version = Pick<FunctionSymbol, "version" | "isDefault">;

/** What `.symtab` has behind a name: `@GLIBC_2.2.5`, of the default version `@@GLIBC_2.14`. */
function versionAt(strings: Uint8Array, at: number): Version {
  if (strings[at] !== AT) return { version: undefined, isDefault: true };
  const isDefault = strings[at + 1] === AT;
  return { version: textIn(strings.subarray(at + (isDefault ? 2 : 1), at + 256)), isDefault };
}

/** The versions of the dynamic symbols. */
class Versions {
  readonly #symbols: DataView | undefined;
  readonly #names = new Map<number, string>();

  constructor(file: ElfFile) {
    const [symbols, definitions] = [SHT_GNU_VERSYM, SHT_GNU_VERDEF]
      .map((type) => file.sections.find((section) => section.type === type));
    if (symbols === undefined) return;
    this.#symbols = viewOf(file.bytesOf(symbols));
    const names = definitions && file.sections[definitions.link];
    if (names === undefined) return;
    const strings = file.bytesOf(names);
    const table = viewOf(file.bytesOf(definitions!));
    for (let at = 0, left = MOST_VERSIONS; left > 0 && at < table.byteLength; left--) {
      const name = table.getUint32(at + table.getUint32(at + VERDEF.aux, true), true);
      const version = textIn(strings.subarray(name, name + 256));
      this.#names.set(table.getUint16(at + VERDEF.ndx, true), version);
      const next = table.getUint32(at + VERDEF.next, true);
      if (next === 0) return;
      at += next;
    }
  }

  of(symbol: number): Version {
    const entry = this.#symbols?.getUint16(2 * symbol, true) ?? 0;
    const version = this.#names.get(entry & ~VERSYM_HIDDEN);
    return { version, isDefault: (entry & VERSYM_HIDDEN) === 0 };
  }
}
