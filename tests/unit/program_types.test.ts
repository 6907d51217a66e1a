import { assert, assertEquals, assertMatch } from "@std/assert";
import * as library from "#lib/mod.ts";
import { page } from "../../scripts/program-types.ts";
import { rows } from "../program_types.ts";

const root = new URL("../../", import.meta.url);

Deno.test("docs/program-types.md is what scripts/program-types.ts writes", () => {
  const written = Deno.readTextFileSync(new URL("docs/program-types.md", root));
  // `make fmt` may break lines elsewhere, and pads the table.
  assertEquals(words(written), words(page()), "run: deno run -A scripts/program-types.ts");
});

Deno.test("the functions and tests that the table names exist", () => {
  for (const { section, by, events } of rows) {
    if (by !== undefined) assert(by in library, `${section}: ${by}`);
    if (events === undefined) continue;
    const text = Deno.readTextFileSync(new URL(`tests/kernel/${events}`, root));
    assertMatch(text, new RegExp(`\\b${by}\\(`), `${section}: ${events}`);
  }
});

function words(text: string): string[] {
  return text.replaceAll(/-{3,}/g, "-").split(/\s+/);
}
