/** bpf/include/kinds.h, lib/skeleton/kinds.ts and lib/tool/members/c_kinds.ts name the same typedefs. */
import { assertEquals } from "@std/assert";
import { KINDS } from "#lib/skeleton/kinds.ts";
import { membersOfC } from "#lib/tool/members/c_kinds.ts";
import type { KindName } from "#lib/skeleton/kinds.ts";
import type { KindValues } from "#lib/tool/members/c_kinds.ts";

/** Aggregates: no event has them as a member that is shown. */
const ONLY_C = ["stack_id", "hist_slot"];

const header = Deno.readTextFileSync(new URL("../../bpf/include/kinds.h", import.meta.url));
const typedefs = [...header.matchAll(/^typedef \w+ (\w+)(?:\[\d+\])?;/gm)].map(([, name]) => name);

/** Compiles if the two lists of types name the same. */
const valueTypes: Record<KindName, true> & Record<keyof KindValues, true> = Object.fromEntries(
  Object.keys(KINDS).map((name) => [name, true]),
) as Record<KindName & keyof KindValues, true>;

Deno.test("the generator of skeletons knows each typedef of kinds.h, in its order", () => {
  assertEquals(Object.keys(KINDS), typedefs.filter((name) => !ONLY_C.includes(name)));
  assertEquals(typedefs.filter((name) => ONLY_C.includes(name)), ONLY_C);
});

Deno.test("the frame shows a member of each of them", () => {
  const names = Object.keys(KINDS);
  const kinds = Object.fromEntries(names.map((kind) => [kind, { kind, read: () => undefined }]));
  const members = membersOfC(kinds);
  assertEquals(Object.keys(members), names);
  for (const [name, { brief, kind, width }] of Object.entries(members)) {
    assertEquals(brief, KINDS[name as KindName]);
    assertEquals([typeof kind.name, typeof width], ["string", "number"], name);
  }
  assertEquals(Object.keys(valueTypes), names);
});
