import { assertEquals } from "@std/assert";
import { commonBeside } from "#lib/tool/options/frame_options.ts";
import { longName } from "#lib/tool/options/declarations.ts";
import { findTool, toolNames } from "../../tools/registry.ts";

/** The text of all tests that start tools. */
function testTexts(): string {
  const folder = new URL("../kernel/", import.meta.url);
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".test.ts"))
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)))
    .join("\n");
}

for (const name of toolNames) {
  Deno.test(`every option of ${name} is used in a test`, async () => {
    const texts = testTexts();
    const tool = await findTool(name);
    const options = Object.entries({ ...tool.options, ...commonBeside(tool) });
    const unused = options.filter(([key, { letter }]) => {
      const long = new RegExp(`["' ]--${longName(key)}\\b`);
      const short = new RegExp(`["' ]-[a-zA-Z]*${letter || "(?!)"}`);
      const inModule = new RegExp(`\\b${key}: `);
      return ![long, short, inModule].some((form) => form.test(texts));
    });
    assertEquals(unused.map(([key]) => longName(key)), []);
  });
}
