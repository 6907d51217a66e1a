import type { Bytes } from "./bytes.ts";
import type { Codec } from "./codec.ts";

/**
 * The scalar types. BPF objects and the kernels they run on have one byte order, the machine's, and
 * both machines that the project builds for (x86-64, arm64) are little-endian.
 */
const LITTLE_ENDIAN = true;

function number(
  name: string,
  size: number,
  low: number,
  high: number,
  read: (view: DataView, at: number) => number,
  write: (view: DataView, at: number, value: number) => void,
): Codec<number> {
  return {
    name,
    size,
    decode: (from: Bytes, at: number) => read(from.view, at),
    encode(into: Bytes, at: number, value: number) {
      if (!Number.isInteger(value) || value < low || value > high) {
        throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
      }
      write(into.view, at, value);
    },
  };
}

function bigint(
  name: string,
  size: number,
  low: bigint,
  high: bigint,
  read: (view: DataView, at: number) => bigint,
  write: (view: DataView, at: number, value: bigint) => void,
): Codec<bigint> {
  return {
    name,
    size,
    decode: (from: Bytes, at: number) => read(from.view, at),
    encode(into: Bytes, at: number, value: bigint) {
      if (typeof value !== "bigint") {
        throw new TypeError(`${name}: a bigint is needed, not ${typeof value} (${value})`);
      }
      if (value < low || value > high) {
        throw new RangeError(`${name}: ${value} is not from ${low} to ${high}`);
      }
      write(into.view, at, value);
    },
  };
}

/**
 * 8-bit unsigned: `__u8`, `unsigned char`.
 *
 * @example
 * ```ts
 * import { encodeAll, u8 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u8, 200), Uint8Array.of(200));
 * ```
 */
export const u8: Codec<number> = number(
  "u8",
  1,
  0,
  0xff,
  (view, at) => view.getUint8(at),
  (view, at, value) => view.setUint8(at, value),
);

/**
 * 8-bit signed: `__s8`, `signed char`.
 *
 * @example
 * ```ts
 * import { encodeAll, s8 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(s8, -2), Uint8Array.of(0xfe));
 * ```
 */
export const s8: Codec<number> = number(
  "s8",
  1,
  -0x80,
  0x7f,
  (view, at) => view.getInt8(at),
  (view, at, value) => view.setInt8(at, value),
);

/**
 * 16-bit unsigned: `__u16`.
 *
 * @example
 * ```ts
 * import { encodeAll, u16 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u16, 0x1234), Uint8Array.of(0x34, 0x12));
 * ```
 */
export const u16: Codec<number> = number(
  "u16",
  2,
  0,
  0xffff,
  (view, at) => view.getUint16(at, LITTLE_ENDIAN),
  (view, at, value) => view.setUint16(at, value, LITTLE_ENDIAN),
);

/**
 * 16-bit signed: `__s16`.
 *
 * @example
 * ```ts
 * import { encodeAll, s16 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(s16, -2), Uint8Array.of(0xfe, 0xff));
 * ```
 */
export const s16: Codec<number> = number(
  "s16",
  2,
  -0x8000,
  0x7fff,
  (view, at) => view.getInt16(at, LITTLE_ENDIAN),
  (view, at, value) => view.setInt16(at, value, LITTLE_ENDIAN),
);

/**
 * 32-bit unsigned: `__u32`, `unsigned int`.
 *
 * @example
 * ```ts
 * import { encodeAll, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u32, 0x12345678), Uint8Array.of(0x78, 0x56, 0x34, 0x12));
 * ```
 */
export const u32: Codec<number> = number(
  "u32",
  4,
  0,
  0xffff_ffff,
  (view, at) => view.getUint32(at, LITTLE_ENDIAN),
  (view, at, value) => view.setUint32(at, value, LITTLE_ENDIAN),
);

/**
 * 32-bit signed: `__s32`, `int`.
 *
 * @example
 * ```ts
 * import { encodeAll, s32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(s32, -2), Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
 * ```
 */
export const s32: Codec<number> = number(
  "s32",
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (view, at) => view.getInt32(at, LITTLE_ENDIAN),
  (view, at, value) => view.setInt32(at, value, LITTLE_ENDIAN),
);

/**
 * 64-bit unsigned: `__u64`; a pointer too.
 *
 * @example
 * ```ts
 * import { encodeAll, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u64, 1n), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
 * ```
 */
export const u64: Codec<bigint> = bigint(
  "u64",
  8,
  0n,
  0xffff_ffff_ffff_ffffn,
  (view, at) => view.getBigUint64(at, LITTLE_ENDIAN),
  (view, at, value) => view.setBigUint64(at, value, LITTLE_ENDIAN),
);

/**
 * 64-bit signed: `__s64`.
 *
 * @example
 * ```ts
 * import { encodeAll, s64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(s64, -1n), Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255));
 * ```
 */
export const s64: Codec<bigint> = bigint(
  "s64",
  8,
  -0x8000_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  (view, at) => view.getBigInt64(at, LITTLE_ENDIAN),
  (view, at, value) => view.setBigInt64(at, value, LITTLE_ENDIAN),
);

/**
 * 128-bit unsigned: `unsigned __int128`.
 *
 * @example
 * ```ts
 * import { encodeAll, u128 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u128, 1n << 127n).at(-1), 0x80);
 * ```
 */
export const u128: Codec<bigint> = bigint(
  "u128",
  16,
  0n,
  (1n << 128n) - 1n,
  (view, at) =>
    view.getBigUint64(at + 8, LITTLE_ENDIAN) << 64n | view.getBigUint64(at, LITTLE_ENDIAN),
  set128,
);

/**
 * 128-bit signed: `__int128`.
 *
 * @example
 * ```ts
 * import { encodeAll, s128 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(s128, -1n), new Uint8Array(16).fill(0xff));
 * ```
 */
export const s128: Codec<bigint> = bigint(
  "s128",
  16,
  -(1n << 127n),
  (1n << 127n) - 1n,
  (view, at) =>
    view.getBigInt64(at + 8, LITTLE_ENDIAN) << 64n | view.getBigUint64(at, LITTLE_ENDIAN),
  set128,
);

/** Writes the lower and the upper half; each takes the 64 lowest bits of what it is given. */
function set128(view: DataView, at: number, value: bigint): void {
  view.setBigInt64(at, value, LITTLE_ENDIAN);
  view.setBigInt64(at + 8, value >> 64n, LITTLE_ENDIAN);
}

/**
 * `float`, rounded to its 24 bits when it is written.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeAll, f32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(f32, encodeAll(f32, 0.5)), 0.5);
 * ```
 */
export const f32: Codec<number> = {
  name: "float",
  size: 4,
  decode: (from, at) => from.view.getFloat32(at, LITTLE_ENDIAN),
  encode(into, at, value) {
    needNumber("float", value);
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new RangeError(`float: ${value} does not fit`);
    }
    into.view.setFloat32(at, value, LITTLE_ENDIAN);
  },
};

/**
 * `double`.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeAll, f64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(f64, encodeAll(f64, 0.1)), 0.1);
 * ```
 */
export const f64: Codec<number> = {
  name: "double",
  size: 8,
  decode: (from, at) => from.view.getFloat64(at, LITTLE_ENDIAN),
  encode(into, at, value) {
    needNumber("double", value);
    into.view.setFloat64(at, value, LITTLE_ENDIAN);
  },
};

function needNumber(name: string, value: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name}: a number is needed, not ${typeof value} (${String(value)})`);
  }
}

/**
 * `bool`: any byte but 0 is true.
 *
 * @example
 * ```ts
 * import { encodeAll, bool } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(bool, true), Uint8Array.of(1));
 * ```
 */
export const bool: Codec<boolean> = {
  name: "bool",
  size: 1,
  decode: (from, at) => from.view.getUint8(at) !== 0,
  encode(into, at, value) {
    if (typeof value !== "boolean") {
      throw new TypeError(`bool: true or false is needed, not ${typeof value} (${value})`);
    }
    into.view.setUint8(at, value ? 1 : 0);
  },
};

/**
 * A 64-bit value as a number.
 * @throws {RangeError} beyond 2^53, where a number would be rounded.
 *
 * @example
 * ```ts
 * import { toNumber } from "@denobpf/denobpf";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(toNumber(42n), 42);
 * assertThrows(() => toNumber(2n ** 60n), RangeError);
 * ```
 */
export function toNumber(value: bigint): number {
  const result = Number(value);
  if (!Number.isSafeInteger(result)) {
    throw new RangeError(`${value} does not fit a number exactly (2^53 is the limit)`);
  }
  return result;
}
