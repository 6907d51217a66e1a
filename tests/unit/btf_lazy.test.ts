import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Btf } from "#lib/btf/layout.ts";
import { LazyTypes } from "#lib/btf/lazy_types.ts";
import { printDefinition, printType } from "#lib/btf/print.ts";
import { BtfError } from "#lib/btf/types.ts";
import { readValue } from "#lib/btf/values.ts";
import { BtfBuilder } from "./btf_builder.ts";

/** A builder with one type of every kind, and which are structs. */
function everyKind(): BtfBuilder {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const state = builder.add(6, {
    name: "state",
    sizeOrType: 4,
    count: 1,
    words: [builder.string("A"), 1],
  });
  builder.add(19, { name: "wide", sizeOrType: 8, count: 1, words: [builder.string("B"), 1, 1] });
  const node = builder.struct("node", 16, [["next", 5, 0], ["state", state, 64]]);
  builder.pointer(node);
  builder.array(int, 3);
  builder.union("either", 4, [["a", int, 0]]);
  builder.add(7, { name: "later" });
  const constant = builder.add(10, {
    sizeOrType: builder.add(9, { sizeOrType: builder.typedef("t", int) }),
  });
  const prototype = builder.add(13, {
    sizeOrType: 0,
    count: 1,
    words: [builder.string("n"), constant],
  });
  builder.add(12, { name: "go", sizeOrType: prototype });
  builder.section(".bss", 4, [[builder.variable("total", int), 0, 4]]);
  builder.add(16, { name: "double", sizeOrType: 8 });
  builder.add(17, { name: "tag", sizeOrType: node, words: [0] });
  builder.add(18, { name: "user", sizeOrType: int });
  builder.add(11, { sizeOrType: 5 });
  return builder;
}

Deno.test("types read one by one are those read at once", () => {
  const bytes = everyKind().bytes();
  const [eager, lazy] = [new Btf(bytes), Btf.lazily(bytes)];
  assertEquals(lazy.length, eager.length);
  for (const id of eager.types.keys()) assertEquals(lazy.type(id), eager.type(id));
  for (const type of eager.types) {
    if (!("name" in type) || type.name === "") continue;
    assertEquals(lazy.find(type.kind, type.name), eager.find(type.kind, type.name), type.name);
  }
  for (const kind of ["struct", "enum", "function", "variable"] as const) {
    assertEquals([...lazy.ofKind(kind)], [...eager.ofKind(kind)]);
  }
  assertEquals(lazy.find("struct", "nod"), undefined);
  assertEquals(lazy.find("union", "node"), undefined);
  assertEquals(lazy.types, eager.types);
});

Deno.test("a module's types go on where the kernel's end", () => {
  const base = new BtfBuilder();
  const int = base.int("int", 4, 1);
  base.struct("shared", 4, [["a", int, 0]]);
  const kernel = new LazyTypes(base.bytes());
  // Strings and ids of a module count on from the kernel's.
  const module = new BtfBuilder(kernel.length - 1, kernel.strings.length);
  const own = module.struct("own", 8, [["one", int, 0], ["two", int, 32]]);
  module.typedef("shared", own);
  const btf = new Btf(new LazyTypes(module.bytes(), kernel));
  assertEquals(own, kernel.length);
  assertEquals(btf.sizeOf(own), 8);
  assertEquals(btf.find("struct", "own"), own);
  assertEquals(btf.find("struct", "shared"), 2);
  assertEquals(btf.find("typedef", "shared"), own + 1);
  assertEquals(printType(btf, own + 1), "shared");
  assertEquals(printDefinition(btf, own), "struct own {\n\tint one;\n\tint two;\n};");
  assertEquals([...btf.ofKind("struct")].map(([id]) => id), [2, own]);
  assertThrows(() => new LazyTypes(module.bytes()).at(1), BtfError);
});

Deno.test("what is wrong in a type is reported when it is asked for", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const loop = builder.typedef("loop", 3);
  builder.typedef("pool", loop);
  const far = builder.pointer(99);
  const btf = Btf.lazily(builder.bytes());
  assertEquals(btf.sizeOf(int), 4);
  for (const id of [loop, loop + 1, far]) assertThrows(() => btf.type(id), BtfError);
  assertThrows(() => btf.resolve(loop), BtfError, "contains itself");
  assertThrows(() => btf.type(99), BtfError, "no type 99");
});

Deno.test("a struct without a name that points to itself cannot be spelled, and is refused", () => {
  const builder = new BtfBuilder();
  const node = builder.struct("", 8, [["next", 2, 0]]);
  builder.pointer(node);
  const btf = Btf.lazily(builder.bytes());
  for (const id of [node, node + 1]) {
    assertThrows(() => printDefinition(btf, id), BtfError, "contains itself");
  }
  assertThrows(() => new Btf(builder.bytes()), BtfError, "contains itself");
});

Deno.test("a typedef's name ends its spelling, so that its struct may point to it", () => {
  const builder = new BtfBuilder();
  const node = builder.struct("", 8, [["next", 3, 0]]);
  const name = builder.typedef("node_t", node);
  builder.pointer(name);
  const btf = new Btf(builder.bytes());
  assertEquals(
    printDefinition(btf, name),
    "typedef struct {\n\tnode_t *next;\n} node_t;",
  );
});

Deno.test("lazy types never fail but with a BtfError, whatever the bytes", () => {
  const good = everyKind().bytes();
  const change = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 20 }),
      fc.nat(good.length),
      (changes, length) => {
        const bytes = good.slice();
        for (const [at, value] of changes) bytes[at] = value;
        for (const candidate of [bytes, good.subarray(0, length), bytes.subarray(0, length)]) {
          const btf = unlessBtfError(() => Btf.lazily(candidate));
          for (let id = 0; id < (btf?.length ?? 0); id++) {
            unlessBtfError(() => printDefinition(btf!, id));
            unlessBtfError(() => readValue(btf!, id, new Uint8Array(64)));
            unlessBtfError(() => btf!.find("struct", "node"));
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

function unlessBtfError<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
  }
}
