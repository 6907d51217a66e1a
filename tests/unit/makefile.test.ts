import { assertEquals, assertStringIncludes } from "@std/assert";
import { toolNames } from "../../scripts/registry.ts";

const root = new URL("../../", import.meta.url).pathname;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs make in a folder, free of what a make around the tests hands down. */
async function makeIn(directory: string, ...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command("make", {
    args: ["--no-print-directory", ...args],
    cwd: directory,
    env: { MAKEFLAGS: "", MAKELEVEL: "" },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Runs make in the built tree. */
function make(...args: string[]): Promise<Result> {
  return makeIn(root, ...args);
}

/** A folder with what make itself needs, where nothing is built yet. */
async function copyOfSources(...more: string[]): Promise<string> {
  const copy = await Deno.makeTempDir();
  await Deno.mkdir(`${copy}/scripts`);
  for (const file of ["Makefile", "scripts/compile.mk", "scripts/deps", ...more]) {
    await Deno.copyFile(root + file, `${copy}/${file}`);
  }
  await Deno.mkdir(`${copy}/build/deno`, { recursive: true });
  await Deno.symlink(Deno.execPath(), `${copy}/build/deno/deno`);
  return copy;
}

/** What make would rebuild if `changed` had changed: the sources and skeletons of its quiet lines. */
async function rebuilt(changed: string): Promise<string[]> {
  const { stdout } = await make("--dry-run", `--what-if=${changed}`, "build");
  return stdout.split("\n").flatMap((line) => line.match(/^printf .* '(\S+)'$/)?.[1] ?? []);
}

/** Each tool as `make build` shows it, with its object if that is built as well. */
function linesOf(tools: string[], objects: boolean): string[] {
  const skeletons = tools.map((tool) => `build/skel/${tool}.ts`);
  const sources = objects ? tools.map((tool) => `bpf/${tool}.bpf.c`) : [];
  return [...sources, ...skeletons].sort();
}

/** The kernel halves in a folder, by their names. */
function halvesIn(folder: string): string[] {
  return [...Deno.readDirSync(root + folder)]
    .flatMap(({ name }) => name.match(/^(.*)\.bpf\.c$/)?.[1] ?? []).sort();
}

const tools = halvesIn("bpf");
const halves = [
  ...tools,
  ...["examples", "variants"].flatMap((folder) =>
    halvesIn(`bpf/${folder}`).map((name) => `${folder}/${name}`)
  ),
];

Deno.test("make build is silent when nothing changed", async () => {
  assertEquals(await make("build"), { code: 0, stdout: "", stderr: "" });
});

Deno.test("make build rebuilds one tool when its kernel half changes", async () => {
  const changed = "bpf/minimal.bpf.c";
  assertEquals((await rebuilt(changed)).sort(), linesOf(["minimal"], true));
});

Deno.test("make build rebuilds every kernel half when vmlinux.h changes", async () => {
  assertEquals((await rebuilt("build/vmlinux.h")).sort(), linesOf(halves, true));
});

Deno.test("make build rebuilds what includes a header that changes", async () => {
  const header = "bpf/include/syscall.h";
  const users = [];
  for (const tool of halves) {
    const notes = await Deno.readTextFile(`${root}build/${tool}.bpf.d`);
    if (notes.includes(header)) users.push(tool);
  }
  assertEquals(users.includes("execsnoop"), true);
  assertEquals((await rebuilt(header)).sort(), linesOf(users, true));
});

Deno.test("make build generates every skeleton anew when the generator changes", async () => {
  for (const part of ["lib/skeleton/generate.ts", "lib/btf/parse.ts"]) {
    assertEquals((await rebuilt(part)).sort(), ["build/lib", ...linesOf(halves, false)]);
  }
});

Deno.test("make dumps vmlinux.h again when VMLINUX_BTF changes, and says when there is none", async () => {
  const copy = await copyOfSources();
  const btf = `${copy}/some.btf`;
  const dump = (file: string) => makeIn(copy, `VMLINUX_BTF=${file}`, "build/vmlinux.h");
  try {
    await Deno.writeFile(btf, await Deno.readFile("/sys/kernel/btf/vmlinux"));
    assertEquals((await dump(btf)).stdout, `  BTF      ${btf}\n`);
    assertEquals((await dump(btf)).stdout, "make: 'build/vmlinux.h' is up to date.\n");
    const { code, stderr } = await dump("build/nosuch");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "build/nosuch: no BTF here");
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

Deno.test("make says which program of the user's choice cannot be used", async () => {
  const copy = await copyOfSources();
  try {
    const clang = await makeIn(copy, "CLANG=nosuch", "build/vmlinux.h");
    assertStringIncludes(clang.stderr, "deps: CLANG=nosuch does not run\n");
    const deno = await makeIn(copy, "DENO=/bin/true", "build/vmlinux.h");
    assertStringIncludes(deno.stderr, "deps: DENO=/bin/true is not Deno 2.4.2 or later\n");
    assertEquals([clang.code, deno.code], [2, 2]);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

Deno.test("make help lists every target with its line", async () => {
  const { stdout } = await make("help");
  const targets = stdout.trimEnd().split("\n").map((line) => line.match(/^([\w-]+) +\S/)?.[1]);
  const makefiles = ["Makefile", "scripts/compile.mk"].map((file) =>
    Deno.readTextFileSync(root + file)
  );
  const all = makefiles.flatMap((text) => text.match(/^\.PHONY: (.*)/m)![1].split(" "));
  const helpers = ["fixtures", "FORCE"];
  assertEquals(targets.sort(), all.filter((name) => !helpers.includes(name)).sort());
});

Deno.test("make run names the tools there are when it does not know one", async () => {
  const { code, stderr } = await make("run", "TOOL=nosuch");
  assertEquals(code, 2);
  assertStringIncludes(stderr, `TOOL=nosuch is none of: ${toolNames().join(" ")}`);
});

Deno.test("make hooks has git refuse what check-text refuses, and replaces no hook of others", async () => {
  const copy = await copyOfSources("scripts/hooks", "scripts/plain-words");
  const git = async (...args: string[]) => {
    const author = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    const { code } = await new Deno.Command("git", {
      args: [...author, ...args],
      cwd: copy,
      env: { MAKEFLAGS: "", MAKELEVEL: "" },
    }).output();
    return code;
  };
  const commit = async (text: string) => {
    await Deno.writeTextFile(`${copy}/lib/one.ts`, text);
    return await git("add", "lib") || await git("commit", "--message", "One");
  };
  try {
    await git("init", "--quiet");
    await Deno.mkdir(`${copy}/lib`);
    assertEquals((await makeIn(copy, "hooks")).stdout, ".git/hooks/pre-commit\n");
    assertEquals((await makeIn(copy, "hooks")).code, 0);
    assertEquals(await commit("export const one = 1;\n"), 0);
    assertEquals(await commit("export const one=2;\n"), 1);
    assertEquals(await git("commit", "--no-verify", "--message", "Two"), 0);

    await Deno.writeTextFile(`${copy}/.git/hooks/pre-commit`, "#!/bin/sh\n");
    const { code, stderr } = await makeIn(copy, "hooks");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "pre-commit is another hook; let it run: make check-text\n");
    assertEquals(Deno.readTextFileSync(`${copy}/.git/hooks/pre-commit`), "#!/bin/sh\n");
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});
