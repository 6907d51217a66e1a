import "./opened_libbpf.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BtfError } from "#lib/btf/types.ts";
import { BpfObject, type MapDescription } from "#lib/objects/object.ts";
import { emitSkeleton, type SkeletonSource } from "#lib/skeleton/emit.ts";
import { comment } from "#lib/skeleton/safe_text.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY and BPF_MAP_TYPE_RINGBUF. */
const ARRAY = 2;
const PERF_EVENT_ARRAY = 4;
const RING_BUFFER = 27;

/** The skeleton of a compiled fixture, without the object's bytes: they differ from clang to clang. */
function skeletonOf(fixture: string): string {
  using object = BpfObject.open(
    new URL(`../../build/tests/${fixture}.bpf.o`, import.meta.url).pathname,
  );
  return emitSkeleton({
    name: fixture,
    path: `${fixture}.bpf.o`,
    importing: "#lib/skeleton/mod.ts",
    object: new Uint8Array(0),
    btf: object.btf(),
    maps: object.describeMaps(),
    programs: object.programs,
  });
}

/** The skeleton of types that are built by hand. */
function emit(
  btf: BtfBuilder,
  maps: Partial<MapDescription>[],
  source: Partial<SkeletonSource> = {},
): string {
  return emitSkeleton({
    name: "by-hand.x",
    path: "by-hand.bpf.o",
    importing: "#lib/skeleton/mod.ts",
    object: new Uint8Array(0),
    btf: btf.bytes(),
    maps: maps.map((map) => ({
      name: "events",
      type: RING_BUFFER,
      keySize: 0,
      valueSize: 0,
      keyTypeId: 0,
      valueTypeId: 0,
      flags: 0,
      internal: false,
      ...map,
    })),
    programs: [],
    ...source,
  });
}

for (const fixture of ["types", "odd_types", "names", "maps_kinds"]) {
  Deno.test(`the skeleton of ${fixture}.bpf.c is the golden one`, () => {
    const golden = new URL(`../golden/${fixture}.txt`, import.meta.url);
    const text = skeletonOf(fixture);
    if (Deno.env.get("UPDATE_GOLDEN")) Deno.writeTextFileSync(golden, text);
    assertEquals(text, Deno.readTextFileSync(golden), "run with UPDATE_GOLDEN=1 if this is right");
  });
}

Deno.test("a type without a TypeScript type is its bytes, and its comment says so", () => {
  const emitted = (build: (btf: BtfBuilder) => number) => {
    const btf = new BtfBuilder();
    const when = btf.struct("", 64, [["big", build(btf), 0]]);
    const event = btf.struct("event", 128, [["when", btf.array(when, 2), 0]]);
    return emit(btf, [{ valueTypeId: event }]);
  };
  const bytes = (build: (btf: BtfBuilder) => number, declaration: string, size: number) => {
    const text = emitted(build);
    const note = "its bytes: TypeScript has no type for it";
    assertStringIncludes(text, `/** \`${declaration}\` at 0, ${note} */\n`);
    assertStringIncludes(text, `    big: from.u8.slice(at, at + ${size}),\n`);
    assertStringIncludes(text, `    $.put(into, at, bytes_${size}, "big", value.big);\n`);
  };
  bytes((btf) => btf.int("odd", 3), "odd big", 3);
  bytes((btf) => btf.int("_Bool", 4, 4), "bool big", 4);
  bytes((btf) => btf.add(6, { name: "state", sizeOrType: 3 }), "enum state big", 3);
  bytes((btf) => btf.add(16, { name: "long double", sizeOrType: 16 }), "long double big", 16);
  const list = emitted((btf) => btf.array(btf.int("odd", 3), 4));
  assertStringIncludes(list, "`odd big[4]` at 0, its bytes: TypeScript has no type for it */");
  assertStringIncludes(list, "  readonly big: readonly $.ReadonlyBytes[];");
});

Deno.test("what the object has no type for reaches up to the next member", () => {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, 1);
  const wide = btf.typedef("char16_t", 0);
  const derived = btf.struct("derived", 24, [
    ["", 0, 0],
    ["value", int, 32],
    ["letters", btf.array(wide, 3), 64],
    ["number", int, 128],
    ["last", wide, 160],
  ]);
  const empty = btf.struct("of_nothing", 4, [["", 0, 0], ["value", int, 0]]);
  const loose = btf.variable("loose", wide);
  btf.section(".bss", 8, [[loose, 0, 2]]);
  const text = emit(btf, [
    { name: "a", type: ARRAY, valueTypeId: derived, valueSize: 24 },
    { name: "b", type: ARRAY, valueTypeId: empty, valueSize: 4 },
    { name: ".bss", type: ARRAY, valueSize: 8, internal: true },
    { valueTypeId: wide },
  ]);
  for (
    const line of [
      "  /** `void` at 0, its bytes: the object does not say of which type */",
      "    base: from.u8.slice(at, at + 4),",
      "    letters: from.u8.slice(at + 8, at + 16),",
      "    last: from.u8.slice(at + 20, at + 24),",
      "  /** `char16_t loose`, its bytes: the object does not say of which type */",
      "    return this.#section.readable().u8.slice(0, 2);",
      '    events: this.ringBuffer("events", $.raw),',
    ]
  ) assertStringIncludes(text, `${line}\n`);
  assertEquals(text.match(/base:/g)!.length, 2, "what is empty is left out");
});

Deno.test("an array without a length in a union reaches up to the union's end", () => {
  const btf = new BtfBuilder();
  const number = btf.int("int", 4, 1);
  const char = btf.int("char", 1, 1);
  const open = btf.struct("open", 4, [["n", number, 0], ["rest", btf.array(char, 0), 32]]);
  const inner = btf.struct("", 8, [["n", number, 0], ["tail", btf.array(number, 0), 64]]);
  const members: [string, number, number][] = [
    ["texts", btf.array(char, 0), 0],
    ["list", btf.array(number, 0), 0],
    ["open", open, 0],
    ["", inner, 0],
    ["whole", btf.array(number, 5), 0],
  ];
  const either = btf.union("either", 20, members);
  const around = btf.struct("around", 28, [["a", number, 0], ["", btf.union("", 20, members), 32], [
    "z",
    number,
    192,
  ]]);
  const text = emit(btf, [
    { type: ARRAY, valueTypeId: either, valueSize: 20 },
    { name: "around", valueTypeId: around },
  ]);
  for (
    const line of [
      "  /** `char texts[]` at 0, up to the end of its union */",
      "  texts: [0, chars_20],",
      "  list: [0, s32_x5],",
      "  open: [0, open, 20],",
      "  tail: [8, s32_x3],",
      "    texts: $.decodeText(from.u8, at + 4, at + 24),",
      "    open: open.decode(from, at + 4, at + 24),",
      '    $.put(into, at + 4, open, "open", value.open, at + 24);',
      '    $.kept(into, at + 4, open, "open", value.open, at + 24);',
      "    tail: s32_x3.decode(from, at + 12),",
      "    return open.decode(this.$$bytes, this.$$at + 4, this.$$at + 24);",
    ]
  ) assertStringIncludes(text, `${line}\n`);
});

Deno.test("an array without a length whose elements have no size is empty", () => {
  const btf = new BtfBuilder();
  const nothing = btf.struct("nothing", 0, []);
  const event = btf.struct("event", 4, [["list", btf.array(nothing, 0), 32]]);
  assertStringIncludes(emit(btf, [{ valueTypeId: event }]), "$.array(nothing, 0)");
});

Deno.test("unions that unfold without end are refused", () => {
  const btf = new BtfBuilder();
  let union = btf.int("int", 4);
  for (let depth = 0; depth < 25; depth++) {
    union = btf.union("", 4, [["", union, 0], ["", union, 0]]);
  }
  assertThrows(() => emit(btf, [{ valueTypeId: union }]), BtfError, "more than 100000 members");
});

Deno.test("an event that is no struct is a value", () => {
  const btf = new BtfBuilder();
  const int = btf.int("unsigned int", 4);
  const either = btf.typedef("either", btf.union("", 4, [["a", int, 0]]));
  const text = emit(btf, [
    { name: "numbers", valueTypeId: int },
    { name: "unions", valueTypeId: either },
    { name: "lists", valueTypeId: btf.array(int, 3) },
  ]);
  for (
    const line of [
      "const numbers_event = $.eventOf($.u32);",
      '    numbers: this.ringBuffer("numbers", numbers_event),',
      "const unions_event = $.eventOf(either);",
      "const lists_event = $.eventOf(u32_x3);",
    ]
  ) assertStringIncludes(text, `${line}\n`);
});

Deno.test("a map whose type has another size than the map has bytes", () => {
  const btf = new BtfBuilder();
  const keyTypeId = btf.int("x*/", 4, 1);
  const text = emit(btf, [{ name: "m", type: ARRAY, keyTypeId, keySize: 8, valueSize: 1 }]);
  const note = "/* the map has 8 bytes, `x*\\/` has 4 */";
  assertStringIncludes(text, `this.map("m", $.bytes(8) ${note}, $.bytes(1))`);
});

Deno.test("a variable that lies beyond its section is refused", () => {
  const btf = new BtfBuilder();
  const counter = btf.variable("counter", btf.int("int", 4, 1));
  btf.section(".bss", 8, [[counter, 8, 4]]);
  assertThrows(
    () => emit(btf, [{ name: ".bss", type: ARRAY, valueSize: 8, internal: true }]),
    BtfError,
    ".bss: counter: it lies beyond the section's 8 bytes",
  );
});

Deno.test("a struct with a flexible array reads no further than its own place in another", () => {
  const btf = new BtfBuilder();
  const byte = btf.int("unsigned char", 1);
  const open = btf.struct("open", 4, [["rest", btf.array(byte, 0), 32]]);
  const event = btf.struct("event", 12, [["first", open, 0], ["again", open, 32], [
    "last",
    open,
    64,
  ]]);
  const text = emit(btf, [{ valueTypeId: event }]);
  assertStringIncludes(text, "first: open.decode(from, at),");
  assertStringIncludes(text, "again: open.decode(from, at + 4),");
  assertStringIncludes(text, "last: open.decode(from, at + 8, end),");
});

Deno.test("an array of length 0 that is not last is empty", () => {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, 1);
  const event = btf.struct("event", 4, [["marker", btf.array(int, 0), 0], ["value", int, 0]]);
  const text = emit(btf, [{ valueTypeId: event }]);
  assertStringIncludes(text, "const s32_x0 = $.array($.s32, 0);");
  assert(!text.includes("flexible"));
});

Deno.test("maps and sections without BTF types are their bytes, or nothing", () => {
  const text = emit(new BtfBuilder(), [
    { name: "programs", type: 3, keySize: 4, valueSize: 4 },
    { name: "stack", type: 23, valueSize: 16 },
    { name: "pairs", type: 1, keySize: 4, valueSize: 8 },
    { name: "events" },
    { name: ".rodata.str1.1", type: ARRAY, keySize: 4, valueSize: 10, internal: true },
  ]);
  assertStringIncludes(
    text,
    `  readonly maps = {
    programs: this.mapOf("programs", (map) => new $maps.ProgramArray(map)),
    stack: this.mapOf("stack", (map) => new $maps.Queue(map, $.bytes(16))),
    pairs: this.map("pairs", $.bytes(4), $.bytes(8)),
    events: this.ringBuffer("events", $.raw),
  };`,
  );
  assert(!text.includes("rodata"));
  assertStringIncludes(text, "export class ByHandX extends");
});

Deno.test("only a skeleton with rare kinds of maps imports their module", () => {
  const plain = emit(new BtfBuilder(), [{ name: "pairs", type: 1, keySize: 4, valueSize: 4 }, {}]);
  assert(!plain.includes("$maps"));
  const rare = emit(new BtfBuilder(), [{ name: "stack", type: 23, valueSize: 4 }]);
  assertStringIncludes(rare, 'import * as $maps from "#lib/skeleton/maps.ts";\n');
});

Deno.test("the events of a perf event array are what C names, or bytes where C names none", () => {
  const btf = new BtfBuilder();
  const int = btf.int("unsigned int", 4);
  const event = btf.struct("event", 4, [["pid", int, 0]]);
  const emitted = (valueTypeId: number) =>
    emit(btf, [{ type: PERF_EVENT_ARRAY, keySize: 4, valueSize: 4, valueTypeId }]);
  assertStringIncludes(emitted(event), "new $maps.PerfBuffer(map, event)");
  assertStringIncludes(emitted(event), "class event_view");
  for (const untyped of [0, int]) {
    assertStringIncludes(emitted(untyped), "new $maps.PerfBuffer(map, $.raw)");
  }
  const long = emitted(btf.int("long", 8, 1));
  assertStringIncludes(long, "new $maps.PerfBuffer(map, events_event)");
});

Deno.test("names of an object are written as names, texts and comments, whatever is in them", () => {
  const name = 'x*/;\n\u2028\u202e`${y}\\"';
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, 1);
  const either = btf.union(name, 4, [[name, int, 0]]);
  const event = btf.struct(name, 8, [[name, int, 0], ["either", either, 32]]);
  btf.section(`.data.${name}`, 4, [[btf.variable(name, int), 0, 4]]);
  const text = emit(btf, [
    { name, valueTypeId: event },
    { name: `.data.${name}`, type: ARRAY, valueSize: 4, internal: true },
  ], { name, path: `/tmp/${name}.bpf.o`, programs: [{ name }, { name }, { name: "__proto__" }] });
  const quoted = '"x*/;\\n\\u2028\\u202e`${y}\\\\\\""';
  const commented = "x*\\/;\\u000a\\u2028\\u202e'${y}\\\"";
  for (
    const line of [
      `// Generated from /tmp/${commented}.bpf.o by lib/skeleton/generate.ts. Do not edit.`,
      `/** \`struct ${commented}\`, 8 bytes. */`,
      `  /** \`int ${commented}\` at 0 */`,
      `  name: ${quoted.replace('"', '"struct ')},`,
      `    ${quoted}: this.ringBuffer(${quoted}, x_________y___),`,
      `    ${quoted}: this.program(${quoted}),\n    ["__proto__"]: this.program("__proto__"),\n  };`,
      `    ${quoted}: null as $.Link | null,`,
      ` * for await (const event of skel.maps[${comment(quoted)}].read()) console.log(event);`,
      `  readonly data_x_________y___ = new data_x_________y___(` +
      `this.section(${quoted.replace('"', '".data.')}, 4));`,
      `    super(${quoted}, () => $.objectBytes(object), options, "811c9dc500000000");`,
    ]
  ) assertStringIncludes(text, `${line}\n`);
});

Deno.test("a map of maps without a description of those gives their bytes", () => {
  const text = emit(new BtfBuilder(), [{ name: "outer", type: 13, keySize: 4, valueSize: 4 }]);
  assertStringIncludes(text, "new $maps.MapOfMaps(map, $.bytes(4), (map) => $maps.rawMap(map))");
});

Deno.test("the object's bytes are in the skeleton", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at * 7);
  const text = emitSkeleton({
    name: "x",
    path: "x.bpf.o",
    importing: "m",
    object: bytes,
    btf: new BtfBuilder().bytes(),
    maps: [],
    programs: [],
  });
  const [, encoded] = text.match(/^const object =\n\s+"(.*)";$/m)!;
  assertEquals(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)), bytes);
});

Deno.test("the object's hash is in the skeleton, and is another's with any other byte", () => {
  const object = Uint8Array.from({ length: 1000 }, (_, at) => at * 7);
  const hashOf = (object: Uint8Array) => {
    const source = { name: "x", path: "x.bpf.o", importing: "m", object, maps: [], programs: [] };
    const text = emitSkeleton({ ...source, btf: new BtfBuilder().bytes() });
    return text.match(/options, "([0-9a-f]{16})"\);$/m)![1];
  };
  const hashes = new Set([hashOf(object), hashOf(object.subarray(1))]);
  for (let at = 0; at < object.length; at += 37) {
    const other = object.slice();
    other[at] ^= 1;
    hashes.add(hashOf(other));
  }
  assertEquals(hashes.size, 2 + Math.ceil(object.length / 37));
  assertEquals(hashOf(object), hashOf(object.slice()));
});
