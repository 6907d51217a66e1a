/** `denobpf new` and `denobpf skeleton`; what they make is built and run by guide.test.ts. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { kernelTest, patient, runTool, startCommand } from "../kernel/harness.ts";

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

kernelTest("denobpf new says what it has written, in a folder of the name", {}, async () => {
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
  assertEquals(stderr, "denobpf new: taken/Makefile: there already; nothing was written\n");
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

/** A copy of this checkout, with what is built of it. */
function copyOfCheckout(): string {
  const copy = Deno.makeTempDirSync();
  const { success, stderr } = new Deno.Command("sh", {
    args: [
      "-c",
      `scripts/copy-tree ${copy} && cp -a --parents build/target build/config.mk \\
      build/about.json build/vmlinux.h build/registry.ts build/*.bpf.[do] build/examples \\
      build/variants build/skel build/lib build/flame_page.ts ${copy}`,
    ],
    cwd: root,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return copy;
}

kernelTest("denobpf new --here writes a tool that passes what every tool must", {}, async () => {
  const copy = copyOfCheckout();
  const run = (...command: string[]) =>
    startCommand(command, { cwd: copy, env: { MAKEFLAGS: "", MAKELEVEL: "", NO_COLOR: "1" } })
      .finish(patient(120_000));
  const deno = Deno.execPath();
  try {
    const command = [
      deno,
      "run",
      "--allow-ffi",
      "--allow-read",
      "tools/denobpf.ts",
      "new",
      "opens",
    ];
    const { stdout, stderr, code } = await run(...command, "--here");
    assertEquals([stderr, code], ["", 0]);
    const [told, next] = stdout.split("\n\n");
    const files = told.split("\n").map((path) => path.replace(`${copy}/`, ""));
    assertEquals(files.sort(), [
      ...["CHANGELOG.md", "bpf/opens.bpf.c", "docs/opens.md", "tests/tools/opens.scenario.ts"],
      ...["tests/tools/opens.test.ts", "tools/opens.ts"],
    ]);
    assertEquals(next, `Next: cd ${copy} && make api fmt && make test TEST=opens\n`);
    const again = await run(...command, "--here");
    assertEquals([again.stdout, again.code], ["", 1]);

    const own = ["tools/opens.ts", "tests/tools/opens.test.ts", "tests/tools/opens.scenario.ts"];
    const read = () => own.map((file) => Deno.readTextFileSync(`${copy}/${file}`));
    const written = read();
    const built = await run("make", "--no-print-directory", `deno=${deno}`, "build", "fmt");
    assertEquals(built.code, 0, built.stderr);
    const { exports } = JSON.parse(Deno.readTextFileSync(`${copy}/deno.json`));
    assertEquals(exports["./tools/opens"], "./tools/opens.ts");
    const changelog = Deno.readTextFileSync(`${copy}/CHANGELOG.md`);
    assertEquals(changelog.match(/^- opens: every exec\(\) on the host\.$/gm)?.length, 1);
    assertEquals(read(), written, "make fmt changes nothing");
    const checked = await run(deno, "check", "--quiet", ...own);
    assertEquals(checked.code, 0, checked.stderr);
    const tested = await run(
      ...[deno, "test", "--allow-all", "--no-check", "tests/tools/opens.test.ts"],
      ...["tests/unit/registry.test.ts", "tests/unit/options_used.test.ts"],
    );
    assertEquals(tested.code, 0, tested.stdout);
    const shown = await run(
      ...[deno, "test", "--allow-all", "--no-check", "--filter", "/^opens /"],
      ...["tests/kernel/every_tool.test.ts", "tests/kernel/loads.test.ts"],
    );
    assertEquals(shown.code, 0, shown.stdout);
    assertStringIncludes(shown.stdout, "2 passed");
  } finally {
    Deno.removeSync(copy, { recursive: true });
  }
});

kernelTest("denobpf new --here refuses a folder, and the name of a tool", {}, async () => {
  for (const words of [["opens", "folder"], ["opens", "--lib", "jsr"]]) {
    const { stderr, code } = await make(...words, "--here");
    assertEquals([stderr, code], ["denobpf new: --here goes with neither DIR nor --lib\n", 64]);
  }
  const { stderr, code } = await make("execsnoop", "--here");
  assertEquals([stderr, code], ["denobpf new: execsnoop is the name of a tool already\n", 64]);
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
  const imported = built.replace('"#lib/skeleton/mod.ts"', '"@denobpf/denobpf/skeleton"');
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
