import { readObjectFile } from "#lib/objects/object_file.ts";
import { encodeText } from "#lib/sys/text.ts";

const SHT_SYMTAB = 2;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;

/** Bytes behind the head of a BTF type, by its kind: include/uapi/linux/btf.h */
const FIXED = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const EACH = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];
/** Kinds whose entries begin with a name: members, values, parameters. */
const NAMED = new Set([4, 5, 6, 13, 19]);

/**
 * A copy of a BPF object in which names are others: those of its sections, symbols and types alike, so
 * that libbpf finds them to agree.
 * @param rename returns the new name, or the old one
 */
export function renameAll(
  object: Uint8Array<ArrayBuffer>,
  rename: (name: string) => string,
): Uint8Array<ArrayBuffer> {
  const sections = readObjectFile(object);
  const head = new DataView(object.buffer, object.byteOffset, object.length);
  const [table, names] = [Number(head.getBigUint64(40, true)), head.getUint16(62, true)];
  const file = new Appended(object);
  const place = (section: number, bytes: Uint8Array) => {
    const at = table + section * SECTION_HEADER_SIZE;
    const begin = file.append(bytes);
    file.view().setBigUint64(at + 24, BigInt(begin), true);
    file.view().setBigUint64(at + 32, BigInt(bytes.length), true);
  };

  const tables = new Map<number, Strings>();
  const strings = (section: number) => {
    const known = tables.get(section) ?? new Strings(sections[section].bytes, rename);
    tables.set(section, known);
    return known;
  };
  sections.forEach((section, number) => {
    const at = table + number * SECTION_HEADER_SIZE;
    file.view().setUint32(at, strings(names).renamed(head.getUint32(at, true)), true);
    if (section.type === SHT_SYMTAB) {
      const symbols = section.bytes.slice();
      const view = new DataView(symbols.buffer);
      for (let at = 0; at < symbols.length; at += SYMBOL_SIZE) {
        view.setUint32(at, strings(section.link).renamed(view.getUint32(at, true)), true);
      }
      place(number, symbols);
    }
    if (section.name === ".BTF") place(number, renamedBtf(section.bytes, rename));
  });
  for (const [section, { bytes }] of tables) place(section, Uint8Array.from(bytes));
  return file.bytes;
}

function renamedBtf(btf: Uint8Array, rename: (name: string) => string): Uint8Array {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.length);
  const word = (at: number) => view.getUint32(at, true);
  const [header, typesLength, stringsStart, stringsLength] = [4, 12, 16, 20].map(word);
  const start = header + stringsStart;
  const strings = new Strings(btf.subarray(start, start + stringsLength), rename);
  const file = btf.slice(0, start);
  const into = new DataView(file.buffer);
  const change = (at: number) => into.setUint32(at, strings.renamed(word(at)), true);
  for (let at = header; at < header + typesLength;) {
    change(at);
    const [kind, count] = [(word(at + 4) >>> 24) & 0x1f, word(at + 4) & 0xffff];
    at += 12 + FIXED[kind];
    for (let i = 0; i < count && EACH[kind] > 0; i++, at += EACH[kind]) {
      if (NAMED.has(kind)) change(at);
    }
  }
  into.setUint32(20, strings.bytes.length, true);
  return Uint8Array.from([...file, ...strings.bytes]);
}

/** A table of strings that grows: .BTF.ext goes on to mean the old ones. */
class Strings {
  readonly bytes: number[];
  readonly #old: Uint8Array;
  readonly #rename: (name: string) => string;
  readonly #places = new Map<number, number>();

  constructor(old: Uint8Array, rename: (name: string) => string) {
    this.bytes = [...old];
    this.#old = old;
    this.#rename = rename;
  }

  /** Where the new name of the one at `offset` is. */
  renamed(offset: number): number {
    const known = this.#places.get(offset);
    if (known !== undefined || offset === 0) return known ?? 0;
    const end = this.#old.indexOf(0, offset);
    const name = new TextDecoder().decode(this.#old.subarray(offset, end));
    const wanted = this.#rename(name);
    const place = wanted === name ? offset : this.bytes.length;
    if (wanted !== name) this.bytes.push(...encodeText(wanted), 0);
    this.#places.set(offset, place);
    return place;
  }
}

/** A file to whose end sections are added. */
class Appended {
  bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes.slice();
  }

  view(): DataView {
    return new DataView(this.bytes.buffer);
  }

  append(bytes: Uint8Array): number {
    const at = Math.ceil(this.bytes.length / 8) * 8;
    const longer = new Uint8Array(at + bytes.length);
    longer.set(this.bytes);
    longer.set(bytes, at);
    this.bytes = longer;
    return at;
  }
}
