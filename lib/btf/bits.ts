import { Bytes } from "./bytes.ts";
import type { Codec } from "./codec.ts";

/*
 * Bitfields. `at` is the byte that holds the field's first bit, `shift` the number of that bit in it
 * (0 the lowest), `width` the number of bits. Fields are read byte by byte: one may begin at any bit
 * and, in a packed struct, reach over one byte more than its type has.
 */

/** Reads a bitfield of up to 32 bits as an unsigned number. */
export function unsignedBits(from: Bytes, at: number, shift: number, width: number): number {
  const { view } = from;
  let value = 0;
  for (let bit = 0; bit < 32 && bit < shift + width; bit += 8) value |= view.getUint8(at++) << bit;
  value >>>= shift;
  if (shift + width > 32) value |= view.getUint8(at) << (32 - shift);
  return (value << (32 - width)) >>> (32 - width);
}

/** Reads a bitfield of up to 32 bits as a signed number. */
export function signedBits(from: Bytes, at: number, shift: number, width: number): number {
  return (unsignedBits(from, at, shift, width) << (32 - width)) >> (32 - width);
}

/** Reads a bitfield of a 64-bit type as an unsigned bigint. */
export function unsignedBigBits(from: Bytes, at: number, shift: number, width: number): bigint {
  let value = 0n;
  for (let bit = 0; bit < shift + width; bit += 8) {
    value |= BigInt(from.view.getUint8(at++)) << BigInt(bit);
  }
  return BigInt.asUintN(width, value >> BigInt(shift));
}

/** Reads a bitfield of a 64-bit type as a signed bigint. */
export function signedBigBits(from: Bytes, at: number, shift: number, width: number): bigint {
  return BigInt.asIntN(width, unsignedBigBits(from, at, shift, width));
}

/** A bitfield as a member that can be written; the bits around it stay as they are. */
export function bits<T extends number | bigint | boolean>(
  read: (from: Bytes, at: number, shift: number, width: number) => T,
  shift: number,
  width: number,
): Codec<T> {
  const name = `${width} bits`;
  const size = Math.ceil((shift + width) / 8);
  const trial = Bytes.zeroed(size);
  const needed = typeof read(trial, 0, shift, width);
  return {
    name,
    size,
    decode: (from, at) => read(from, at, shift, width),
    encode(into, at, value) {
      const given = typeof value;
      if (given !== needed) throw new TypeError(`${name}: a ${needed} is needed, not ${given}`);
      if (!Number.isInteger(Number(value))) {
        throw new RangeError(`${name}: ${value} is not a whole number`);
      }
      // What does not fit is cut: it reads as another value. Tried elsewhere, it changes nothing.
      writeBits(trial, 0, shift, width, BigInt(value));
      if (read(trial, 0, shift, width) !== value) {
        throw new RangeError(`${name}: ${value} does not fit`);
      }
      writeBits(into, at, shift, width, BigInt(value));
    },
  };
}

/** Reads a `bool` bitfield. */
export function boolBits(from: Bytes, at: number, shift: number, width: number): boolean {
  return unsignedBits(from, at, shift, width) !== 0;
}

function writeBits(into: Bytes, at: number, shift: number, width: number, value: bigint): void {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(shift);
  const placed = (value << BigInt(shift)) & mask;
  for (let bit = 0n; bit < BigInt(shift + width); bit += 8n, at++) {
    const kept = BigInt(into.view.getUint8(at)) & ~(mask >> bit);
    into.view.setUint8(at, Number(BigInt.asUintN(8, kept | (placed >> bit))));
  }
}
