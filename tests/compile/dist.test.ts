/** What is handed out with the binary, and that two builds are the same bytes. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commonBeside } from "#lib/tool/options/frame_options.ts";
import { longName } from "#lib/tool/options/declarations.ts";
import { findTool, toolNames } from "../../tools/denobpf/registry.ts";
import { startCommand } from "../kernel/harness.ts";
import { binary, binaryTest, dist, make, root } from "./making.ts";

async function shell(command: string, cwd: string) {
  return await startCommand(["sh", "-c", command], { cwd }).finish(120_000);
}

/** A copy of the sources, history included, which names the commit; nothing is built in it. */
async function copyOfSources(): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "denobpf-copy-" });
  const { code, stderr } = await shell(
    `tar --exclude=./build --exclude='./isolate-*' -cf - . | tar -C ${copy} --no-same-owner -xf - &&
      mkdir -p ${copy}/build/deno && cp -r build/sources ${copy}/build/`,
    root,
  );
  assertEquals(code, 0, stderr);
  await Deno.symlink(Deno.execPath(), `${copy}/build/deno/deno`);
  return copy;
}

/** How a build in a copy differs from this one, if at all: what was made, and what went into it. */
async function differences(copy: string): Promise<string> {
  const compared = ["build/dist/SHA256SUMS", "build/about.json", "build/compile/denobpf"];
  const each = compared.map((path) =>
    shell(`diff -r ${path} ${copy}/${path} | head -c 2000`, root)
  );
  return (await Promise.all(each)).map(({ stdout }) => stdout).join("");
}

binaryTest("make dist leaves checksums, links, completions and a page for each tool", async () => {
  await binary();
  const { stdout, code } = await shell("sha256sum --check SHA256SUMS", dist);
  assertEquals(code, 0, stdout);
  for (const name of toolNames) {
    assertEquals(Deno.readLinkSync(`${dist}/links/${name}`), "../denobpf");
    assertStringIncludes(stdout, `man/man8/denobpf-${name}.8: OK\n`);
  }
  for (const file of ["bash/denobpf", "zsh/_denobpf", "fish/denobpf.fish"]) {
    const text = Deno.readTextFileSync(`${dist}/completions/${file}`);
    for (const name of toolNames) assertStringIncludes(text, name);
  }
});

binaryTest("a manual page has every option and field of its tool", async () => {
  await binary();
  for (const name of toolNames) {
    const page = Deno.readTextFileSync(`${dist}/man/man8/denobpf-${name}.8`);
    const tool = await findTool(name);
    const plain = page.replaceAll("\\-", "-");
    for (const option of Object.keys({ ...tool.options, ...commonBeside(tool) })) {
      assertStringIncludes(plain, `\\fB--${longName(option)}\\fR`);
    }
    for (const field of Object.keys(tool.fields)) assertStringIncludes(plain, `\\fB${field}\\fR`);
    // A line that begins so would be a request of roff.
    assert(page.split("\n").every((line) => !/^'/.test(line)));
  }
});

/** The packages of npm that tools import, or that what they import depends on. */
function usedPackages(): string[] {
  const { imports } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  const { npm } = JSON.parse(Deno.readTextFileSync(`${root}deno.lock`));
  const code = ["lib", "tools"].flatMap((folder) => [...sources(`${root}${folder}`)])
    .map((path) => Deno.readTextFileSync(path)).join("\n");
  const isUsed = (alias: string) => new RegExp(`["/]${alias}[/"]`).test(code);
  const names = (entries: readonly string[]): string[] =>
    entries.flatMap((entry) => {
      const found = Object.entries<{ dependencies?: string[] }>(npm)
        .filter(([name]) => name === entry || name.startsWith(`${entry}@`));
      return found.flatMap(([name, { dependencies = [] }]) => [
        name.replace(/(.)@.*/, "$1"),
        ...names(dependencies),
      ]);
    });
  const used = Object.entries<string>(imports)
    .filter(([alias, to]) => to.startsWith("npm:") && isUsed(alias.replace(/\/$/, "")));
  // `npm:/name@1.2.3/` and `npm:name@1.2.3/part.js`
  return names(used.map(([, to]) => /^npm:\/?(@?[^@]+@[^/]+)/.exec(to)![1]));
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (/\.[jt]s$/.test(name)) yield `${folder}/${name}`;
  }
}

binaryTest("the bill of materials and the notices name every part", async () => {
  await binary();
  const bill = JSON.parse(Deno.readTextFileSync(`${dist}/sbom.cdx.json`));
  const names = bill.components.map(({ name }: { name: string }) => name);
  const objects = toolNames.map((name) => `${name}.bpf.o`);
  const packages = usedPackages();
  assert(packages.length > 0);
  for (const name of ["deno", "libbpf", "elfutils", "zlib", ...packages, ...objects]) {
    assert(names.includes(name), `${name} is not in ${names}`);
  }
  // What is hashed is what was there when the binary was made: sources, packages, objects, and its runtime.
  for (const { name, hashes } of bill.components) {
    assertMatch(hashes[0].content, /^([0-9a-f]{64}|[0-9a-f]{128})$/, name);
  }
  const notices = Deno.readTextFileSync(`${dist}/NOTICES`);
  for (
    const text of [
      "the denobpf authors",
      "the Deno authors",
      "Redistribution and use in source and binary forms", // libbpf
      "GNU LESSER GENERAL PUBLIC LICENSE",
      "GNU GENERAL PUBLIC LICENSE",
      "Jean-loup Gailly and Mark Adler",
      ...packages.map((name) => `\n${name} `),
    ]
  ) assertStringIncludes(notices, text);
});

binaryTest(
  "a build in another folder is the same, byte for byte; for arm64 it has its types",
  async () => {
    const copy = await copyOfSources();
    try {
      await binary();
      const { code, stderr } = await make(copy, "dist");
      assertEquals(code, 0, stderr);
      assertEquals(await differences(copy), "");

      const foreign = await make(copy, "build", "ARCH=arm64", "VMLINUX_BTF=build/btf/arm64");
      assertEquals(foreign.code, 0, foreign.stderr);
      const object = (folder: string) =>
        new TextDecoder("latin1").decode(Deno.readFileSync(`${folder}/build/execsnoop.bpf.o`));
      // The registers of a task, as each architecture's kernel names them.
      assert(object(copy).includes("orig_x0") && !object(copy).includes("orig_ax"));
      assert(object(root).includes("orig_ax") && !object(root).includes("orig_x0"));
    } finally {
      await Deno.remove(copy, { recursive: true });
    }
  },
);
