import "./opened_libbpf.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Btf } from "#lib/btf/layout.ts";
import { printType } from "#lib/btf/print.ts";
import { BtfError } from "#lib/btf/types.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { BtfBuilder } from "./btf_builder.ts";

const fixture = new URL("../../build/tests/types.bpf.o", import.meta.url).pathname;

function compiled(): Uint8Array<ArrayBuffer> {
  using object = BpfObject.open(fixture);
  return object.btf();
}

function unlessBtfError<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
  }
}

function refused(build: (btf: BtfBuilder) => void, message: string): void {
  const builder = new BtfBuilder();
  build(builder);
  assertThrows(() => new Btf(builder.bytes()), BtfError, message);
}

Deno.test("Btf reads what clang wrote", () => {
  const btf = new Btf(compiled());
  const event = btf.find("struct", "event")!;
  assertEquals(btf.sizeOf(event), 400);
  const packed = btf.resolved(btf.find("struct", "packed")!);
  assertEquals(packed.kind === "struct" && packed.members.map((member) => member.bitOffset), [
    0,
    8,
    40,
  ]);
  assertEquals(btf.find("struct", "no_such_struct"), undefined);
});

Deno.test("Btf sees through typedefs, qualifiers and tags", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  let id = int;
  for (const kind of [8, 9, 10, 11, 18]) id = builder.add(kind, { name: "t", sizeOrType: id });
  const btf = new Btf(builder.bytes());
  assertEquals(btf.resolve(id), int);
  assertEquals(btf.sizeOf(id), 4);
});

Deno.test("Btf reads enum values of 32 and 64 bits with their sign", () => {
  const builder = new BtfBuilder();
  const word = builder.string("A");
  builder.add(6, { sizeOrType: 4, count: 1, words: [word, 0xffff_ffff] });
  builder.add(6, { sizeOrType: 4, count: 1, flag: true, words: [word, 0xffff_ffff] });
  builder.add(19, { sizeOrType: 8, count: 1, words: [word, 1, 0x8000_0000] });
  builder.add(19, { sizeOrType: 8, count: 1, flag: true, words: [word, 1, 0x8000_0000] });
  const { types } = new Btf(builder.bytes());
  const values = types.flatMap((type) => type.kind === "enum" ? type.values : []);
  assertEquals(values.map(({ value }) => value), [
    0xffff_ffffn,
    -1n,
    0x8000_0000_0000_0001n,
    -0x7fff_ffff_ffff_ffffn,
  ]);
});

Deno.test("Btf.sizeOf() refuses types that have no size", () => {
  const builder = new BtfBuilder();
  const forward = builder.add(7, { name: "later" });
  const btf = new Btf(builder.bytes());
  assertThrows(() => btf.sizeOf(forward), BtfError, "struct later is declared but never defined");
  assertThrows(() => btf.sizeOf(0), BtfError, "has no size");
  assertThrows(() => btf.type(99), BtfError, "no type 99");
});

Deno.test("Btf refuses what is not BTF of this machine", () => {
  const bytes = new BtfBuilder().bytes();
  const changed = (at: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };
  assertThrows(() => new Btf(new Uint8Array(10)), BtfError, "BTF has 10 bytes");
  assertThrows(() => new Btf(changed(0, 0x7f, 0x45)), BtfError, "Not BTF");
  assertThrows(() => new Btf(changed(0, 0xeb, 0x9f)), BtfError, "big-endian");
  assertThrows(() => new Btf(changed(2, 9)), BtfError, "version 9");
  assertThrows(() => new Btf(changed(12, 255)), BtfError, "cut off");
});

Deno.test("Btf refuses types that make no sense, and says which", () => {
  refused((btf) => btf.add(0), "Type 1 is of kind 0");
  refused((btf) => btf.add(31), "Type 1 is of kind 31");
  refused((btf) => btf.pointer(7), "type 1 (pointer) refers to type 7 of 2");
  refused((btf) => btf.add(1, { name: "int" }), "cut off inside type 1");
  refused((btf) => btf.add(4, { name: "s", count: 9 }), "cut off inside type 1");
  refused((btf) => btf.add(13, { count: 65535 }), "cut off inside type 1");
  refused((btf) => btf.variable("v", 0, 7), "Variable v (type 1) has an unknown linkage");
  refused((btf) => btf.add(8, { sizeOrType: 0, words: [0x7fff_ffff, 0, 0] }), "beyond the BTF's");
  refused(
    (btf) => btf.section(".data", 8, [[btf.int("int", 4), 0, 4]]),
    "Section .data holds type 1 (int int), not a variable",
  );
  refused((btf) => btf.add(1, { sizeOrType: 1, words: [64] }), "has 64 bits in 1 bytes");
  refused(
    (btf) => btf.struct("s", 4, [["m", btf.int("int", 4), 32]]),
    "Member m lies outside of type 2 (struct s)",
  );
});

Deno.test("types may lie deeper in one another than the kernel allows", () => {
  const builder = new BtfBuilder();
  let inner = builder.int("int", 4);
  for (let depth = 1; depth < 60; depth++) {
    inner = builder.struct(`s${depth}`, 4, [["m", inner, 0]]);
  }
  assertEquals(new Btf(builder.bytes()).sizeOf(inner), 4);
});

Deno.test("Btf refuses cycles instead of following them for ever", () => {
  refused((btf) => btf.typedef("me", 1), "type 1 (typedef me) contains itself");
  refused((btf) => btf.pointer(1), "contains itself");
  refused((btf) => btf.array(1, 1), "contains itself");
  refused((btf) => btf.struct("s", 8, [["m", 1, 0]]), "contains itself");
  refused((btf) => {
    for (let id = 1; id < 1000; id++) btf.add(10, { sizeOrType: id + 1 });
    btf.int("int", 4);
  }, "nested too deep");
  refused((btf) => {
    let id = btf.int("int", 4);
    for (let i = 0; i < 4; i++) id = btf.array(id, 0xffff_ffff);
  }, "bytes");
});

Deno.test("Btf takes members that the compiler has no type for", () => {
  const builder = new BtfBuilder();
  const letters = builder.array(0, 3);
  const derived = builder.struct("derived", 8, [["", 0, 0], ["letters", letters, 32]]);
  const btf = new Btf(builder.bytes());
  assertEquals(btf.sizeOf(derived), 8);
  assertEquals(btf.knownSizeOf(letters), undefined);
  assertThrows(() => btf.sizeOf(letters), BtfError, "Type 0 (void) has no size");
  const outside = builder.struct("derived", 8, [["", 0, 96]]);
  assertThrows(() => new Btf(builder.bytes()), BtfError, `lies outside of type ${outside}`);
});

Deno.test("Btf takes a struct that points to itself", () => {
  const builder = new BtfBuilder();
  builder.pointer(2);
  builder.add(10, { sizeOrType: 3 });
  const node = builder.struct("node", 8, [["next", 1, 0]]);
  const btf = new Btf(builder.bytes());
  assertEquals(printType(btf, 1, "next"), "const struct node *next");
  assertEquals(btf.sizeOf(node), 8);
});

Deno.test("Btf never fails but with a BtfError, whatever the bytes", () => {
  const good = compiled();
  const mutations = fc.array(
    fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(mutations, fc.nat(good.length), (changes, length) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      for (const candidate of [bytes, good.subarray(0, length), bytes.subarray(0, length)]) {
        const btf = unlessBtfError(() => new Btf(candidate));
        for (const id of btf?.types.keys() ?? []) {
          printType(btf!, id);
          unlessBtfError(() => btf!.sizeOf(id));
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("printType() writes declarations as C does", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const char = builder.int("char", 1, 1);
  const constant = builder.add(10, { sizeOrType: char });
  const string = builder.pointer(constant);
  const fixed = builder.add(10, { sizeOrType: string });
  const changing = builder.add(9, { sizeOrType: builder.pointer(char) });
  const both = builder.add(10, { sizeOrType: changing });
  const deep = builder.add(10, { sizeOrType: builder.pointer(both) });
  const names = builder.array(char, 16);
  const pointerToArray = builder.pointer(names);
  const prototype = builder.add(13, {
    sizeOrType: int,
    count: 3,
    words: [builder.string("format"), string, 0, int, 0, 0],
  });
  const callback = builder.pointer(prototype);
  const callbacks = builder.array(callback, 2);
  const nothing = builder.pointer(builder.add(13, { sizeOrType: 0 }));
  const bool = builder.int("_Bool", 1, 4);
  const matrix = builder.array(builder.array(int, 3), 2);
  const anonymous = builder.union("", 4, []);
  const variable = builder.variable("limit", fixed);
  const btf = new Btf(builder.bytes());
  const spelled = (id: number) => printType(btf, id, "x");
  assertEquals(spelled(int), "int x");
  assertEquals(printType(btf, int), "int");
  assertEquals(spelled(string), "const char *x");
  assertEquals(spelled(fixed), "const char *const x");
  assertEquals(spelled(both), "char *volatile const x");
  assertEquals(spelled(deep), "char *volatile const *const x");
  assertEquals(spelled(names), "char x[16]");
  assertEquals(spelled(pointerToArray), "char (*x)[16]");
  assertEquals(spelled(callback), "int (*x)(const char *format, int, ...)");
  assertEquals(spelled(callbacks), "int (*x[2])(const char *format, int, ...)");
  assertEquals(spelled(nothing), "void (*x)(void)");
  assertEquals(spelled(bool), "bool x");
  assertEquals(spelled(matrix), "int x[2][3]");
  assertEquals(spelled(anonymous), "union {...} x");
  assertEquals(printType(btf, variable), "const char *const limit");
});
