/** The examples in the library's JSDoc, run on the real kernel with the objects of this project. */
import { assert, assertEquals } from "@std/assert";
import { isSlow, kernelTest, startCommand } from "../kernel/harness.ts";
import { filesBelow } from "../test_files.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The modules that others import, and those that have what these export. */
const modules = ["lib/mod.ts", "lib/tool/mod.ts"];
const folders = ["lib/btf", "lib/libbpf", "lib/objects", "lib/symbols", "lib/sys", "lib/tool"];

interface Declaration {
  readonly jsDoc?: unknown;
}

interface Exported {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** What a module exports, as `deno doc --json` has it: a list of nodes before Deno 2.5, then by file. */
async function exportsOf(module: string): Promise<Exported[]> {
  const { stdout } = await startCommand([Deno.execPath(), "doc", "--json", module]).finish(60_000);
  const { nodes } = JSON.parse(stdout);
  if (!Array.isArray(nodes)) {
    return Object.values(nodes as Record<string, { symbols: Exported[] }>)
      .flatMap(({ symbols }) => symbols);
  }
  return nodes.map((node) => ({ name: node.name, declarations: [node] }));
}

for (const module of modules) {
  Deno.test(`every function, class and value of ${module} has an example`, async () => {
    const names = new Map<string, boolean>();
    for (const { name, declarations } of await exportsOf(module)) {
      const has = declarations.some(({ jsDoc }) => JSON.stringify(jsDoc ?? "").includes("```ts"));
      names.set(name, has || (names.get(name) ?? false));
    }
    const values = Object.keys(await import(`../../${module}`));
    assert(values.length > 10);
    assertEquals(values.filter((name) => !names.get(name)), []);
  });
}

Deno.test("no example of the library is marked to be ignored", () => {
  const all = folders.flatMap((folder) => [...filesBelow(folder, ".ts")]);
  const marked = all.filter((path) => /```.*\bignore\b/.test(Deno.readTextFileSync(root + path)));
  assertEquals(marked, []);
});

/** Deno 2.4 takes the libraries that stay open for leaks of an example, and takes no option for that. */
const takesLibrariesForLeaks = Deno.version.deno.startsWith("2.4.");

kernelTest("the examples of the library run as they are", {}, async () => {
  if (takesLibrariesForLeaks) return;
  const command = [
    Deno.execPath(),
    "test",
    "--doc",
    "--allow-all",
    "--quiet",
    // Types take an emulated machine minutes, and are checked elsewhere.
    ...isSlow() ? ["--no-check"] : [],
    ...folders,
  ];
  const { stdout, stderr, code } = await startCommand(command, { env: { NO_COLOR: "1" } })
    .finish(240_000);
  assertEquals(code, 0, stdout + stderr);
  const [, passed] = /^ok \| (\d+) passed \| 0 failed/m.exec(stdout)!;
  assert(Number(passed) > 50, stdout);
});
