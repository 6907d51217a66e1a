/** `#lib/`, which scripts/library.ts builds of lib/. */
import { assert, assertEquals } from "@std/assert";
import { filesIn } from "../../scripts/files.ts";

const root = new URL("../../", import.meta.url);

/** What Deno prints, called with these arguments in the project's folder. */
function printed(...args: string[]): { stdout: string; stderr: string } {
  const env = { NO_COLOR: "true" };
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), { args, cwd: root, env })
    .outputSync();
  const text = new TextDecoder();
  return { stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("each module of lib/ is there, with all that it exports", async () => {
  const modules = filesIn(root, "lib/").filter((path) => path.endsWith(".ts"));
  for (const module of modules) {
    const [built, source] = await Promise.all([import(`#${module}`), import(`${root}${module}`)]);
    assertEquals(Object.keys(built), Object.keys(source), module);
  }
  assert(modules.length > 300);
});

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

Deno.test("a tool starts with one file of what every tool needs", () => {
  const { stdout } = printed("info", "--json", "tools/minimal.ts");
  const { roots, modules }: { roots: string[]; modules: Module[] } = JSON.parse(stdout);
  const needed = new Set(roots);
  for (const specifier of needed) {
    const { dependencies = [] } = modules.find((module) => module.specifier === specifier)!;
    for (const { code, isDynamic } of dependencies) {
      if (code && !isDynamic) needed.add(code.specifier);
    }
  }
  const paths = [...needed].map((specifier) => specifier.slice(root.href.length)).sort();
  assertEquals(paths, [
    "build/lib/shared/frame.js",
    "build/lib/skeleton/mod.js",
    "build/lib/skeleton/mod.ts",
    "build/lib/tool/mod.js",
    "build/lib/tool/mod.ts",
    "build/skel/minimal.ts",
    "tools/minimal.ts",
  ]);
});

Deno.test("what only commands need is not in that file, so scripts do not load it", () => {
  const map = new URL("build/lib/shared/frame.js.map", root);
  const { sources }: { sources: string[] } = JSON.parse(Deno.readTextFileSync(map));
  const names = sources.map((path) => path.replace(/^.*\//, ""));
  assert(names.includes("ring_buffer.ts"));
  const commandsOnly = ["completions.ts", "help.ts", "filter.ts", "schema.ts", "tables.ts"];
  assertEquals(commandsOnly.filter((name) => names.includes(name)), []);
});

Deno.test("an error names the source", () => {
  const { stderr } = printed(
    "eval",
    'import { OpenFile } from "#lib/sys/file.ts"; OpenFile.open("/nosuch/file");',
  );
  assert(/^ +at .*\/lib\/sys\/file\.ts:\d+:\d+\)$/m.test(stderr), stderr);
  assert(!stderr.includes("build/lib"), stderr);
});

Deno.test("what is short still lets go of what it holds", () => {
  const count = (folder: string, ending: string, using: RegExp) =>
    filesIn(root, folder).filter((path) => path.endsWith(ending))
      .flatMap((path) => Deno.readTextFileSync(new URL(path, root)).match(using) ?? []).length;
  const sources = count("lib/", ".ts", /^ *(?:await )?using \w+ = /gm);
  assertEquals(count("build/lib/", ".js", /\busing [\w$]+=/g), sources);
  assert(sources > 30);
});
