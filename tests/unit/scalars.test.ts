import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { type Codec, decodeAll, encodeAll } from "#lib/btf/codec.ts";
import {
  bool,
  f32,
  f64,
  s128,
  s16,
  s32,
  s64,
  s8,
  toNumber,
  u128,
  u16,
  u32,
  u64,
  u8,
} from "#lib/btf/scalars.ts";

const numbers: [Codec<number>, low: number, high: number][] = [
  [u8, 0, 255],
  [s8, -128, 127],
  [u16, 0, 65535],
  [s16, -32768, 32767],
  [u32, 0, 2 ** 32 - 1],
  [s32, -(2 ** 31), 2 ** 31 - 1],
];

const bigints: [Codec<bigint>, low: bigint, high: bigint][] = [
  [u64, 0n, 2n ** 64n - 1n],
  [s64, -(2n ** 63n), 2n ** 63n - 1n],
  [u128, 0n, 2n ** 128n - 1n],
  [s128, -(2n ** 127n), 2n ** 127n - 1n],
];

Deno.test("integers up to 32 bits keep every value of their range, and refuse the next", () => {
  for (const [codec, low, high] of numbers) {
    fc.assert(fc.property(fc.integer({ min: low, max: high }), (value) => {
      assertEquals(decodeAll(codec, encodeAll(codec, value)), value);
    }));
    for (const value of [low - 1, high + 1, 0.5, NaN, Infinity]) {
      assertThrows(() => encodeAll(codec, value), RangeError, codec.name);
    }
  }
});

Deno.test("larger integers keep every value of their range, and refuse the next", () => {
  for (const [codec, low, high] of bigints) {
    fc.assert(fc.property(fc.bigInt({ min: low, max: high }), (value) => {
      assertEquals(decodeAll(codec, encodeAll(codec, value)), value);
    }));
    assertThrows(() => encodeAll(codec, low - 1n), RangeError, codec.name);
    assertThrows(() => encodeAll(codec, high + 1n), RangeError, codec.name);
    assertThrows(() => encodeAll(codec, 1 as unknown as bigint), TypeError, "a bigint is needed");
  }
});

Deno.test("integers are little-endian", () => {
  assertEquals(encodeAll(u32, 0x01020304), Uint8Array.of(4, 3, 2, 1));
  assertEquals(encodeAll(s16, -2), Uint8Array.of(0xfe, 0xff));
  assertEquals(decodeAll(u64, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x80)), 2n ** 63n + 1n);
});

Deno.test("fractions keep every value, and a float what fits in it", () => {
  fc.assert(fc.property(fc.double(), (value) => {
    assertEquals(decodeAll(f64, encodeAll(f64, value)), value);
  }));
  fc.assert(fc.property(fc.float(), (value) => {
    assertEquals(decodeAll(f32, encodeAll(f32, value)), value);
  }));
  assertEquals(encodeAll(f32, -2), Uint8Array.of(0, 0, 0, 0xc0));
  assertEquals(encodeAll(f64, -2), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xc0));
  assertThrows(() => encodeAll(f32, 1e39), RangeError, "float: 1e+39 does not fit");
  for (const codec of [f32, f64]) {
    assertThrows(() => encodeAll(codec, 1n as never), TypeError, "a number is needed");
  }
});

Deno.test("bool is true for any byte but 0, and takes nothing but a boolean", () => {
  assertEquals([0, 1, 2, 255].map((byte) => decodeAll(bool, Uint8Array.of(byte))), [
    false,
    true,
    true,
    true,
  ]);
  assertEquals(encodeAll(bool, true), Uint8Array.of(1));
  assertThrows(() => encodeAll(bool, 1 as unknown as boolean), TypeError, "true or false");
});

Deno.test("decodeAll() refuses too few bytes", () => {
  assertThrows(() => decodeAll(u32, new Uint8Array(3)), RangeError, "u32 has 4 bytes, only 3");
});

Deno.test("toNumber() refuses what a number would round", () => {
  assertEquals(toNumber(2n ** 53n - 1n), 2 ** 53 - 1);
  assertThrows(() => toNumber(2n ** 53n), RangeError);
  assertThrows(() => toNumber(-(2n ** 60n)), RangeError);
});
