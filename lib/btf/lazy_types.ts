import { decodeText, encodeText } from "../sys/text.ts";
import { TypeChecker } from "./check.ts";
import { Cursor, readHeader, readType } from "./parse.ts";
import type { TypeList } from "./resolve.ts";
import { BtfError, type BtfType, type TypeId } from "./types.ts";

const HEAD_SIZE = 12;

/**
 * Bytes behind a type's head, by its kind from BTF_KIND_INT (1) to BTF_KIND_ENUM64 (19): those that it always
 * has, and those of each member, value, parameter or variable. include/uapi/linux/btf.h
 */
const SIZES: readonly (readonly [fixed: number, each: number] | undefined)[] = [
  undefined,
  [4, 0], // int
  [0, 0], // pointer
  [12, 0], // array
  [0, 12], // struct
  [0, 12], // union
  [0, 8], // enum
  [0, 0], // forward
  [0, 0], // typedef
  [0, 0], // volatile
  [0, 0], // const
  [0, 0], // restrict
  [0, 0], // function
  [0, 8], // prototype
  [4, 0], // variable
  [0, 12], // section
  [0, 0], // float
  [4, 0], // declaration tag
  [0, 0], // type tag
  [0, 12], // enum of 64 bits
];

/** The numbers of the kinds that types are asked for by. */
const KINDS: Readonly<Record<Exclude<BtfType["kind"], "void" | "array" | "prototype">, number[]>> =
  {
    int: [1],
    pointer: [2],
    struct: [4],
    union: [5],
    enum: [6, 19],
    forward: [7],
    typedef: [8],
    volatile: [9],
    const: [10],
    restrict: [11],
    function: [12],
    variable: [14],
    section: [15],
    float: [16],
    declaration_tag: [17],
    type_tag: [18],
  };

/**
 * Types that are read when they are asked for, and checked then with all that they stand on: a kernel has
 * more than a hundred thousand, of which a question concerns a few. Split BTF, a module's, goes on where
 * the types and strings of its base end.
 */
export class LazyTypes implements TypeList {
  readonly length: number;
  readonly strings: Uint8Array;
  readonly #base: LazyTypes | undefined;
  /** The first id that is not the base's. */
  readonly #first: number;
  readonly #view: DataView;
  /** Where each type begins, by id from the first one on; then where the last one ends. */
  readonly #offsets: Uint32Array;
  readonly #read = new Map<TypeId, BtfType>();
  readonly #checked = new Set<TypeId>();
  readonly #checker: TypeChecker;

  /** @throws {BtfError} for bytes that are no BTF; a single type that makes no sense is reported by `at` only */
  constructor(bytes: Uint8Array, base?: LazyTypes) {
    const { types, strings } = readHeader(bytes);
    this.#view = types;
    this.#base = base;
    this.#first = base?.length ?? 1;
    this.strings = base === undefined ? strings : joined(base.strings, strings);
    this.#offsets = offsetsOf(types, this.#first);
    this.length = this.#first + this.#offsets.length - 1;
    this.#checker = new TypeChecker({ length: this.length, at: (id) => this.#raw(id) });
  }

  /** @throws {BtfError} if the type, or one that it stands on, makes no sense */
  at(id: TypeId): BtfType | undefined {
    if (this.#base !== undefined && id < this.#first) return this.#base.at(id);
    const type = this.#raw(id);
    if (type !== undefined && !this.#checked.has(id)) {
      this.#checker.check(id);
      this.#checked.add(id);
    }
    return type;
  }

  /** The id of the first type of this kind and name; its own come before the base's. */
  find(kind: BtfType["kind"], name: string): TypeId | undefined {
    const wanted = encodeText(name);
    for (const id of this.ids(kind)) {
      if (id < this.#first) continue;
      if (this.#isNamed(id, wanted)) return id;
    }
    return this.#base?.find(kind, name);
  }

  /** The ids of all types of a kind, the base's first. */
  *ids(kind: BtfType["kind"]): Generator<TypeId, void, void> {
    if (this.#base !== undefined) yield* this.#base.ids(kind);
    const numbers = (KINDS as Partial<Record<BtfType["kind"], number[]>>)[kind] ?? [];
    for (let id = this.#first; id < this.length; id++) {
      const info = this.#view.getUint32(this.#offsets[id - this.#first] + 4, true);
      if (numbers.includes((info >>> 24) & 0x1f)) yield id;
    }
  }

  /** The ids of its own types whose names are, or begin with, one of these. */
  *idsNamed(names: Iterable<string>): Generator<TypeId, void, void> {
    const text = new TextDecoder("latin1").decode(this.strings);
    const offsets = new Set<number>();
    for (const name of names) {
      for (let at = text.indexOf(`\0${name}`); at >= 0; at = text.indexOf(`\0${name}`, at + 1)) {
        offsets.add(at + 1);
      }
    }
    for (let id = this.#first; id < this.length; id++) {
      if (offsets.has(this.#view.getUint32(this.#offsets[id - this.#first], true))) yield id;
    }
  }

  /** The name of a type of its own; empty where it has none. */
  nameOf(id: TypeId): string {
    const start = this.#view.getUint32(this.#offsets[id - this.#first], true);
    if (start === 0) return "";
    return decodeText(this.strings, start, this.strings.indexOf(0, start));
  }

  /** The bytes of a type of its own, as they are: its head, and what its kind adds. */
  record(id: TypeId): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#view;
    const [start, end] = [this.#offsets[id - this.#first], this.#offsets[id - this.#first + 1]];
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + start, end - start);
  }

  #isNamed(id: TypeId, wanted: Uint8Array): boolean {
    const start = this.#view.getUint32(this.#offsets[id - this.#first], true);
    if (start === 0) return false;
    for (let at = 0; at < wanted.length; at++) {
      if (this.strings[start + at] !== wanted[at]) return false;
    }
    return this.strings[start + wanted.length] === 0;
  }

  #raw(id: TypeId): BtfType | undefined {
    if (id === 0) return { kind: "void" };
    if (id < this.#first) return this.#base!.#raw(id);
    if (id >= this.length) return undefined;
    let type = this.#read.get(id);
    if (type === undefined) {
      const [start, end] = [this.#offsets[id - this.#first], this.#offsets[id - this.#first + 1]];
      const { buffer, byteOffset } = this.#view;
      const cursor = new Cursor(
        new DataView(buffer, byteOffset + start, end - start),
        this.strings,
      );
      cursor.id = id;
      type = readType(cursor);
      this.#read.set(id, type);
    }
    return type;
  }
}

/** Walks the heads of all types. */
function offsetsOf(view: DataView, first: number): Uint32Array {
  const offsets = new Uint32Array(view.byteLength / HEAD_SIZE + 1);
  let count = 0;
  for (let at = 0; at < view.byteLength;) {
    offsets[count] = at;
    if (at + HEAD_SIZE > view.byteLength) throw cutOff(first + count);
    const info = view.getUint32(at + 4, true);
    const size = SIZES[(info >>> 24) & 0x1f];
    if (size === undefined) {
      throw new BtfError(
        `Type ${first + count} is of kind ${(info >>> 24) & 0x1f}, which is not known`,
      );
    }
    at += HEAD_SIZE + size[0] + size[1] * (info & 0xffff);
    if (at > view.byteLength) throw cutOff(first + count);
    count++;
  }
  offsets[count] = view.byteLength;
  return offsets.slice(0, count + 1);
}

function cutOff(id: TypeId): BtfError {
  return new BtfError(`BTF is cut off inside type ${id}`);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
