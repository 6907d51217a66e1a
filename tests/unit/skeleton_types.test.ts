import "./opened_libbpf.ts";
import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeAll, encodeAll, RecordView } from "#lib/btf/codec.ts";
import { Bytes } from "#lib/btf/bytes.ts";
import { Btf } from "#lib/btf/layout.ts";
import { readValue } from "#lib/btf/values.ts";
import { BpfObject as CheckedObject } from "#lib/objects/check_object.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { readObjectFile } from "#lib/objects/object_file.ts";
import * as names from "../../build/tests/skel/names.ts";
import * as odd from "../../build/tests/skel/odd_types.ts";
import * as types from "../../build/tests/skel/types.ts";
import { address, filled } from "../fixtures/types.ts";

const { Names } = names;
const { OddTypes } = odd;
const { Types } = types;

Deno.test("a skeleton reads what the C compiler put into every kind of member", () => {
  using skel = Types.open();
  assertObjectMatch(skel.data.filled, filled);
  assertEquals(unionMembers(skel.data.filled.address), address);
  assertEquals(skel.data.filled.rest, Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("an event's view reads what its decoder reads, wherever the record lies", () => {
  using skel = Types.open();
  const bytes = new Uint8Array(40 + 401 + 3);
  bytes.set(encodeAll(types.event, { ...skel.data.filled, rest: new Uint8Array(4) }), 40);
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 40 + 396);
  const memory = new Bytes(bytes);
  const view = types.event.view();
  RecordView.place(view, memory, 40, 441);
  const event = types.event.decode(memory, 40, 441);
  assertEquals(event.rest, Uint8Array.of(1, 2, 3, 4, 5));
  for (const member of Object.keys(event) as (keyof types.event)[]) {
    assertEquals(view[member], event[member], member);
  }
});

Deno.test("a skeleton's variables can be set, each within its own type", () => {
  using skel = Types.open();
  const { rodata, data, bss } = skel;
  assertEquals(
    [rodata.max_args, rodata.prefix, rodata.enabled, rodata.since, rodata.magic, rodata.offset],
    [20, "abc", true, { tv_sec: 1n, tv_nsec: 2n }, Uint8Array.of(1, 2, 3, 4), -5n],
  );
  rodata.max_args = 60;
  rodata.prefix = "sixteen is full!";
  rodata.enabled = false;
  rodata.since = { tv_sec: -1n, tv_nsec: 5n };
  rodata.magic = Uint8Array.of(4, 3, 2, 1);
  rodata.offset = -9n;
  rodata.limits = [rodata.limits[1], { one: 7, four: 8, eight: 9n }];
  bss.seen = { ...data.filled, rest: Uint8Array.of(1) };
  assertEquals(
    [rodata.max_args, rodata.prefix, rodata.enabled, rodata.since, rodata.magic, rodata.offset],
    [60, "sixteen is full!", false, { tv_sec: -1n, tv_nsec: 5n }, Uint8Array.of(4, 3, 2, 1), -9n],
  );
  assertEquals(rodata.limits, [{ one: 4, four: 5, eight: 6n }, { one: 7, four: 8, eight: 9n }]);
  assertObjectMatch(bss.seen, filled);
  assertThrows(() => rodata.max_args = -1, RangeError, "max_args: u32: -1 is not");
  assertThrows(() => rodata.prefix = "seventeen is more", RangeError, "prefix: char[16]");
  assertThrows(
    () => rodata.limits = [{ one: 256, four: 0, eight: 0n }, rodata.limits[1]],
    RangeError,
    "limits[0].one: u8: 256",
  );
});

Deno.test("what is read is a copy, and the compiler refuses to write to it", () => {
  using skel = Types.open();
  const { rodata, bss } = skel;
  // @ts-expect-error: bytes are readonly
  rodata.magic[0] = 9;
  // @ts-expect-error: arrays are readonly
  rodata.limits[0] = rodata.limits[1];
  // @ts-expect-error: members are readonly
  rodata.since.tv_sec = 9n;
  // @ts-expect-error: members of members are readonly
  bss.seen.nested.keys[0][0] = 9;
  // @ts-expect-error: members of unions are readonly
  assertThrows(() => bss.seen.address.v4 = 9, TypeError);
  // @ts-expect-error: the kernel's configuration is readonly
  assertThrows(() => skel.kconfig.LINUX_KERNEL_VERSION = 9, TypeError);
  assertEquals([rodata.magic[0], rodata.limits[0].one, rodata.since.tv_sec], [1, 1, 1n]);
});

Deno.test("an enum takes its names' values and any other", () => {
  using skel = Types.open();
  skel.bss.state = types.state.RUNNING;
  skel.bss.state = 77;
  assertEquals(skel.bss.state, 77);
  assertEquals(types.state, { IDLE: 0, RUNNING: 5, LAST: 0xffff_ffff });
  assertEquals(types.deep.DEEP, -0x1234_5678_9abc_def0n);
});

Deno.test("a flexible array of a variable has the length that C gave it", () => {
  using skel = Types.open();
  const list = [{ one: 1, four: 2, eight: 3n }, { one: 4, four: 5, eight: 6n }];
  assertEquals(skel.data.samples, { count: 2, list });
  skel.data.samples = { count: 1, list: list.slice(1) };
  assertEquals(skel.data.samples.list, [list[1], { one: 0, four: 0, eight: 0n }]);
  assertThrows(
    () => skel.data.samples = { count: 3, list: [...list, list[0]] },
    RangeError,
    "samples.list: struct packed[]: 39 bytes do not fit, there is room for 26",
  );
});

Deno.test("a static variable of a function goes by both names", () => {
  using skel = Types.open();
  assertEquals(skel.bss.fill_all_counter, 0);
  assertEquals([skel.data.step, skel.data_custom.custom], [3, 11n]);
});

Deno.test("names that are taken get a trailing underscore, and two of one name stay two", () => {
  using skel = Names.open();
  assertEquals(skel.data.constructor_, 1);
  assertEquals(skel.data.one_pair, { first: 1, second: 2 });
  assertEquals(skel.data.two_pair, { left: 3n });
  assertEquals([skel.data_a_b.in_a_b, skel.data_a_b_.in_a_dot_b], [2, 3]);
  skel.bss.last = { ...skel.bss.last, toString_: 1, class: 2, __proto___: 3 };
  assertEquals([skel.bss.last.toString_, skel.bss.last.class, skel.bss.last.__proto___], [1, 2, 3]);
});

Deno.test("maps and programs keep names that TypeScript writes in quotes only", () => {
  using skel = Names.open();
  assertEquals(Object.keys(skel.maps), ["events", "anonymous", "__proto__"]);
  assertEquals(skel.maps["__proto__"].name, "__proto__");
  assertEquals(skel.progs["ns.on.enter"].name, "ns.on.enter");
  assertEquals(Object.keys(skel.progs), ["one", "ns.on.enter", "two"]);
});

Deno.test("texts may be called as what a view has for itself", () => {
  using skel = Names.open();
  const texts = { bytes: "byte", at: "at", end: "end", length: "len" };
  const record = encodeAll(names.event, { ...skel.bss.last, ...texts });
  const memory = new Bytes(Uint8Array.of(...new Uint8Array(8), ...record));
  const view = names.event.view();
  RecordView.place(view, memory, 8, 8 + record.length);
  assertEquals([view.bytes, view.at, view.end, view.length], Object.values(texts));
  assertEquals([`${view.$bytes}`, `${view.$at}`], ["byte", "at"]);
  assertEquals([`${view.$end}`, `${view.$length}`], ["end", "len"]);
  assertEquals(view.$$length, record.length);
});

Deno.test("an object whose compiler had no BTF for a member is opened, as libbpf does", () => {
  const bytes = Deno.readFileSync(new URL("../../build/tests/names.bpf.o", import.meta.url));
  const { bytes: btf } = readObjectFile(bytes).find(({ name }) => name === ".BTF")!;
  const view = new DataView(btf.buffer, btf.byteOffset, btf.length);
  const text = new TextDecoder("latin1").decode(btf);
  const [header, strings] = [view.getUint32(4, true), view.getUint32(16, true)];
  const name = text.indexOf("\0left\0") + 1 - header - strings;
  // `struct btf_member`: its name, then its type, which becomes void.
  const places = Array.from({ length: strings / 4 }, (_, word) => header + 4 * word);
  const member = places.find((at) => view.getUint32(at, true) === name)!;
  view.setUint32(member + 4, 0, true);
  using object = CheckedObject.open(bytes, { name: "names" });
  const pair = new Btf(object.btf());
  const id = pair.types.findIndex((type) =>
    type.kind === "struct" && type.members[0]?.name === "left"
  );
  assertEquals(readValue(pair, id, new Uint8Array(8)), { left: new Uint8Array(8) });
});

Deno.test("an object whose name has dots has its variables", () => {
  const bytes = Deno.readFileSync(new URL("../../build/tests/names.bpf.o", import.meta.url));
  using object = BpfObject.open(bytes, { name: "names.of.mine" });
  assertEquals(object.section(".data").size, 24);
});

Deno.test("skeletons in one process do not share variables", () => {
  using one = Types.open();
  using two = Types.open();
  one.rodata.max_args = 1;
  two.rodata.max_args = 2;
  assertEquals([one.rodata.max_args, two.rodata.max_args], [1, 2]);
});

Deno.test("generated decoders are total, and what they read can be written back", () => {
  const codecs = [types.scalars, types.bits, types.packed_bits, types.packed, types.enums];
  for (const codec of codecs) {
    fc.assert(fc.property(bytesOf(codec.size), (bytes) => {
      const value = decodeAll<unknown>(codec, bytes);
      const again = decodeAll<unknown>(codec, encodeAll<unknown>(codec as never, value));
      assertEquals(again, value);
    }));
  }
});

Deno.test("the generated decoder of a struct with all kinds of members is total", () => {
  fc.assert(fc.property(bytesOf(types.event.size), (bytes) => {
    const event = decodeAll(types.event, bytes);
    assertEquals(event.rest, bytes.slice(396));
    assertEquals(unionMembers(event.address).v6, bytes.slice(160, 176));
  }));
});

Deno.test("members of an anonymous union must agree when they are written", () => {
  const value = {
    before: 1,
    number: 0x2222_1111,
    half: 0x1111,
    other_half: 0x2222,
    in_struct: 3,
    after: 4,
  };
  assertEquals(decodeAll(types.anonymous, encodeAll(types.anonymous, value)), value);
  assertThrows(
    () => encodeAll(types.anonymous, { ...value, half: 1 }),
    RangeError,
    "number shares its bytes with another member of its union",
  );
});

Deno.test("a bad member of an event is named with its whole path", () => {
  using skel = Types.open();
  const { filled } = skel.data;
  const nested = { ...filled.nested, names: ["first", "too long for it"] };
  assertThrows(
    () => encodeAll(types.event, { ...filled, rest: new Uint8Array(4), nested }),
    RangeError,
    "nested.names[1]: char[8]: 15 bytes do not fit",
  );
});

Deno.test("numbers of 128 bits and fractions are read and written", () => {
  using skel = OddTypes.open();
  const numbers = {
    wide: 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n,
    minus: -(1n << 100n),
    ratio: 0.1,
    part: -2.5,
    parts: [1.5, Math.fround(1e30)],
  };
  assertEquals(skel.data.numbers, numbers);
  assertEquals(skel.rodata.threshold, 0.75);
  skel.rodata.threshold = -0.1;
  skel.data.numbers = { ...numbers, minus: (1n << 127n) - 1n, part: 0.25 };
  assertEquals(skel.rodata.threshold, -0.1);
  assertEquals(skel.data.numbers, { ...numbers, minus: (1n << 127n) - 1n, part: 0.25 });
  assertThrows(() => skel.data.numbers = { ...numbers, wide: -1n }, RangeError, "wide: u128: -1");
  assertThrows(() => skel.data.numbers = { ...numbers, part: 1e40 }, RangeError, "part: float: 1e");
});

Deno.test("an array without a length in a union has what room the union has", () => {
  using skel = OddTypes.open();
  const { address, message, mixed } = skel.data;
  assertEquals([address.sa_family, address.sa_data], [2, "fourteen bytes"]);
  assertEquals([message.process.pid, message.process.args, message.words], [7, "", [7, 0, 0]]);
  assertEquals(mixed.process, { pid: 2, args: "" });
  skel.data.address = { ...address, sa_data: "other", sa_data_min: "other" };
  assertEquals(skel.data.address.sa_data_min, "other");
  const text = "args";
  const raw = Uint8Array.of(9, 0, 0, 0, ...new TextEncoder().encode(text));
  skel.data.mixed = { ...mixed, process: { pid: 9, args: text }, raw };
  assertEquals(skel.data.mixed, { before: 1, process: { pid: 9, args: text }, raw, after: 3 });
  assertThrows(
    () => skel.data.mixed = { ...mixed, process: { pid: 9, args: "beyond" }, raw },
    RangeError,
    "process.args: char[]: 6 bytes do not fit, there is room for 4",
  );
  assertThrows(
    () => skel.data.mixed = { ...mixed, process: { pid: 8, args: text }, raw },
    RangeError,
    "process shares its bytes",
  );
  skel.data.message = odd.message.from({ process: { pid: 1, args: "8 bytes!" } });
  assertEquals(skel.data.message.process.args, "8 bytes!");
});

function bytesOf(length: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => new Uint8Array(bytes));
}

function unionMembers({ v4, v6, upper, lower, inner }: types.address) {
  return { v4, v6: new Uint8Array(v6), upper, lower, inner };
}
