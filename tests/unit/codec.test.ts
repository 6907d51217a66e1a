import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import {
  bits,
  boolBits,
  signedBigBits,
  signedBits,
  unsignedBigBits,
  unsignedBits,
} from "#lib/btf/bits.ts";
import { Bytes } from "#lib/btf/bytes.ts";
import { type Codec, decodeAll, encodeAll, raw, RawView, RecordView } from "#lib/btf/codec.ts";
import {
  array,
  bytes,
  chars,
  flexibleArray,
  flexibleBytes,
  flexibleChars,
} from "#lib/btf/composites.ts";
import { put } from "#lib/btf/named_members.ts";
import { u16, u32, u8 } from "#lib/btf/scalars.ts";
import { type Union, union } from "#lib/btf/union.ts";

Deno.test("array() reads and writes each element", () => {
  const matrix = array(array(u16, 2), 2);
  const bytes = Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0);
  assertEquals(matrix.size, 8);
  assertEquals(decodeAll(matrix, bytes), [[1, 2], [3, 4]]);
  assertEquals(encodeAll(matrix, [[1, 2], [3, 4]]), bytes);
});

Deno.test("array() refuses another length, and names the element that does not fit", () => {
  assertThrows(() => encodeAll(array(u8, 2), [1]), RangeError, "u8[2]: 2 values are needed, not 1");
  assertThrows(
    () => encodeAll(array(array(u8, 2), 2), [[1, 2], [3, 256]]),
    RangeError,
    "[1][1]: u8: 256 is not",
  );
});

Deno.test("chars() takes text that fills it, and clears what a shorter one leaves", () => {
  const into = new Bytes(Uint8Array.of(9, 9, 9, 9, 9));
  chars(4).encode(into, 0, "ab");
  assertEquals(into.u8, Uint8Array.of(0x61, 0x62, 0, 0, 9));
  chars(4).encode(into, 0, "full");
  assertEquals(chars(4).decode(into, 0), "full");
  assertEquals(into.u8[4], 9);
});

Deno.test("chars() refuses text that would be cut", () => {
  assertThrows(() => encodeAll(chars(4), "fives"), RangeError, "char[4]");
  assertThrows(() => encodeAll(chars(4), "ééé"), RangeError, "6 bytes");
  assertThrows(() => encodeAll(chars(4), "a\0b"), RangeError, "NUL");
});

Deno.test("bytes() copies: the memory may change, the value does not", () => {
  const memory = new Bytes(Uint8Array.of(1, 2, 3, 4));
  const value = bytes(2).decode(memory, 1);
  memory.u8.fill(0);
  assertEquals(value, Uint8Array.of(2, 3));
  assertThrows(() => encodeAll(bytes(2), Uint8Array.of(1)), RangeError, "2 bytes are needed");
});

Deno.test("flexible arrays reach up to the end of the record", () => {
  const from = new Bytes(Uint8Array.of(0x61, 0, 0x62, 0, 0x63));
  assertEquals(flexibleBytes.decode(from, 1, 4), Uint8Array.of(0, 0x62, 0));
  assertEquals(flexibleBytes.decode(from, 1), new Uint8Array(0));
  assertEquals(flexibleChars.decode(from, 0, 5), "a");
  assertEquals(flexibleChars.decode(from, 4, 5), "c");
  assertEquals(flexibleArray(u16).decode(from, 0, 5), [0x61, 0x62]);
  assertEquals(flexibleArray(u16).decode(from, 4, 2), []);
});

Deno.test("flexible arrays are written where there is room, and nowhere else", () => {
  const into = new Bytes(new Uint8Array(6).fill(9));
  flexibleArray(u16).encode(into, 1, [1], 5);
  assertEquals(into.u8, Uint8Array.of(9, 1, 0, 0, 0, 9));
  flexibleChars.encode(into, 1, "abcd", 5);
  flexibleBytes.encode(into, 1, Uint8Array.of(1, 2), 3);
  assertEquals(into.u8, Uint8Array.of(9, 1, 2, 0x63, 0x64, 9));
  assertThrows(() => flexibleArray(u16).encode(into, 1, [1, 2], 4), RangeError, "room for 3");
  assertThrows(() => flexibleChars.encode(into, 1, "ab", 2), RangeError, "room for 1");
  assertThrows(() => flexibleBytes.encode(into, 1, Uint8Array.of(1)), RangeError, "room for 0");
});

/** Every bitfield that a C compiler can make: any first bit, any width that its type has. */
const field = (widest: number) =>
  fc.record({ shift: fc.integer({ min: 0, max: 7 }), width: fc.integer({ min: 1, max: widest }) });

Deno.test("bitfields of 32-bit types read what was written, and leave the bits around it", () => {
  fc.assert(fc.property(
    field(32),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
    fc.boolean(),
    ({ shift, width }, before, signed) => {
      const codec = bits(signed ? signedBits : unsignedBits, shift, width);
      const low = signed ? -(2 ** (width - 1)) : 0;
      for (const value of [low, low + 2 ** width - 1, low + Math.floor(2 ** width / 3)]) {
        const into = new Bytes(before.slice());
        codec.encode(into, 1, value);
        assertEquals(codec.decode(into, 1), value);
        assertEquals(outside(into.u8, 8 + shift, width), outside(before, 8 + shift, width));
      }
      for (const value of [low - 1, low + 2 ** width]) {
        assertThrows(() => codec.encode(Bytes.zeroed(8), 1, value), RangeError, `${width} bits`);
      }
    },
  ));
});

Deno.test("bitfields of 64-bit types read what was written, and leave the bits around it", () => {
  fc.assert(fc.property(
    field(64),
    fc.uint8Array({ minLength: 11, maxLength: 11 }),
    fc.boolean(),
    ({ shift, width }, before, signed) => {
      const codec = bits(signed ? signedBigBits : unsignedBigBits, shift, width);
      const low = signed ? -(2n ** BigInt(width - 1)) : 0n;
      const high = low + 2n ** BigInt(width) - 1n;
      for (const value of [low, high, (low + high) / 3n]) {
        const into = new Bytes(before.slice());
        codec.encode(into, 1, value);
        assertEquals(codec.decode(into, 1), value);
        assertEquals(outside(into.u8, 8 + shift, width), outside(before, 8 + shift, width));
      }
      assertThrows(() => codec.encode(Bytes.zeroed(11), 1, high + 1n), RangeError);
    },
  ));
});

Deno.test("a bool bitfield is one bit", () => {
  const codec = bits(boolBits, 3, 1);
  assertEquals(encodeAll(codec, true), Uint8Array.of(8));
  assertEquals(decodeAll(codec, Uint8Array.of(0xf7)), false);
});

function outside(bytes: Uint8Array, firstBit: number, width: number): string {
  const text = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).reverse().join("");
  const end = text.length - firstBit;
  return `${text.slice(0, end - width)}|${text.slice(end)}`;
}

interface Address extends Union {
  readonly v4: number;
  readonly v6: Uint8Array;
  readonly high: number;
}

const address = union<Address>("union address", 8, {
  v4: [0, u32],
  v6: [0, bytes(8)],
  high: [4, u32],
});

Deno.test("union() reads every member from the same bytes, which it has copied", () => {
  const memory = new Bytes(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8));
  const value = address.decode(memory, 1);
  memory.u8.fill(0);
  assertEquals(value.v4, 0x04030201);
  assertEquals(value.high, 0x08070605);
  assertEquals(value.v6, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  assertEquals(encodeAll(address, value), value.v6);
});

Deno.test("union().from() makes one of any member", () => {
  assertEquals(address.from({ v4: 1 }).$bytes, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  assertEquals(address.from({ v4: 1, high: 2 }).v6, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0));
  assertEquals(address.from({}).v4, 0);
  assertThrows(() => address.from({ v4: -1 }), RangeError, "v4: u32: -1");
  assertThrows(() => address.from({ v5: 1 } as never), TypeError, "union address has no member v5");
});

Deno.test("put() names the whole path to what does not fit", () => {
  const inner: Codec<{ list: number[] }> = {
    name: "struct inner",
    size: 2,
    decode: () => ({ list: [] }),
    encode: (into, at, value) => put(into, at, array(u8, 2), "list", value.list),
  };
  const error = assertThrows(
    () => put(Bytes.zeroed(2), 0, inner, "outer", { list: [1, 999] }),
    RangeError,
  );
  assertEquals(error.message, "outer.list[1]: u8: 999 is not a whole number from 0 to 255");
});

Deno.test("raw gives each record's bytes, copied", () => {
  const memory = new Bytes(Uint8Array.of(1, 2, 3, 4));
  const value = raw.decode(memory, 1, 3);
  const view = raw.view();
  RecordView.place(view, memory, 1, 3);
  assertEquals(view.$$length, 2);
  const seen = view.bytes;
  memory.u8.fill(0);
  assertEquals([value, seen], [Uint8Array.of(2, 3), Uint8Array.of(2, 3)]);
});

Deno.test("a union prints its members, and gives them to JSON", () => {
  const value = address.from({ v4: 1, high: 2 });
  assertStringIncludes(Deno.inspect({ value }), "v4: 1");
  assertEquals(JSON.parse(JSON.stringify({ value })).value.high, 2);
});

Deno.test("a view prints its members, not the memory that they lie in", () => {
  const view = raw.view();
  assertEquals(Deno.inspect(view), "{}");
  RecordView.place(view, new Bytes(Uint8Array.of(99, 1, 2, 98)), 1, 3);
  assertEquals(Deno.inspect(view), "{ bytes: Uint8Array(2) [ 1, 2 ] }");
});

Deno.test("a view that stands on no record throws", () => {
  const view = raw.view();
  assert(view instanceof RawView);
  assertThrows(() => view.bytes, RangeError, "stands on no record");
  RecordView.place(view, Bytes.zeroed(4), 0, 4);
  RecordView.release(view);
  assertThrows(() => view.bytes, RangeError, "stands on no record");
});
