import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Btf } from "#lib/btf/layout.ts";
import { BtfError } from "#lib/btf/types.ts";
import { printValue, readValue } from "#lib/btf/values.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** One struct with a member of every kind. */
function sample() {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const char = builder.int("char", 1, 1);
  const u8 = builder.int("unsigned char", 1);
  const u64 = builder.int("unsigned long long", 8);
  const bool = builder.int("_Bool", 1, 4);
  const float = builder.add(16, { name: "double", sizeOrType: 8 });
  const state = builder.add(6, {
    name: "state",
    sizeOrType: 4,
    count: 1,
    words: [builder.string("RUNNING"), 7],
  });
  const point = builder.struct("", 8, [["x", int, 0], ["y", int, 32]]);
  const either = builder.union("either", 8, [["whole", u64, 0], ["half", int, 0]]);
  const flags = builder.add(4, {
    name: "flags",
    sizeOrType: 4,
    count: 2,
    flag: true,
    words: [builder.string("low"), int, 3 << 24, builder.string("on"), bool, (1 << 24) | 3],
  });
  const event = builder.struct("event", 68, [
    ["pid", builder.typedef("pid_t", int), 0],
    ["comm", builder.array(char, 4), 32],
    ["time", u64, 64],
    ["state", state, 128],
    ["next", state, 160],
    ["mac", builder.array(u8, 3), 192],
    ["ok", bool, 216],
    ["ratio", float, 224],
    ["", point, 288],
    ["either", either, 352],
    ["at", builder.pointer(int), 416],
    ["flags", flags, 480],
    ["pair", builder.array(int, 1), 512],
    ["rest", builder.array(int, 0), 544],
  ]);
  return { builder, event };
}

function bytesOf(write: (view: DataView) => void, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}

const bytes = bytesOf((view) => {
  view.setInt32(0, -42, true);
  view.setUint32(4, 0x1b6873, true); // "sh", ESC
  view.setBigUint64(8, 2n ** 63n, true);
  view.setUint32(16, 7, true);
  view.setUint32(20, 9, true);
  view.setUint8(25, 255);
  view.setUint8(27, 2);
  view.setFloat64(28, 0.5, true);
  view.setInt32(36, 1, true);
  view.setInt32(40, 2, true);
  view.setBigUint64(44, 5n, true);
  view.setBigUint64(52, 0xffffn, true);
  view.setUint32(60, 0b1101, true);
  view.setInt32(64, 3, true);
  view.setInt32(68, 4, true);
  view.setInt32(72, 5, true);
}, 78);

Deno.test("readValue() reads every kind of type", () => {
  const { builder, event } = sample();
  assertEquals(readValue(new Btf(builder.bytes()), event, bytes), {
    pid: -42,
    comm: "sh\x1b",
    time: 2n ** 63n,
    state: "RUNNING",
    next: 9,
    mac: Uint8Array.of(0, 255, 0),
    ok: true,
    ratio: 0.5,
    x: 1,
    y: 2,
    either: { whole: 5n, half: 5 },
    at: 0xffffn,
    flags: { low: -3, on: true },
    pair: [3],
    rest: [4, 5],
  });
});

Deno.test("printValue() writes a value as C initializes it, with nothing a terminal obeys", () => {
  const { builder, event } = sample();
  const btf = new Btf(builder.bytes());
  assertEquals(
    printValue(btf, event, bytes),
    '{.pid = -42, .comm = "sh\\u001b", .time = 9223372036854775808, .state = RUNNING, .next = 9, ' +
      ".mac = {0x00, 0xff, 0x00}, .ok = true, .ratio = 0.5, .x = 1, .y = 2, " +
      ".either = {.whole = 5, .half = 5}, .at = 65535, .flags = {.low = -3, .on = true}, " +
      ".pair = {3}, .rest = {4, 5}}",
  );
  assertEquals(printValue(btf, btf.find("enum", "state")!, Uint8Array.of(7, 0, 0, 0)), "RUNNING");
});

Deno.test("readValue() refuses what is too short, has no values, or unfolds without end", () => {
  const { builder, event } = sample();
  const nothing = builder.add(13, { sizeOrType: 0 });
  const empty = builder.array(builder.struct("empty", 0, []), 0xffff_ffff);
  let union = builder.int("int", 4);
  for (let depth = 0; depth < 25; depth++) {
    union = builder.union("u", 4, [["a", union, 0], ["b", union, 0]]);
  }
  const btf = new Btf(builder.bytes());
  const refused = (id: number, given: Uint8Array<ArrayBuffer>, message: string) =>
    assertStringIncludes(assertThrows(() => readValue(btf, id, given), BtfError).message, message);
  refused(event, bytes.slice(0, 67), "struct event has 68 bytes, only 67 were given");
  refused(nothing, bytes, "has no size");
  refused(0, bytes, "has no size");
  refused(union, bytes, "more than 1000000 values");
  assertEquals(readValue(btf, empty, bytes), []);
});

Deno.test("readValue() reads as bytes what the compiler has no type for", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const derived = builder.struct("derived", 12, [["", 0, 0], ["value", int, 32], ["last", 0, 64]]);
  const section = builder.section(".bss", 4, [[builder.variable("letter", 0), 2, 2]]);
  const btf = new Btf(builder.bytes());
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 9);
  assertEquals(readValue(btf, derived, bytes), {
    base: Uint8Array.of(1, 2, 3, 4),
    value: 5,
    last: Uint8Array.of(6, 7, 8, 9),
  });
  assertEquals(readValue(btf, section, bytes.slice(0, 4)), { letter: Uint8Array.of(3, 4) });
});

Deno.test("readValue() reads any bytes of the right length", () => {
  const { builder, event } = sample();
  const btf = new Btf(builder.bytes());
  fc.assert(fc.property(fc.uint8Array({ minLength: 68, maxLength: 100 }), (given) => {
    const copy = new Uint8Array(given);
    readValue(btf, event, copy);
    printValue(btf, event, copy);
  }));
});
