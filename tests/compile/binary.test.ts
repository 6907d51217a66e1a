/** The binary as a command: what it is, by which name, and with which libbpf. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { runnable, toolNames } from "../../tools/denobpf/registry.ts";
import { startCommand } from "../kernel/harness.ts";
import { momentOf, toolsThatRun } from "../kernel/scenario.ts";
import { binary, binaryTest, make, root } from "./making.ts";

async function run(command: string, args: string[], env: Record<string, string> = {}) {
  return await startCommand([command, ...args], { env }).finish(30_000);
}

binaryTest("the binary says what is in it", async () => {
  const { stdout, stderr, code } = await run(await binary(), ["--version"]);
  assertEquals([stderr, code], ["", 0]);
  const [first, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(first, `denobpf ${config.version}`);
  const told = Object.fromEntries(rows.map((row) => row.split(/ +(.*)/)));
  assertMatch(told.commit, /^([0-9a-f]{12}(-dirty)?|unknown)$/);
  assertEquals(told.deno, "2.4.2, in this binary");
  assertEquals(told.libbpf, "1.5, in this binary");
  assertMatch(told.clang, /^\d+\.\d+\.\d+/);
  assertMatch(told.btf, /x86$/);
});

binaryTest("the binary lists the tools, helps, and completes as the source form does", async () => {
  for (const args of [["list"], ["--help"], ["execsnoop", "--help"], ["completions", "zsh"]]) {
    const source = ["run", "--allow-ffi", "--allow-read", "tools/denobpf.ts", ...args];
    const { stdout, code } = await run(await binary(), args);
    assertEquals(code, 0);
    assertEquals(stdout, (await run(Deno.execPath(), source)).stdout);
  }
});

binaryTest("DENOBPF_LIBBPF=system takes the host's libbpf, a path another", async () => {
  const version = async (libbpf: string) =>
    (await run(await binary(), ["--version"], { DENOBPF_LIBBPF: libbpf })).stdout;
  assertMatch(await version("system"), /^libbpf +1\.\d+, \/.*\/libbpf\.so\.1$/m);
  const path = `${root}build/libbpf.so`;
  assertStringIncludes(await version(path), `1.5, ${path}\n`);
  const none = await run(await binary(), ["bootstrap"], { DENOBPF_LIBBPF: "/none.so" });
  assertEquals(none.code, 69);
  assertMatch(none.stderr, /Cannot open \/none\.so.*\n.*unset .* to use the one in this binary/);
});

binaryTest("the binary opens nothing in the folder of temporary files", async () => {
  const folder = await Deno.makeTempDir();
  const trace = await Deno.makeTempFile();
  try {
    await run("mkfifo", [`${folder}/package.json`]); // would hold up who opens it
    const strace = ["-f", "--seccomp-bpf", "-qq", "-s", "256", "-e", "trace=%file", "-o", trace];
    const commands = [
      ...await Promise.all((await toolsThatRun()).map(momentOf)),
      ["doctor", "execsnoop"],
      ["execsnoop", "-xT", "--seconds", "0"],
      ["prog", "list"],
    ];
    for (const command of commands) {
      const output = await run("strace", [...strace, await binary(), ...command], {
        TMPDIR: folder,
      });
      assertEquals([output.code, command], [0, command], output.stderr);
      const opened = (await Deno.readTextFile(trace)).split("\n")
        .filter((line) => line.includes(`"${folder}/`));
      assertEquals(opened, [], command.join(" "));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(trace);
  }
});

binaryTest("the binary shows names of C++ as people write them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await run("mkfifo", [`${folder}/package.json`]); // would hold up who opens it
    await using mangled = startCommand(["build/tests/mangled"]);
    const args = ["profile", "-U", "-p", `${mangled.pid}`, "0.5"];
    const { stdout, stderr } = await run(await binary(), args, { TMPDIR: folder });
    assertStringIncludes(stdout, "foo::burn()", stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

binaryTest("through a link or as a copy with a tool's name the binary is that tool", async () => {
  const folder = await Deno.makeTempDir();
  const denobpf = await binary();
  try {
    for (let time = 0; time < 2; time++) {
      const { stdout, code } = await run(denobpf, ["install-links", folder]);
      assertEquals(code, 0);
      assertEquals(stdout.trimEnd().split("\n").length, runnable.length);
    }
    for (const name of toolNames) {
      const { stdout } = await run(`${folder}/${name}`, ["--version"]);
      assertEquals(stdout, `${name} (denobpf) ${config.version}\n`);
    }
    await Deno.mkdir(`${folder}/copy`);
    await Deno.copyFile(denobpf, `${folder}/copy/minimal`);
    const { stdout } = await run(`${folder}/copy/minimal`, ["--version"]);
    assertEquals(stdout, `minimal (denobpf) ${config.version}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

binaryTest("install-links replaces nothing, and then makes no link at all", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/syscount`, "the C tool");
    const { stderr, code } = await run(await binary(), ["install-links", folder]);
    assertEquals(code, 1);
    assertMatch(stderr, /syscount" exists and is no link to this binary; nothing was changed/);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["syscount"]);
    const missing = await run(await binary(), ["install-links", `${folder}/none`]);
    assertEquals(missing.code, 1);
    assertMatch(missing.stderr, /Cannot make the link .*ENOENT/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

binaryTest("make compile TOOL=minimal makes a binary of that tool alone", async () => {
  const { code, stderr } = await make(root, "compile", "TOOL=minimal");
  assertEquals(code, 0, stderr);
  const tool = `${root}build/dist/minimal`;
  const { stdout } = await run(tool, ["--version"]);
  assertEquals(stdout, `minimal (denobpf) ${config.version}\n`);
  const [one, all] = [tool, await binary()].map((path) => Deno.statSync(path).size);
  assert(one < all, `${one} bytes with one tool, ${all} with all`);
  const wrong = await make(root, "compile", "TOOL=nosuch");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, `TOOL=nosuch is none of: ${toolNames.join(" ")}`);
});

binaryTest("make compile names DENORT_BIN when there is no denort", async () => {
  const { code, stderr } = await make(root, "compile", "TOOL=minimal", "DENORT_BIN=/none");
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /compile: Deno 2\.4\.2 needs its runtime for x86_64-unknown-linux-gnu, denort/,
  );
  assertStringIncludes(stderr, "DENORT_BIN names /none: is it that?");
});
