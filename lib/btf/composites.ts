import type { Bytes } from "./bytes.ts";
import type { Codec } from "./codec.ts";
import { put } from "./named_members.ts";
import { decodeText, encodeText } from "../sys/text.ts";

/**
 * Bytes that were copied out of memory. Like every value that is read they are readonly: writing to
 * the copy would change nothing in the kernel. Usable wherever a Uint8Array is.
 */
export interface ReadonlyBytes extends Uint8Array<ArrayBuffer> {
  /** A byte. */
  readonly [index: number]: number;
}

/** `type name[length]`. */
export function array<T>(element: Codec<T>, length: number): Codec<readonly T[]> {
  const { size } = element;
  return {
    name: `${element.name}[${length}]`,
    size: size * length,
    decode(from, at) {
      const values = new Array<T>(length);
      for (let i = 0; i < length; i++, at += size) values[i] = element.decode(from, at, at + size);
      return values;
    },
    encode(into, at, values) {
      if (!Array.isArray(values)) refuse(this.name, "an array", values);
      if (values.length !== length) {
        throw new RangeError(`${this.name}: ${length} values are needed, not ${values.length}`);
      }
      for (let i = 0; i < length; i++) put(into, at + i * size, element, `[${i}]`, values[i]);
    },
  };
}

/**
 * `char name[length]`: text up to the first NUL. Text may fill all of it, then without a NUL, as the
 * kernel's own strings may.
 */
export function chars(length: number): Codec<string> {
  const name = `char[${length}]`;
  return {
    name,
    size: length,
    decode: (from, at) => decodeText(from.u8, at, at + length),
    encode: (into, at, text) => putText(into, at, at + length, name, text),
  };
}

/** `__u8 name[length]`, and whatever else is only known by its size: the bytes, copied. */
export function bytes(length: number): Codec<ReadonlyBytes> {
  return {
    name: `u8[${length}]`,
    size: length,
    decode: (from, at) => from.u8.slice(at, at + length),
    encode(into, at, value) {
      if (!(value instanceof Uint8Array)) refuse(this.name, "a Uint8Array", value);
      if (value.length !== length) {
        throw new RangeError(`${this.name}: ${length} bytes are needed, not ${value.length}`);
      }
      into.u8.set(value, at);
    },
  };
}

/*
 * Arrays without a length at the end of a struct: they take what room there is up to the end of the
 * record. Written, they fill it with zeros behind the value.
 */

/** `type name[]`: as many whole values as there is room for. */
export function flexibleArray<T>(element: Codec<T>): Codec<readonly T[]> {
  const { size } = element;
  return {
    name: `${element.name}[]`,
    size: 0,
    decode(from, at, end = at) {
      const values: T[] = [];
      for (; size > 0 && at + size <= end; at += size) {
        values.push(element.decode(from, at, at + size));
      }
      return values;
    },
    encode(into, at, values, end = at) {
      if (!Array.isArray(values)) refuse(this.name, "an array", values);
      clear(into, at, end, this.name, values.length * size);
      values.forEach((value, i) => put(into, at + i * size, element, `[${i}]`, value));
    },
  };
}

/** `char name[]`: the text up to the first NUL or the end. */
export const flexibleChars: Codec<string> = {
  name: "char[]",
  size: 0,
  decode: (from, at, end = at) => decodeText(from.u8, at, end),
  encode: (into, at, text, end = at) => putText(into, at, end, "char[]", text),
};

/** `__u8 name[]`: the bytes up to the end, copied. */
export const flexibleBytes: Codec<ReadonlyBytes> = {
  name: "u8[]",
  size: 0,
  decode: (from, at, end = at) => from.u8.slice(at, end),
  encode(into, at, value, end = at) {
    if (!(value instanceof Uint8Array)) refuse(this.name, "a Uint8Array", value);
    clear(into, at, end, "u8[]", value.length);
    into.u8.set(value, at);
  },
};

function putText(into: Bytes, at: number, end: number, name: string, text: string): void {
  if (typeof text !== "string") refuse(name, "a string", text);
  const encoded = encodeText(text);
  if (encoded.includes(0)) {
    throw new RangeError(`${name}: ${JSON.stringify(text)} would be cut at its NUL`);
  }
  clear(into, at, end, name, encoded.length);
  into.u8.set(encoded, at);
}

/** Arrays of numbers and texts have a length as well, and would be written as something else. */
function refuse(name: string, needed: string, value: unknown): never {
  throw new TypeError(`${name}: ${needed} is needed, not ${value === null ? value : typeof value}`);
}

/** Zeroes the room from `at` to `end`, if what comes there fits in it. */
function clear(into: Bytes, at: number, end: number, name: string, length: number): void {
  if (length > end - at) {
    throw new RangeError(`${name}: ${length} bytes do not fit, there is room for ${end - at}`);
  }
  into.u8.fill(0, at, end);
}
