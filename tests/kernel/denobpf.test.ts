import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { aliasNames, findAlias, findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { kernelTest, runExecs, runTool, startTool } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("every kernel half has a tool of its name", () => {
  const halves = [...Deno.readDirSync(`${root}bpf`)]
    .flatMap(({ name }) => /^(.*)\.bpf\.c$/.exec(name)?.[1] ?? []);
  assertEquals(halves.filter((name) => !toolNames.some((tool) => tool === name)), []);
});

Deno.test("every tool has its file's name, a brief and an example", async () => {
  for (const name of toolNames) {
    const tool = await findTool(name);
    assertEquals(tool.name, name);
    assert(tool.brief.length > 0 && tool.examples.length > 0);
  }
});

kernelTest("denobpf runs a tool with its options", {}, async () => {
  await using tool = startTool("denobpf", ["execsnoop", "-U", "--comm", "true"]);
  await tool.until("UID    PCOMM");
  await runExecs({ args: (index) => ["denobpf", String(index)] });
  await tool.until("/bin/true denobpf 22\n");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals(stdout.match(/\/bin\/true denobpf \d+\n/g)?.length, 23);
  assertEquals([stderr, code], ["", 0]);
});

kernelTest("denobpf gives a tool's help and its exit code", {}, async () => {
  const help = await runTool("denobpf", ["bootstrap", "--help"]);
  assertEquals([help.stderr, help.code], ["", 0]);
  assertEquals(help.stdout, (await runTool("bootstrap", ["--help"])).stdout);
  const wrong = await runTool("denobpf", ["bootstrap", "--durations"]);
  assertEquals([wrong.stdout, wrong.code], ["", 64]);
  assertStringIncludes(wrong.stderr, "bootstrap: unknown option --durations, did you mean");
});

kernelTest("denobpf list shows every tool in one line", {}, async () => {
  const { stdout } = await runTool("denobpf", ["list", "--no-header"]);
  const lines = stdout.trimEnd().split("\n");
  const tools = [
    ...await Promise.all(toolNames.map(findTool)),
    ...await Promise.all(aliasNames.map(findAlias)),
  ];
  assertEquals(
    lines,
    tools.map(({ name, group, brief }) => `${name.padEnd(16)} ${group!.padEnd(9)} ${brief}`),
  );
  const json = (await runTool("denobpf", ["list", "-o", "json"])).stdout.trimEnd().split("\n");
  assertEquals(
    json.map((line) => JSON.parse(line)),
    tools.map(({ name, group, brief }) => ({ tool: name, group, brief })),
  );
});

kernelTest("denobpf --help names every tool, within 80 columns", {}, async () => {
  for (const option of ["--help", "-h"]) {
    const { stdout, code } = await runTool("denobpf", [option]);
    assertEquals(code, 0);
    for (const name of toolNames) assertStringIncludes(stdout, `\n  ${name}\n`);
    assert(stdout.split("\n").every((line) => line.length < 80));
  }
});

kernelTest("denobpf --version is that of deno.json, and describes the build", {}, async () => {
  for (const option of ["--version", "-V"]) {
    const { stdout } = await runTool("denobpf", [option]);
    const [first, ...rows] = stdout.trimEnd().split("\n");
    assertEquals(first, `denobpf ${config.version}`);
    const told = Object.fromEntries(rows.map((row) => row.split(/ +(.*)/)));
    assertEquals(Object.keys(told), ["commit", "deno", "libbpf", "clang", "btf"]);
    assertEquals(told.deno, Deno.version.deno);
    assertMatch(told.libbpf, /^1\.\d+, \/.*libbpf\.so/);
    for (const name of ["clang", "btf"]) assert(told[name] !== "unknown", name);
  }
});

kernelTest("denobpf ends with 64 and a suggestion for what it does not know", {}, async () => {
  for (
    const [args, message] of [
      [[], "name a tool or a command (denobpf --help shows them)"],
      [["execsnop"], `no tool is called "execsnop", did you mean execsnoop?`],
      [["docter"], `no tool is called "docter", did you mean doctor?`],
      [["xyzzy\x1b"], `no tool is called "xyzzy\\x1b" (denobpf list shows them all)`],
      [["toString"], `no tool is called "toString" (denobpf list shows them all)`],
      [["completions"], "completions: name one shell: bash, zsh, fish"],
      [["completions", "tcsh"], "completions: name one shell: bash, zsh, fish"],
    ] as const
  ) {
    const { code, stdout, stderr } = await runTool("denobpf", args);
    assertEquals([code, stdout, stderr], [64, "", `denobpf: ${message}\n`]);
  }
  const { code, stderr } = await runTool("denobpf", ["doctor", "execsnop"]);
  const message = 'doctor: no tool is called "execsnop", did you mean execsnoop?\n';
  assertEquals([code, stderr], [64, message]);
});

kernelTest("denobpf completions know every tool and its options", {}, async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout, code } = await runTool("denobpf", ["completions", shell]);
    assertEquals(code, 0);
    for (const name of toolNames) assertMatch(stdout, new RegExp(`\\b${name}\\b`));
    assertStringIncludes(stdout, "max-args");
    assertStringIncludes(stdout, "table json csv");
  }
});

kernelTest("denobpf flame draws what a tool has folded, and how two runs differ", {}, async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const [before, after] = ["before", "after"].map((name) => `${folder}/${name}.folded`);
    Deno.writeTextFileSync(before, "sh;main 3\n");
    Deno.writeTextFileSync(after, "sh;main 7\nsh;<b> 7\n");
    const picture = await runTool("denobpf", ["flame", "-o", "svg", "--unit", "bytes", after]);
    assertEquals([picture.stderr, picture.code], ["", 0]);
    assertStringIncludes(picture.stdout, "<title>main: 7 bytes, 50.00 %</title>");
    const page = await runTool("denobpf", ["flame", before, after]);
    assertEquals([page.stderr, page.code], ["", 0]);
    assertStringIncludes(page.stdout, "<title>after.folded since before.folded</title>");
    assertStringIncludes(page.stdout, String.raw`{"n":"\u003cb>","k":"user","v":7,"b":0}`);

    Deno.writeTextFileSync(before, "sh;main 3\nsh;\x1bmain\n");
    const wrong = await runTool("denobpf", ["flame", before]);
    assertEquals([wrong.stdout, wrong.code], ["", 65]);
    assertStringIncludes(wrong.stderr, String.raw`line 2: "sh;\x1bmain" is no folded stack`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
