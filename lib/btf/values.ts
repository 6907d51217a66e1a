import { signedBigBits, unsignedBigBits } from "./bits.ts";
import { Bytes } from "./bytes.ts";
import type { Btf } from "./layout.ts";
import { printType } from "./print.ts";
import { roomOf } from "./resolve.ts";
import { decodeText } from "../sys/text.ts";
import { type BtfComposite, BtfError, type BtfInt, type BtfMember, type TypeId } from "./types.ts";

/**
 * A value of any type, as {@link readValue} gives it. Types are those of skeletons, but for enums, which
 * are the name of their value where it has one.
 */
export type BtfValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array<ArrayBuffer>
  | BtfValue[]
  | { [member: string]: BtfValue };

/**
 * Reads a value of any type, decided at run time: a map's by its BTF, a struct of the kernel.
 *
 * | C | TypeScript |
 * | --- | --- |
 * | integers up to 32 bits, `float`, `double` | number |
 * | larger integers, pointers | bigint |
 * | `bool` | boolean |
 * | enum | the name of its value; its number if it has none |
 * | array of `char` | text up to its NUL |
 * | array of bytes, integers of odd sizes, what has no type in the BTF | Uint8Array, copied |
 * | array | array; without a length at the end of a struct: as many as there is room for |
 * | struct, union, `.bss` and its like | object; members without a name are dissolved into theirs |
 *
 * @param bytes may be more than the value has
 * @throws {BtfError} if there are fewer bytes, or values of the type have no bytes (functions, `void`)
 *
 * @example
 * ```ts
 * import { Btf, readValue } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const btf = Btf.kernel();
 * const bytes = new Uint8Array(16);
 * assertEquals(readValue(btf, btf.find("struct", "list_head")!, bytes), { next: 0n, prev: 0n });
 * ```
 */
export function readValue(btf: Btf, id: TypeId, bytes: Uint8Array<ArrayBuffer>): BtfValue {
  return read(btf, id, bytes, (name) => name);
}

/**
 * {@link readValue} as C would initialize it: `{.pid = 42, .comm = "sh", .state = RUNNING}`. What a
 * terminal could take for a command is escaped.
 * @throws {BtfError} as readValue
 *
 * @example
 * ```ts
 * import { BpfObject, Btf, printValue } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * const btf = new Btf(object.btf());
 * assertEquals(printValue(btf, btf.find("typedef", "__u32")!, Uint8Array.of(42, 0, 0, 0)), "42");
 * ```
 */
export function printValue(btf: Btf, id: TypeId, bytes: Uint8Array<ArrayBuffer>): string {
  return print(read(btf, id, bytes, (name) => new Word(name)));
}

/** The name of an enum's value, which is printed as it is; texts are quoted. */
class Word {
  [member: string]: BtfValue;
  constructor(text: string) {
    this.text = text;
  }
}

/** Unions can lie in unions so that a few bytes have more values than there is memory. */
const MOST_VALUES = 1_000_000;

function read(
  btf: Btf,
  id: TypeId,
  bytes: Uint8Array<ArrayBuffer>,
  word: (name: string) => BtfValue,
): BtfValue {
  const size = btf.sizeOf(id);
  if (bytes.length < size) {
    throw new BtfError(`${printType(btf, id)} has ${size} bytes, only ${bytes.length} were given`);
  }
  return new Reader(btf, new Bytes(bytes), word).value(id, 0, bytes.length);
}

class Reader {
  readonly #btf: Btf;
  readonly #from: Bytes;
  readonly #word: (name: string) => BtfValue;
  #count = 0;

  constructor(btf: Btf, from: Bytes, word: (name: string) => BtfValue) {
    this.#btf = btf;
    this.#from = from;
    this.#word = word;
  }

  /** @param end where the memory ends that an array without a length may fill */
  value(id: TypeId, at: number, end: number): BtfValue {
    if (++this.#count > MOST_VALUES) {
      throw new BtfError(`${printType(this.#btf, id)} is one of more than ${MOST_VALUES} values`);
    }
    const type = this.#btf.resolved(id);
    switch (type.kind) {
      case "int":
        return this.#int(type, at);
      case "enum":
        return this.#name(type, this.#bits(at, 0, 8 * type.size, type.signed));
      case "float":
        return this.#float(type.size, at);
      case "pointer":
        return this.#from.view.getBigUint64(at, true);
      case "array":
        return this.#array(type.element, type.length, at, end);
      case "struct":
      case "union":
        return this.#composite(type, at, end);
      case "section":
        return Object.fromEntries(type.variables.flatMap(({ type: id, offset, size }) => {
          const variable = this.#btf.type(id);
          const known = this.#btf.knownSizeOf(id);
          if (variable.kind !== "variable" || offset + (known ?? size) > type.size) return [];
          const start = at + offset;
          return [[
            variable.name,
            known === undefined
              ? this.#bytes(start, size)
              : this.value(variable.type, start, start + size),
          ]];
        }));
      case "variable":
        return this.value(type.type, at, end);
      default:
        throw new BtfError(`${printType(this.#btf, id)} has no values`);
    }
  }

  #int({ size, encoding }: BtfInt, at: number): BtfValue {
    if (encoding === "bool") return this.#bytes(at, size).some((byte) => byte !== 0);
    if (![1, 2, 4, 8, 16].includes(size)) return this.#bytes(at, size);
    return small(this.#bits(at, 0, 8 * size, encoding === "signed"), size);
  }

  #float(size: number, at: number): BtfValue {
    if (size === 4) return this.#from.view.getFloat32(at, true);
    return size === 8 ? this.#from.view.getFloat64(at, true) : this.#bytes(at, size);
  }

  #array(element: TypeId, length: number, at: number, end: number): BtfValue {
    const size = this.#btf.knownSizeOf(element) ?? 0;
    const count = length === 0 && size > 0 ? Math.max(0, Math.floor((end - at) / size)) : length;
    const type = this.#btf.resolved(element);
    if (type.kind === "int" && type.size === 1) {
      if (type.name === "char") return decodeText(this.#bytes(at, count), 0, count);
      if (type.encoding === "unsigned") return this.#bytes(at, count);
    }
    // Elements without a size are not in the bytes, however many there are said to be.
    if (size === 0) return [];
    return Array.from(
      { length: count },
      (_, index) => this.value(element, at + index * size, at + (index + 1) * size),
    );
  }

  #composite(type: BtfComposite, at: number, end: number): { [member: string]: BtfValue } {
    const last = type.kind === "struct" ? type.members.at(-1) : undefined;
    return Object.fromEntries(type.members.flatMap((member): [string, BtfValue][] => {
      const place = at + Math.floor(member.bitOffset / 8);
      if (this.#btf.knownSizeOf(member.type) === undefined) {
        const room = roomOf(type, member);
        if (member.name === "" && room === 0) return [];
        return [[member.name || "base", this.#bytes(place, room)]];
      }
      if (member.bitSize > 0) {
        if (member.name === "") return [];
        return [[member.name, this.#bitField(member, place, member.bitOffset % 8)]];
      }
      const value = this.value(member.type, place, member === last ? end : place);
      return member.name === "" ? Object.entries(value as object) : [[member.name, value]];
    }));
  }

  #bitField({ type: id, bitSize }: BtfMember, at: number, shift: number): BtfValue {
    const type = this.#btf.resolved(id);
    if (type.kind === "enum") return this.#name(type, this.#bits(at, shift, bitSize, type.signed));
    const encoding = type.kind === "int" ? type.encoding : "unsigned";
    const value = this.#bits(at, shift, bitSize, encoding === "signed");
    return encoding === "bool" ? value !== 0n : small(value, this.#btf.sizeOf(id));
  }

  #bits(at: number, shift: number, width: number, signed: boolean): bigint {
    return (signed ? signedBigBits : unsignedBigBits)(this.#from, at, shift, width);
  }

  #name(
    { values, size }: { values: readonly { name: string; value: bigint }[]; size: number },
    value: bigint,
  ): BtfValue {
    const known = values.find((known) => known.value === value);
    return known === undefined ? small(value, size) : this.#word(known.name);
  }

  #bytes(at: number, size: number): Uint8Array<ArrayBuffer> {
    return this.#from.u8.slice(at, at + size);
  }
}

function small(value: bigint, size: number): number | bigint {
  return size <= 4 ? Number(value) : value;
}

function print(value: BtfValue): string {
  if (value instanceof Word) return String(value.text);
  if (value instanceof Uint8Array) return `{${[...value].map(hex).join(", ")}}`;
  if (Array.isArray(value)) return `{${value.map(print).join(", ")}}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  return `{${
    Object.entries(value).map(([name, member]) => `.${name} = ${print(member)}`).join(", ")
  }}`;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
