import "./opened_libbpf.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { BpfObject } from "#lib/objects/check_object.ts";
import { readObjectFile } from "#lib/objects/object_file.ts";
import { withoutDebug } from "#lib/skeleton/without_debug.ts";
import { renameAll } from "../fuzz/rename.ts";

const types = Deno.readFileSync(new URL("../../build/tests/types.bpf.o", import.meta.url));

/** An object whose .BTF.ext has a name of DWARF: libbpf does without either. */
const withDebug = renameAll(types, (name) => name.replace(".BTF.ext", ".debug_info"));

Deno.test("debug information is taken out of an object, and nothing else", () => {
  const stripped = withoutDebug(withDebug);
  const [before, after] = [readObjectFile(withDebug), readObjectFile(stripped)];
  assertEquals(after.map(({ name }) => name), before.map(({ name }) => name));
  const debug = [".debug_info", ".rel.debug_info"];
  for (const [number, { name, type, bytes, size, link, info }] of after.entries()) {
    assertEquals([type, link, info], [
      before[number].type,
      before[number].link,
      before[number].info,
    ]);
    if (debug.includes(name)) assertEquals([size, bytes.length], [0, 0]);
    else assertEquals([size, bytes], [before[number].size, before[number].bytes], name);
  }
  const dropped = before.filter(({ name }) => debug.includes(name));
  const bytes = dropped.reduce((sum, { size }) => sum + size, 0);
  assert(bytes > 0 && stripped.length <= withDebug.length - bytes);
});

Deno.test("libbpf opens an object without debug information as it opens the whole one", () => {
  using whole = BpfObject.open(withDebug, { name: "types" });
  using stripped = BpfObject.open(withoutDebug(withDebug), { name: "types" });
  assertEquals(stripped.describeMaps(), whole.describeMaps());
  assertEquals(stripped.programs.map(({ name }) => name), whole.programs.map(({ name }) => name));
  assertEquals(stripped.btf(), whole.btf());
});

Deno.test("an object without debug information stays as it is", () => {
  assertStrictEquals(withoutDebug(types), types);
});
