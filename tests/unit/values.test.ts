import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeAll, encodeAll } from "#lib/btf/codec.ts";
import { Btf } from "#lib/btf/layout.ts";
import { hexBytes, parseValue, valueCodec } from "../../tools/denobpf/values.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** A struct with a member of every kind that keeps its bytes, and the BTF that it is in. */
function everyKind() {
  const btf = new BtfBuilder();
  const [int, byte] = [btf.int("int", 4, 1), btf.int("unsigned char", 1)];
  const [u64, s64] = [btf.int("unsigned long long", 8), btf.int("long long", 8, 1)];
  const point = btf.struct("point", 8, [["x", int, 0], ["y", int, 32]]);
  const inner = btf.struct("", 4, [["dissolved", int, 0]]);
  const all = btf.struct("all", 48, [
    ["u64", u64, 0],
    ["s64", s64, 64],
    ["bytes", btf.array(byte, 4), 128],
    ["", inner, 160],
    ["points", btf.array(point, 2), 192],
    ["wide", btf.int("__int128", 8, 1), 320],
  ]);
  return { types: new Btf(btf.bytes()), all };
}

Deno.test("any bytes of a type are shown, and typed in again give the same bytes", () => {
  const { types, all } = everyKind();
  const codec = valueCodec(types, all);
  fc.assert(fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (given) => {
    const bytes = new Uint8Array(given);
    const value = decodeAll(codec, bytes);
    const text = JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}` : part);
    assertEquals(parseValue(codec, text), bytes);
  }));
});

Deno.test("an anonymous struct is dissolved into its members", () => {
  const { types, all } = everyKind();
  const value = decodeAll(valueCodec(types, all), new Uint8Array(48));
  assertEquals(Object.keys(value as object), [
    "u64",
    "s64",
    "bytes",
    "dissolved",
    "points",
    "wide",
  ]);
});

Deno.test("hex: is taken for a value of any type, with all of its bytes", () => {
  const { types, all } = everyKind();
  const codec = valueCodec(types, all);
  const bytes = Uint8Array.from({ length: 48 }, (_, at) => at);
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  for (const joint of ["", " ", ":"]) {
    assertEquals(parseValue(codec, `hex:${digits.join(joint)}`), bytes);
  }
  assertThrows(() => parseValue(codec, "hex:00"), RangeError, "48 bytes are needed, not 1");
});

Deno.test("what is known by its size alone takes a number, lowest byte first", () => {
  assertEquals(parseValue(hexBytes(3), "258"), Uint8Array.of(2, 1, 0));
  assertEquals(decodeAll(hexBytes(3), Uint8Array.of(2, 1, 0)), "hex:020100");
  assertThrows(() => parseValue(hexBytes(1), "256"), RangeError, "256 does not fit");
  assertThrows(() => parseValue(hexBytes(1), "-1"), RangeError, "-1 does not fit");
  assertThrows(() => parseValue(hexBytes(1), "x"), TypeError, '"x" is not a whole number');
});

Deno.test("a number that JSON would round is refused, and its text is taken", () => {
  const { types, all } = everyKind();
  const u64 = valueCodec(types, types.find("int", "unsigned long long")!);
  assertEquals(encodeAll(u64, "18446744073709551615"), new Uint8Array(8).fill(255));
  assertThrows(() => encodeAll(u64, 2 ** 60), TypeError, "is not a whole number");
  assertThrows(() => parseValue(valueCodec(types, all), "[]"), TypeError, "an object such as");
});

Deno.test("fractions are typed as numbers", () => {
  const btf = new BtfBuilder();
  const double = btf.add(16, { name: "double", sizeOrType: 8 });
  const float = btf.add(16, { name: "float", sizeOrType: 4 });
  const pair = valueCodec(
    new Btf((btf.struct("pair", 12, [["d", double, 0], ["f", float, 64]]), btf.bytes())),
    3,
  );
  for (
    const [text, d, f] of [['{"d": 1.5, "f": -0.25}', 1.5, -0.25], [
      '{"d": "Infinity", "f": 3}',
      Infinity,
      3,
    ]]
  ) {
    assertEquals(decodeAll(pair, parseValue(pair, String(text))), { d, f } as never);
  }
  for (const wrong of ['""', '"x"', "null", "[]"]) {
    const message = "d: double: ";
    assertThrows(() => parseValue(pair, `{"d": ${wrong}, "f": 0}`), TypeError, message);
  }
  assertThrows(() => parseValue(pair, '{"d": 0, "f": 1e99}'), RangeError, "f: float: 1e+99");
});

Deno.test("what the compiler has no type for is its bytes", () => {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, 1);
  const derived = btf.struct("derived", 8, [["", 0, 0], ["value", int, 32]]);
  const section = btf.section(".bss", 4, [[btf.variable("letter", 0), 2, 2]]);
  const types = new Btf(btf.bytes());
  const codec = valueCodec(types, derived);
  assertEquals(decodeAll(codec, Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0)), {
    base: "hex:01020304",
    value: 5,
  });
  assertEquals(
    parseValue(codec, '{"base": "hex:0a0b0c0d", "value": 1}'),
    Uint8Array.of(10, 11, 12, 13, 1, 0, 0, 0),
  );
  assertEquals(
    parseValue(valueCodec(types, section), '{"letter": 258}'),
    Uint8Array.of(0, 0, 2, 1),
  );
});
