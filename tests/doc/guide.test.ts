/** The pages about a tool of one's own, followed from their first line to their last, with nothing but the package. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../kernel/harness.ts";
import { listings } from "../kernel/listings.ts";
import { followed } from "./home.ts";

for (const page of ["docs/guide.md", "docs/inside-a-tool.md"]) {
  kernelTest(`${page} can be followed from its first line to its last`, {}, () => followed(page));

  kernelTest(`${page} runs every listing that it has`, {}, () => {
    const all = listings(page);
    assert(all.length > 10);
    assertEquals(all.filter(({ note }) => note.includes("ignore")), []);
    // A listing that is indented is none.
    assertEquals(Deno.readTextFileSync(page).match(/^ +```/gm), null);
  });
}
