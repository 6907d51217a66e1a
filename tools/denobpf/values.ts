/**
 * Values of any BTF type as a user reads and types them: numbers, texts and names, structs as JSON.
 * lib/btf reads them; here is what is shown of that, and the way back. What has no type is `hex:` and
 * its bytes, which is taken for a value of any type as well.
 */
import { bits, signedBigBits, unsignedBigBits } from "#lib/btf/bits.ts";
import { type Codec, encodeAll } from "#lib/btf/codec.ts";
import { chars } from "#lib/btf/composites.ts";
import type { Btf } from "#lib/btf/layout.ts";
import { printType } from "#lib/btf/print.ts";
import { put } from "#lib/btf/named_members.ts";
import { roomOf } from "#lib/btf/resolve.ts";
import { bool, f32, f64, s16, s32, s64, s8, u16, u32, u64, u8 } from "#lib/btf/scalars.ts";
import type { BtfEnum, BtfMember, BtfSection, BtfType, TypeId } from "#lib/btf/types.ts";
import { type BtfValue, readValue } from "#lib/btf/values.ts";
import type { Structure } from "#lib/tool/mod.ts";

/** Reads and writes values of one type in the form that JSON has them in. */
export type ValueCodec = Codec<Structure>;

/** The half of it that writes. */
type Writer = Pick<ValueCodec, "name" | "size" | "encode">;

/** The codec of a type. */
export function valueCodec(btf: Btf, id: TypeId): ValueCodec {
  const writer = writerOf(btf, id);
  return {
    ...writer,
    decode: (from, at) => shown(readValue(btf, id, from.u8.slice(at, at + writer.size))),
  };
}

/** What is known by its size alone: `hex:0a0b`; a whole number is taken too, lowest byte first. */
export function hexBytes(size: number): ValueCodec {
  return { ...bytes(size), decode: (from, at) => shown(from.u8.slice(at, at + size)) };
}

/** `__u32`: a place in an array, an id. */
export const index: ValueCodec = {
  ...integer(4, false),
  decode: (from, at) => u32.decode(from, at),
};

/** For each CPU a value; one value alone is meant for all of them. */
export function perCpuValues(codec: Codec<Structure[]>, count: number): ValueCodec {
  return {
    ...codec,
    encode: (into, at, value) =>
      codec.encode(into, at, Array.isArray(value) ? value : new Array(count).fill(value)),
  };
}

/**
 * The bytes of a value as somebody typed it.
 * @throws {RangeError | TypeError | SyntaxError} that says what is wrong
 */
export function parseValue(codec: ValueCodec, text: string): Uint8Array<ArrayBuffer> {
  if (HEX.test(text)) return fromHex(text, codec.size);
  return encodeAll(codec, /^\s*[[{]/.test(text) ? JSON.parse(text) : text);
}

const HEX = /^hex:([0-9a-f]{2}[ :]?)*$/i;

function fromHex(text: string, size: number): Uint8Array<ArrayBuffer> {
  const digits = text.slice("hex:".length).replace(/[ :]/g, "");
  if (digits.length !== 2 * size) {
    throw new RangeError(`${size} bytes are needed, not ${digits.length / 2}`);
  }
  return Uint8Array.from(
    { length: size },
    (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

/** Bytes as text; all else is as it was read. */
function shown(value: BtfValue): Structure {
  if (value instanceof Uint8Array) {
    return "hex:" + [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
}

function writerOf(btf: Btf, id: TypeId): Writer {
  const type = btf.resolved(id);
  switch (type.kind) {
    case "int":
      if (type.encoding === "bool" && type.size === 1) return truth;
      return integer(type.size, type.encoding !== "unsigned");
    case "float":
      return float(type.size);
    case "enum":
      return enumeration(type);
    case "array": {
      const element = btf.resolved(type.element);
      if (element.kind === "int" && element.size === 1) {
        if (element.name === "char") return chars(type.length) as unknown as Writer;
        if (element.encoding === "unsigned") return bytes(type.length);
      }
      return list(writerOf(btf, type.element), type.length);
    }
    case "struct":
    case "union":
      return members(printType(btf, id), type.size, type.kind === "union", fields(btf, id));
    case "section":
      return members(type.name, type.size, false, variables(btf, type));
    default:
      return bytes(btf.sizeOf(id));
  }
}

function bytes(size: number): Writer {
  const name = `${size} bytes`;
  return {
    name,
    size,
    encode(into, at, value) {
      if (typeof value === "string" && HEX.test(value)) {
        return into.u8.set(fromHex(value, size), at);
      }
      const number = whole(value, name);
      if (number < 0n || number >> BigInt(8 * size) !== 0n) {
        throw new RangeError(`${name}: ${value} does not fit`);
      }
      for (let byte = 0; byte < size; byte++) {
        into.u8[at + byte] = Number((number >> BigInt(8 * byte)) & 0xffn);
      }
    },
  };
}

/** A whole number in any of its forms. */
function whole(value: Structure, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  const [, minus, digits] = /^\s*(-?)(\d+|0x[\da-f]+)\s*$/i.exec(String(value)) ?? [];
  if (typeof value !== "string" || digits === undefined) {
    throw new TypeError(`${name}: ${show(value)} is not a whole number`);
  }
  return minus === "-" ? -BigInt(digits) : BigInt(digits);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

const WORDS = { true: true, false: false, 1: true, 0: false } as const;

const truth: Writer = {
  ...bool,
  encode(into, at, value) {
    const word = WORDS[String(value) as keyof typeof WORDS];
    if (word === undefined) throw new TypeError(`bool: ${show(value)} is not true or false`);
    bool.encode(into, at, word);
  },
};

function integer(size: number, signed: boolean): Writer {
  const small = (signed ? { 1: s8, 2: s16, 4: s32 } : { 1: u8, 2: u16, 4: u32 })[size as 1 | 2 | 4];
  if (small !== undefined) {
    const { name } = small;
    return {
      name,
      size,
      encode: (into, at, value) => small.encode(into, at, Number(whole(value, name))),
    };
  }
  if (size !== 8) return bytes(size);
  const large = signed ? s64 : u64;
  const { name } = large;
  return { name, size, encode: (into, at, value) => large.encode(into, at, whole(value, name)) };
}

function float(size: number): Writer {
  const codec = ({ 4: f32, 8: f64 } as const)[size as 4 | 8];
  if (codec === undefined) return bytes(size);
  return {
    ...codec,
    encode(into, at, value) {
      const text = String(value).trim();
      const number = Number(text);
      if (text === "" || Number.isNaN(number) !== (text === "NaN")) {
        throw new TypeError(`${codec.name}: ${show(value)} is not a number`);
      }
      codec.encode(into, at, number);
    },
  };
}

/** Takes the name of a value, or a number. */
function enumeration({ values, signed, size }: BtfEnum): Writer {
  const number = integer(size, signed);
  return {
    ...number,
    encode(into, at, value) {
      number.encode(into, at, values.find(({ name }) => name === value)?.value ?? value);
    },
  };
}

function list(element: Writer, length: number): Writer {
  const { size } = element;
  const name = `${element.name}[${length}]`;
  return {
    name,
    size: size * length,
    encode(into, at, value) {
      if (!Array.isArray(value) || value.length !== length) {
        throw new RangeError(`${name}: a list of ${length} is needed, not ${show(value)}`);
      }
      value.forEach((item, place) => put(into, at + place * size, element, `[${place}]`, item));
    },
  };
}

/** A member that has a name, and where it lies. */
interface Member {
  readonly name: string;
  readonly offset: number;
  readonly writer: Writer;
}

/** The members of a struct or union, anonymous ones inside it dissolved into their own. */
function fields(btf: Btf, id: TypeId, start = 0): Member[] {
  const type = btf.resolved(id);
  if (type.kind !== "struct" && type.kind !== "union") return [];
  return type.members.flatMap((member) => {
    const bit = start + member.bitOffset;
    const offset = Math.floor(bit / 8);
    if (btf.knownSizeOf(member.type) === undefined) {
      const room = roomOf(type, member);
      if (member.name === "" && room === 0) return [];
      return [{ name: member.name || "base", offset, writer: bytes(room) }];
    }
    if (member.name === "") return fields(btf, member.type, bit);
    const writer = member.bitSize > 0 ? bitField(btf, member, bit % 8) : writerOf(btf, member.type);
    return [{ name: member.name, offset, writer }];
  });
}

/** The variables of `.bss` and its like, as members of one value. */
function variables(btf: Btf, { variables }: BtfSection): Member[] {
  return variables.flatMap(({ type: id, offset, size }) => {
    const variable = btf.type(id);
    if (variable.kind !== "variable") return [];
    const known = btf.knownSizeOf(id) !== undefined;
    const writer = known ? writerOf(btf, variable.type) : bytes(size);
    return [{ name: variable.name, offset, writer }];
  });
}

function bitField(btf: Btf, { type: id, bitSize }: BtfMember, shift: number): Writer {
  const type = btf.resolved(id);
  const named = type.kind === "enum" ? type.values : [];
  const signed = type.kind === "enum" ? type.signed : isSigned(type);
  const codec = bits(signed ? signedBigBits : unsignedBigBits, shift, bitSize);
  const { name, size } = codec;
  return {
    name,
    size,
    encode(into, at, value) {
      const known = named.find(({ name }) => name === value)?.value;
      const number = typeof value === "boolean" ? BigInt(value) : known ?? whole(value, name);
      codec.encode(into, at, number);
    },
  };
}

function isSigned(type: BtfType): boolean {
  return type.kind === "int" && (type.encoding === "signed" || type.encoding === "char");
}

/** @param partial a struct needs all of its members; of a union's, which share their bytes, any will do */
function members(name: string, size: number, partial: boolean, all: readonly Member[]): Writer {
  const names = all.map((member) => member.name);
  return {
    name,
    size,
    encode(into, at, value) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        const example = `{"${names[0]}": ...}`;
        throw new TypeError(`${name}: an object such as ${example} is needed, not ${show(value)}`);
      }
      const given = new Map(Object.entries(value));
      for (const { name: member, offset, writer } of all) {
        const part = given.get(member);
        if (part !== undefined) put(into, at + offset, writer, member, part);
        else if (!partial) throw new TypeError(`${name}: ${member} is missing`);
        given.delete(member);
      }
      const [unknown] = given.keys();
      if (unknown !== undefined) {
        throw new TypeError(`${name} has no member ${unknown}; it has: ${names.join(", ")}`);
      }
    },
  };
}
