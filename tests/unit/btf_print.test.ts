import "./opened_libbpf.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Btf } from "#lib/btf/layout.ts";
import { printDefinition } from "#lib/btf/print.ts";
import { BtfError } from "#lib/btf/types.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { BtfBuilder } from "./btf_builder.ts";

const fixture = new URL("../../build/tests/types.bpf.o", import.meta.url).pathname;

Deno.test("printDefinition() writes structs, unions and enums with what is in them", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const char = builder.int("char", 1, 1);
  const name = builder.array(char, 16);
  const inner = builder.struct("", 8, [["x", int, 0], ["y", int, 32]]);
  const choice = builder.union("", 8, [["", inner, 0], ["raw", builder.array(int, 2), 0]]);
  const state = builder.add(6, {
    name: "state",
    sizeOrType: 4,
    count: 2,
    words: [builder.string("IDLE"), 0, builder.string("BUSY"), 1],
  });
  const event = builder.struct("event", 36, [
    ["name", name, 0],
    ["state", state, 128],
    ["", choice, 160],
    ["deep", builder.pointer(inner), 224],
  ]);
  const alias = builder.typedef("event_t", event);
  const anonymous = builder.typedef("pair", inner);
  const btf = new Btf(builder.bytes());
  assertEquals(
    printDefinition(btf, event),
    "struct event {\n\tchar name[16];\n\tenum state state;\n\tunion {\n\t\tstruct {\n\t\t\tint x;\n" +
      "\t\t\tint y;\n\t\t};\n\t\tint raw[2];\n\t};\n\tstruct {\n\t\tint x;\n\t\tint y;\n\t} *deep;\n" +
      "} __attribute__((packed));",
  );
  assertEquals(printDefinition(btf, state), "enum state {\n\tIDLE = 0,\n\tBUSY = 1,\n};");
  assertEquals(printDefinition(btf, alias), "typedef struct event event_t;");
  assertEquals(printDefinition(btf, anonymous), "typedef struct {\n\tint x;\n\tint y;\n} pair;");
  assertEquals(printDefinition(btf, int), "int;");
});

Deno.test("a compiler gives what was printed the layout that it was printed from", () => {
  using object = BpfObject.open(fixture);
  const btf = new Btf(object.btf());
  const folder = Deno.makeTempDirSync();
  try {
    const { source, structs } = header(btf);
    assert(structs.length > 5);
    Deno.writeTextFileSync(`${folder}/all.c`, source);
    const { success, stderr } = new Deno.Command("cc", {
      args: ["-c", "-w", `${folder}/all.c`, "-o", `${folder}/all.o`],
    }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** All types of a BTF in an order that C takes, and what must hold of each struct. */
function header(btf: Btf): { source: string; structs: string[] } {
  const lines: string[] = ["typedef _Bool bool;"];
  const structs: string[] = [];
  const written = new Set<number>();
  const write = (id: number): void => {
    if (written.has(id)) return;
    written.add(id);
    const type = btf.type(id);
    if (type.kind === "struct" || type.kind === "union") {
      if (type.name !== "") lines.push(`${type.kind} ${type.name};`);
      for (const member of type.members) write(member.type);
    } else if (type.kind === "array") write(type.element);
    else if (type.kind === "prototype") {
      for (const { type: of } of [{ type: type.returns }, ...type.parameters]) write(of);
    } else if ("type" in type) write(type.type);
    const named = "name" in type && type.name !== "";
    if (!named || !["struct", "union", "enum", "typedef"].includes(type.kind)) return;
    lines.push(printDefinition(btf, id));
    if (type.kind !== "struct") return;
    structs.push(type.name);
    lines.push(`_Static_assert(sizeof(struct ${type.name}) == ${type.size}, "size");`);
    for (const { name, bitOffset, bitSize } of type.members) {
      if (name === "" || bitSize > 0) continue;
      const offset = `__builtin_offsetof(struct ${type.name}, ${name})`;
      lines.push(`_Static_assert(${offset} == ${bitOffset / 8}, "${name}");`);
    }
  };
  for (const [id] of btf.ofKind("struct")) write(id);
  return { source: lines.join("\n"), structs };
}

Deno.test("printDefinition() gives up what no memory would hold", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  let id = builder.union("", 4, [["a", int, 0]]);
  for (let depth = 0; depth < 20; depth++) id = builder.union("", 4, [["a", id, 0], ["b", id, 0]]);
  const btf = new Btf(builder.bytes());
  const error = assertThrows(() => printDefinition(btf, id), BtfError);
  assertStringIncludes(error.message, "more than 100000 lines");
});
