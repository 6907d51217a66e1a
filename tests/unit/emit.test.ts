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

for (const fixture of ["types", "names", "maps_kinds"]) {
  Deno.test(`the skeleton of ${fixture}.bpf.c is the golden one`, () => {
    const golden = new URL(`../golden/${fixture}.txt`, import.meta.url);
    const text = skeletonOf(fixture);
    if (Deno.env.get("UPDATE_GOLDEN")) Deno.writeTextFileSync(golden, text);
    assertEquals(text, Deno.readTextFileSync(golden), "run with UPDATE_GOLDEN=1 if this is right");
  });
}

Deno.test("a type without a TypeScript type is an error that names the path to it", () => {
  const refused = (build: (btf: BtfBuilder) => number, message: string) => {
    const btf = new BtfBuilder();
    const member = build(btf);
    const when = btf.struct("", 64, [["big", member, 0]]);
    const inList = btf.array(when, 2);
    const event = btf.struct("event", 128, [["when", inList, 0]]);
    const error = assertThrows(() => emit(btf, [{ valueTypeId: event }]), BtfError);
    assertEquals(error.message, `events: struct event.when[].big: ${message}`);
  };
  refused((btf) => btf.int("__int128", 16, 1), "__int128 has no TypeScript type");
  refused((btf) => btf.add(16, { name: "double", sizeOrType: 8 }), "double has no TypeScript type");
  refused((btf) => btf.int("odd", 3), "odd has no TypeScript type");
  refused((btf) => btf.int("_Bool", 4, 4), "bool has no TypeScript type");
  refused(
    (btf) => btf.add(6, { name: "state", sizeOrType: 3 }),
    "enum state has no TypeScript type",
  );
});

Deno.test("a flexible array in a union is refused", () => {
  const btf = new BtfBuilder();
  const rest = btf.array(btf.int("int", 4, 1), 0);
  const number = btf.int("int", 4, 1);
  const event = btf.union("either", 4, [["rest", rest, 0], ["number", number, 0]]);
  assertThrows(
    () => emit(btf, [{ type: ARRAY, valueTypeId: event, valueSize: 4 }]),
    BtfError,
    "events (value): union either.rest: a flexible array in a union has no TypeScript type",
  );
});

Deno.test("the event of a ring buffer must be a struct", () => {
  const btf = new BtfBuilder();
  const valueTypeId = btf.int("int", 4, 1);
  assertThrows(() => emit(btf, [{ valueTypeId }]), BtfError, "events: an event must be a struct");
});

Deno.test("a map whose type has another size than the map is refused", () => {
  const btf = new BtfBuilder();
  const keyTypeId = btf.int("int", 4, 1);
  assertThrows(
    () => emit(btf, [{ name: "m", type: ARRAY, keyTypeId, keySize: 8 }]),
    BtfError,
    "m (key): the map has 8 bytes, its type has 4",
  );
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

Deno.test("the events of a perf event array are a struct, or bytes where C names none", () => {
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
  assertThrows(() => emitted(btf.int("long", 8, 1)), BtfError, "an event must be a struct");
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
      `    super(${quoted}, () => $.fromBase64(object), options);`,
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
