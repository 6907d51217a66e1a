/**
 * Every option is used in a test: a tool's own in the tests of that tool, those that all tools share in the
 * tests of the frame. That a test uses an option is seen in its text.
 */
import { assert, assertEquals } from "@std/assert";
import { frameOptions } from "#lib/tool/options/frame_options.ts";
import { type Declarations, longName } from "#lib/tool/options/declarations.ts";
import { targetOptions } from "#lib/tool/options/targets.ts";
import { findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { ownTests, testFiles } from "../test_files.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Options that tools share, and that do the same in each. */
const shared: Declarations = { ...frameOptions, ...targetOptions };

function textOf(files: readonly string[]): string {
  return files.map((path) => Deno.readTextFileSync(root + path)).join("\n");
}

/** The options that no test names: as a word of a command line, or in an object that a function is given. */
function unused(options: Declarations, text: string): string[] {
  const members = text.match(/[(,]\s*\{[^}]*/g)?.join("\n") ?? "";
  return Object.entries(options).filter(([key, { letter }]) => {
    const long = new RegExp(`["'\` ]--${longName(key)}\\b`);
    const short = new RegExp(`["'\` ]-[a-zA-Z]*${letter || "(?!)"}`);
    return !long.test(text) && !short.test(text) && !new RegExp(`\\b${key}\\b`).test(members);
  }).map(([key]) => longName(key));
}

for (const name of toolNames) {
  Deno.test(`every option of ${name} is used in its own tests`, async () => {
    const files = ownTests(name);
    assert(files.length > 0, `${name} has no test: write tests/tools/${name}.test.ts`);
    const { options } = await findTool(name);
    const own = Object.entries(options).filter(([key, option]) => option !== shared[key]);
    assertEquals(unused(Object.fromEntries(own), textOf(files)), []);
  });
}

Deno.test("every option that the tools share is used in a test", () => {
  const files = [...testFiles("tests/kernel"), ...testFiles("tests/tools")];
  assertEquals(unused(shared, textOf(files)), []);
});

Deno.test("an option that no test uses is found", () => {
  const text = `runTool("some", ["-xo", "--max-args", "3"]); some({ uid: 3 });`;
  const { fields, output, verbose } = frameOptions;
  const options = { max_args: fields, uid: fields, output, verbose, fields };
  assertEquals(unused(options, text), ["verbose", "fields"]);
});
