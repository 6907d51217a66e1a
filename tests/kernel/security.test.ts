/** What docs/security.md says of permissions, files and the environment. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BpfError, BpfObject, u32, u64 } from "#lib/mod.ts";
import { toolNames } from "../../tools/denobpf/registry.ts";
import { kernelTest, patient, startCommand } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;
const object = `${root}build/tests/maps.bpf.o`;

/** Runs a tool with these permissions alone. */
function run(permissions: readonly string[], tool: string, ...args: string[]) {
  const deno = [Deno.execPath(), "run", "--cached-only", "--no-prompt", ...permissions];
  return startCommand([...deno, `tools/${tool}.ts`, ...args]).finish(patient(20_000));
}

Deno.test("deno.json and the tools' first lines ask for the same two permissions", () => {
  const { permissions } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  assertEquals(permissions, { default: { ffi: true, read: true } });
  for (const tool of [...toolNames, "denobpf"]) {
    const [first] = Deno.readTextFileSync(`${root}tools/${tool}.ts`).split("\n", 1);
    assertEquals(first, "#!/usr/bin/env -S deno run --allow-ffi --allow-read");
  }
});

kernelTest("without --allow-read no file that the user names is read", {}, async () => {
  const whole = await run(["--allow-ffi", "--allow-read"], "denobpf", "skeleton", object);
  assertEquals([whole.code, whole.stderr], [0, ""]);
  const { code, stdout, stderr } = await run(["--allow-ffi"], "denobpf", "skeleton", object);
  assertEquals([code, stdout], [77, ""]);
  assertStringIncludes(stderr, "start it with: deno run --allow-ffi --allow-read");
});

kernelTest("a pin is made at the path that was given, and never where a link leads", {}, () => {
  const folder = Deno.makeTempDirSync();
  const mount = new Deno.Command("mount", { args: ["-t", "bpf", "bpf", folder] }).outputSync();
  assert(mount.success);
  try {
    Deno.symlinkSync(`${folder}/elsewhere`, `${folder}/link`);
    using opened = BpfObject.open(object);
    const map = opened.map("array", u32, u64);
    opened.load();
    const error = assertThrows(() => map.pin(`${folder}/link`), BpfError);
    assertEquals(error.code, "EEXIST");
    assertThrows(() => Deno.statSync(`${folder}/elsewhere`), Deno.errors.NotFound);
    map.pin(`${folder}/elsewhere`);
    map.unpin(`${folder}/link`);
    assertThrows(() => Deno.lstatSync(`${folder}/link`), Deno.errors.NotFound);
    assert(Deno.statSync(`${folder}/elsewhere`).isFile, "the link went, and not what it led to");
  } finally {
    new Deno.Command("umount", { args: [folder] }).outputSync();
    Deno.removeSync(folder);
  }
});

kernelTest("denobpf new writes over nothing, and through no link", {}, async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const outside = `${folder}/outside`;
    Deno.mkdirSync(`${folder}/here/hello/bpf`, { recursive: true });
    Deno.writeTextFileSync(outside, "precious");
    Deno.symlinkSync(outside, `${folder}/here/hello/bpf/hello.bpf.c`);
    Deno.symlinkSync(outside, `${folder}/here/hello/hello.bpf.c`);
    const deno = [Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"];
    const command = [...deno, "--config", `${root}deno.json`, `${root}tools/denobpf.ts`];
    const { code, stderr } = await startCommand([...command, "new", "hello"], {
      cwd: `${folder}/here`,
    }).finish(patient(20_000));
    assert(code !== 0, stderr);
    assertEquals(Deno.readTextFileSync(outside), "precious");

    Deno.mkdirSync(`${folder}/elsewhere`);
    Deno.symlinkSync(`${folder}/elsewhere`, `${folder}/here/linked`);
    Deno.mkdirSync(`${folder}/here/foreign`);
    Deno.chownSync(`${folder}/here/foreign`, 65534, 65534);
    for (
      const [name, why] of [
        ["linked", "linked is no folder, or a link: name the folder that it leads to"],
        ["foreign", "foreign belongs to another user, with the uid 65534"],
      ]
    ) {
      const { code, stderr } = await startCommand([...command, "new", name], {
        cwd: `${folder}/here`,
      }).finish(patient(20_000));
      assertEquals([code, stderr], [1, `denobpf new: ${why}; nothing was written\n`]);
      assertEquals([...Deno.readDirSync(`${folder}/here/${name}`)], []);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the variables of the environment that are read are those that the page names", () => {
  const read = new Set<string>();
  for (const folder of ["lib", "tools"]) {
    for (const path of sources(`${root}${folder}`)) {
      const text = Deno.readTextFileSync(path);
      for (const [, name] of text.matchAll(/\bgetenv\(\s*"(\w+)"/g)) read.add(name);
      assert(!/Deno\.env\b/.test(text), `${path} reads the environment through Deno`);
    }
  }
  const page = Deno.readTextFileSync(`${root}docs/security.md`);
  const [, section] = page.split("## The environment");
  const told = [...section.split("\n\n", 3)[2].matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  assertEquals([...read].sort(), told.sort());
});

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}
