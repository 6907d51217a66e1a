/**
 * The functions of an ELF file, kept small: a browser has half a million. Numbers are in typed arrays,
 * names stay in the file's own tables of strings until they are asked for.
 */
import { decodeText, encodeText } from "../sys/text.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";

/** A table of symbols as it is in the file, with the strings that it refers to. */
export interface RawTable {
  /** `Elf64_Sym` or `Elf32_Sym`, one after the other. */
  readonly entries: Uint8Array<ArrayBuffer>;
  /** Names, each with a NUL at its end. */
  readonly strings: Uint8Array<ArrayBuffer>;
}

/** A function. */
export interface TableEntry {
  /** As the file has it. */
  readonly name: string;
  /** As the file has it. */
  readonly address: number;
  /** Bytes; 0 where the file does not say. */
  readonly size: number;
}

/** `Elf64_Sym` and `Elf32_Sym` of include/uapi/linux/elf.h: offsets in bytes. */
const WIDE = { entry: 24, info: 4, section: 6, value: 8, size: 16 };
const NARROW = { entry: 16, info: 12, section: 14, value: 4, size: 8 };

const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SHN_UNDEF = 0;
const STB_GLOBAL = 1;
const STB_WEAK = 2;
const UNDERSCORE = 0x5f;

/** Longer names are cut: C++ can make them as long as it likes. Those of more letters are not demangled. */
const LONGEST_NAME = 8 * 1024 + 1;
/** A name that takes longer to read than to be found again. */
const LONG_NAME = 256;

/** Long names of all tables: this many letters are kept. A stack can have one name in each of its frames. */
const longNames = new LeastRecentlyUsed<string, string>(4_000_000);

/** How many tables there were. */
let tablesMade = 0;

/** So much of two names is compared. */
const TELLING = 256;
/** This many other names of one address are looked at. */
const MOST_ALIASES = 16;

/** Functions in the order of their addresses; of several at one address the best comes first. */
export class SymbolTable {
  readonly #id = tablesMade++;
  readonly #addresses: Float64Array<ArrayBuffer>;
  readonly #sizes: Float64Array<ArrayBuffer>;
  /** Where the name begins in its strings. */
  readonly #names: Uint32Array<ArrayBuffer>;
  readonly #strings: readonly Uint8Array<ArrayBuffer>[];
  /** Which strings, and how good a name it is. */
  readonly #tables: Uint8Array<ArrayBuffer>;
  readonly #ranks: Uint8Array<ArrayBuffer>;
  /** The entries by address. */
  readonly #order: Uint32Array<ArrayBuffer>;

  /**
   * Reads the tables of a file.
   * @param wide whether the entries are those of a 64-bit file
   */
  constructor(tables: readonly RawTable[], wide: boolean) {
    const layout = wide ? WIDE : NARROW;
    const most = tables.reduce(
      (sum, { entries }) => sum + Math.floor(entries.length / layout.entry),
      0,
    );
    this.#strings = tables.map(({ strings }) => strings);
    this.#addresses = new Float64Array(most);
    this.#sizes = new Float64Array(most);
    this.#names = new Uint32Array(most);
    this.#tables = new Uint8Array(most);
    this.#ranks = new Uint8Array(most);
    let count = 0;
    for (const [table, { entries, strings }] of tables.entries()) {
      const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
      const word = (at: number) =>
        view.getUint32(at, true) + (wide ? view.getUint32(at + 4, true) * 2 ** 32 : 0);
      for (let at = 0; at + layout.entry <= entries.length; at += layout.entry) {
        const info = view.getUint8(at + layout.info);
        const name = view.getUint32(at, true);
        const type = info & 0xf;
        if (type !== STT_FUNC && type !== STT_GNU_IFUNC) continue;
        if (view.getUint16(at + layout.section, true) === SHN_UNDEF) continue;
        if (!strings[name]) continue; // without a name, or with one beyond the strings
        this.#addresses[count] = word(at + layout.value);
        this.#sizes[count] = word(at + layout.size);
        this.#names[count] = name;
        this.#tables[count] = table;
        this.#ranks[count] = rank(info >> 4, strings, name);
        count++;
      }
    }
    this.#order = this.#distinct(Uint32Array.from({ length: count }, (_, at) => at));
  }

  /** How many functions there are. */
  get length(): number {
    return this.#order.length;
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return this.#addresses.length * 26 +
      new Set(this.#strings).values().reduce((sum, strings) => sum + strings.length, 0);
  }

  /** The function with this index, by address. */
  at(index: number): TableEntry {
    const entry = this.#order[index];
    return {
      name: this.#nameOf(entry),
      address: this.#addresses[entry],
      size: this.#sizes[entry],
    };
  }

  /**
   * The function that `address` lies in; undefined where the file knows of none. A function without a
   * size reaches up to the next one.
   */
  lookup(address: number): TableEntry | undefined {
    const behind = this.#firstFrom((start) => start > address);
    if (behind === 0) return undefined;
    const start = this.#addresses[this.#order[behind - 1]];
    const index = this.#firstFrom((other) => other >= start);
    const size = this.#sizes[this.#order[index]];
    return size > 0 && address >= start + size ? undefined : this.at(index);
  }

  /** The index of the first function whose address is one that all behind it are as well. */
  #firstFrom(isBehind: (address: number) => boolean): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(this.#addresses[this.#order[middle]])) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The index of the first function with this name. */
  find(name: string): number | undefined {
    const wanted = encodeText(name);
    const index = this.#order.findIndex((entry) => {
      const strings = this.#strings[this.#tables[entry]];
      const start = this.#names[entry];
      return strings[start + wanted.length] === 0 &&
        wanted.every((byte, at) => strings[start + at] === byte);
    });
    return index < 0 ? undefined : index;
  }

  #nameOf(entry: number): string {
    const [strings, start] = [this.#strings[this.#tables[entry]], this.#names[entry]];
    if (strings.subarray(start, start + LONG_NAME).includes(0)) {
      return textAt(strings, start, LONG_NAME);
    }
    const key = `${this.#id} ${entry}`;
    const known = longNames.get(key);
    if (known !== undefined) return known;
    const name = textAt(strings, start, LONGEST_NAME);
    longNames.add(key, name, name.length);
    return name;
  }

  /** Sorts, and leaves out what is in `.symtab` and `.dynsym` alike. */
  #distinct(order: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
    const addresses = this.#addresses;
    order.sort((a, b) => addresses[a] - addresses[b] || this.#ranks[a] - this.#ranks[b] || a - b);
    let kept = 0;
    for (const entry of order) {
      if (!this.#isKnown(entry, order, kept)) order[kept++] = entry;
    }
    return order.slice(0, kept);
  }

  /** Whether one of the first `count` entries of `order` is the same function from the other table. */
  #isKnown(entry: number, order: Uint32Array<ArrayBuffer>, count: number): boolean {
    for (let at = count - 1; at >= 0 && at >= count - MOST_ALIASES; at--) {
      const other = order[at];
      if (this.#addresses[other] !== this.#addresses[entry]) return false;
      if (this.#tables[other] !== this.#tables[entry] && this.#sameName(other, entry)) return true;
    }
    return false;
  }

  #sameName(one: number, other: number): boolean {
    const [a, b] = [one, other].map((entry) => this.#strings[this.#tables[entry]]);
    const [aStart, bStart] = [this.#names[one], this.#names[other]];
    for (let at = 0; at < TELLING; at++) {
      if (a[aStart + at] !== b[bStart + at]) return false;
      if (!a[aStart + at]) return true;
    }
    return true;
  }
}

/** The text at `start`, up to a NUL or the longest that is asked for; empty beyond the strings. */
export function textAt(strings: Uint8Array, start: number, longest: number): string {
  const part = strings.subarray(start, start + longest);
  return decodeText(part, 0, part.length);
}

/**
 * How good a name is, 0 the best: those without underscores in front (`getpid`, not `__getpid`), then
 * what is exported before what is not.
 */
function rank(binding: number, strings: Uint8Array, name: number): number {
  let underscores = 0;
  while (underscores < 3 && strings[name + underscores] === UNDERSCORE) underscores++;
  return underscores * 3 + (binding === STB_GLOBAL ? 0 : binding === STB_WEAK ? 1 : 2);
}
