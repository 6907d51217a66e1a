/** What follows from the tools that there are: the registry, the exports, and names for tools. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { exportsWith, registry, toolNames } from "../../scripts/registry.ts";
import { tool } from "./sample_tool.ts";

const root = new URL("../../", import.meta.url);

Deno.test("the registry of this build has the tools of this tree", async () => {
  const { tools } = await import("#registry");
  assertEquals(Object.keys(tools), toolNames());
});

Deno.test("deno.json exports every tool: make fmt writes them", () => {
  assertEquals(
    Object.entries(config.exports),
    Object.entries(exportsWith(config.exports, toolNames())),
  );
});

Deno.test("exports follow the tools that come and go", () => {
  const library = { ".": "./lib/mod.ts", "./tool": "./lib/tool/mod.ts" };
  assertEquals(exportsWith({ ...library, "./tools/gone": "./tools/gone.ts" }, ["ticks", "apes"]), {
    ...library,
    "./tools/apes": "./tools/apes.ts",
    "./tools/denobpf": "./tools/denobpf.ts",
    "./tools/ticks": "./tools/ticks.ts",
  });
});

Deno.test("a name or an alias that two tools have is refused", () => {
  const tools = [{ name: "one", aliases: { two: [] } }, { name: "two" }];
  assertThrows(() => registry(tools), Error, "Two tools are called two");
  const aliases = [{ name: "one", aliases: { a: [] } }, { name: "two", aliases: { a: [] } }];
  assertThrows(() => registry(aliases), Error, "Two tools are called a");
});

/** Runs denobpf where the sample is its only tool. */
async function denobpf(...args: string[]) {
  const folder = Deno.makeTempDirSync();
  try {
    const sample = new URL("sample_tool.ts", import.meta.url);
    Deno.writeTextFileSync(`${folder}/ticks.ts`, `export { tool } from "${sample}";\n`);
    Deno.writeTextFileSync(`${folder}/registry.ts`, registry([tool], "."));
    const imports = Object.entries({ ...config.imports, "#registry": `${folder}/registry.ts` })
      .map(([name, to]) => [name, to.startsWith("npm:") ? to : new URL(to, root).href]);
    const map = JSON.stringify({ imports: Object.fromEntries(imports) });
    Deno.writeTextFileSync(`${folder}/map.json`, map);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--allow-ffi", "--allow-read", `--import-map=${folder}/map.json`],
        ...[new URL("tools/denobpf.ts", root).pathname, ...args],
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a tool runs under its alias, with the options that this stands for", async () => {
  const { stdout, stderr, code } = await denobpf("tocks", "--events", "2", "--no-header");
  assertEquals([stdout.match(/\btock$/gm)?.length, stderr, code], [2, "", 0]);
  const own = await denobpf("tocks", "--events", "1", "-l", "own");
  assertStringIncludes(own.stdout, "own\n");
  const wrong = await denobpf("tocks", "--nosuch");
  assertEquals(wrong.stderr, "tocks: unknown option --nosuch (tocks --help lists the options)\n");
  assertEquals((await denobpf("tocs")).stderr.endsWith(", did you mean tocks?\n"), true);
});

Deno.test("an alias is listed, completed and explained", async () => {
  const { stdout } = await denobpf("list", "-o", "json");
  assertEquals(stdout.trim().split("\n").map((line) => JSON.parse(line)), [
    { tool: "ticks", group: "", brief: tool.brief },
    { tool: "tocks", group: "", brief: "The same as ticks -l tock" },
  ]);
  assertStringIncludes((await denobpf("--help")).stdout, "TOOLS:\n  ticks\n  tocks\n");
  assertStringIncludes((await denobpf("completions", "bash")).stdout, "\n      tocks)\n");
  assertStringIncludes((await denobpf("tocks", "--help")).stdout, "The same as ticks -l tock\n");
  const named = (await denobpf("doctor", "tocks", "-o", "json")).stdout.trim().split("\n").at(-1)!;
  assertEquals(JSON.parse(named).subject, "ticks");
});

Deno.test("no tool is called as a command of denobpf", async () => {
  const { stdout } = await denobpf("--help");
  const commands = stdout.match(/COMMANDS:\n((?: .*\n)+)/)![1].match(/^ {2}\w[\w-]*(, \w+)*/gm)!
    .flatMap((names) => names.trim().split(", "));
  assert(commands.includes("doctor") && commands.includes("btf"));
  assertEquals(commands.filter((name) => toolNames().includes(name)), []);
});
