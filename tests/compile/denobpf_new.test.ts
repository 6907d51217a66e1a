/** `denobpf new` and `denobpf skeleton`; what they make is built and run by guide.test.ts. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { kernelTest, runTool } from "../kernel/harness.ts";

const root = new URL("../../", import.meta.url);
const folder = Deno.makeTempDirSync();

/** Runs `denobpf new`, with no permissions but those of all tools. */
function make(...args: string[]) {
  return runTool("denobpf", ["new", ...args], { cwd: folder });
}

/** The files below a folder, with their texts. */
function files(path: string): Map<string, string> {
  const found = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  return new Map(found.map((name) => [name, Deno.readTextFileSync(`${path}/${name}`)]));
}

kernelTest("denobpf new tells what it has written, in a folder of the name", {}, async () => {
  const { stdout, stderr, code } = await make("first");
  assertEquals([stderr, code], ["", 0]);
  const names = [...files(`${folder}/first`).keys()];
  assertEquals(names.length, 7);
  const [told, next] = stdout.split("\n\n");
  assertEquals(told.split("\n").sort(), names.map((name) => `first/${name}`).sort());
  assertEquals(next, "Next: cd first && make test\n");
  assert((Deno.statSync(`${folder}/first/first.ts`).mode! & 0o100) !== 0);
});

kernelTest("denobpf new overwrites nothing", {}, async () => {
  Deno.mkdirSync(`${folder}/taken`);
  Deno.writeTextFileSync(`${folder}/taken/Makefile`, "mine");
  const { stdout, stderr, code } = await make("second", "taken");
  assertEquals([stdout, code], ["", 1]);
  assertEquals(stderr, "denobpf new: taken/Makefile: there already, nothing was written\n");
  assertEquals([...files(`${folder}/taken`)], [["Makefile", "mine"]]);
});

kernelTest("denobpf new links the checkout that it runs from, or none", {}, async () => {
  await make("linked");
  await make("published", "--lib", "jsr");
  await make("other", "deep/er", "--lib", root.pathname);
  const configOf = (path: string) => JSON.parse(files(`${folder}/${path}`).get("deno.json")!);
  const [linked, published] = [configOf("linked"), configOf("published")];
  assertEquals(linked.links, [root.href]);
  assertEquals(configOf("deep/er").links, linked.links);
  assertEquals(published.links, undefined);
  const specifier = `jsr:@denobpf/denobpf@^${config.version}`;
  assertEquals(published.imports["@denobpf/denobpf"], specifier);
});

kernelTest("denobpf new refuses names that cannot be those of a tool", {}, async () => {
  for (
    const name of ["Upper", "with-dash", "../up", "9lives", "", "class", "symbol", "tool", "pids"]
  ) {
    const { stdout, stderr, code } = await make(name);
    assertEquals([stdout, code], ["", 64], stderr);
    assertStringIncludes(stderr, "cannot be the name of a tool");
  }
  const { stderr, code } = await make("good", "--lib", "/nosuch");
  assertEquals(code, 64);
  assertStringIncludes(stderr, `--lib: "/nosuch" is no checkout of denobpf`);
  assertEquals([...Deno.readDirSync(folder)].some(({ name }) => name === "good"), false);
});

kernelTest("denobpf new says why it cannot write", {}, async () => {
  const { stderr, code } = await make("stuck", "/proc/nosuch");
  assertEquals(code, 1);
  assertMatch(stderr, /^denobpf new: Cannot make the directory \/proc\/nosuch: .*\n$/);
});

kernelTest("denobpf skeleton prints what the build generates, importing by name", {}, async () => {
  const { stdout, stderr, code } = await runTool("denobpf", ["skeleton", "build/minimal.bpf.o"]);
  assertEquals([stderr, code], ["", 0]);
  const built = Deno.readTextFileSync(new URL("build/skel/minimal.ts", root));
  const imported = built.replace('"../../lib/skeleton/mod.ts"', '"@denobpf/denobpf/skeleton"');
  assertEquals(stdout, imported);
  const other = await runTool("denobpf", ["skeleton", "--import", "#x", "build/minimal.bpf.o"]);
  assertStringIncludes(other.stdout, 'import * as $ from "#x";');
});

kernelTest(
  "denobpf skeleton ends with 65 and one line for a file that is no object",
  {},
  async () => {
    Deno.writeFileSync(
      `${folder}/cut.bpf.o`,
      Deno.readFileSync("build/minimal.bpf.o").slice(0, 2000),
    );
    Deno.writeTextFileSync(`${folder}/empty.o`, "");
    const wrong = ["/bin/true", "/etc/passwd", "/etc", "/nosuch"];
    for (const file of [...wrong, `${folder}/cut.bpf.o`, `${folder}/empty.o`]) {
      const { stdout, stderr, code } = await runTool("denobpf", ["skeleton", file]);
      assertEquals([stdout, code], ["", 65], stderr);
      const [line, ...hints] = stderr.trimEnd().split("\n");
      assertStringIncludes(line, `denobpf skeleton: Cannot generate a skeleton from ${file}: `);
      assert(hints.every((hint) => hint.startsWith("denobpf skeleton: hint: ")), stderr);
    }
  },
);
