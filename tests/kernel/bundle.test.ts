/** A tool as one file of JavaScript, and its objects: `make bundle`. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { toolNames } from "../../tools/denobpf/registry.ts";
import { readLink } from "#lib/sys/symlink.ts";
import { delay, kernelTest, runExecs, startCommand } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;

const DENO_RUN = "deno run --allow-ffi --allow-read";
const bundles = `${root}build/bundle/`;

/** A folder that holds a bundle with its objects, and nothing else; its name is one that URLs write another way. */
class Alone implements Disposable {
  readonly #path = Deno.makeTempDirSync({ prefix: "a b%20é" });

  start(tool: string, ...args: string[]) {
    for (const { name } of Deno.readDirSync(bundles)) {
      const isIts = name === `${tool}.js` || name.startsWith(tool) && name.endsWith(".o");
      if (isIts || name === "demangler.bin") {
        Deno.copyFileSync(bundles + name, `${this.#path}/${name}`);
      }
    }
    return this.again(tool, ...args);
  }

  again(tool: string, ...args: string[]) {
    const deno = [Deno.execPath(), "run", "--no-remote", "--allow-ffi", "--allow-read"];
    return startCommand([...deno, `${this.#path}/${tool}.js`, ...args], { cwd: this.#path });
  }

  /** Takes the objects away. */
  removeObjects(): void {
    for (const { name } of Deno.readDirSync(this.#path)) {
      if (name.endsWith(".o")) Deno.removeSync(`${this.#path}/${name}`);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#path, { recursive: true });
  }
}

kernelTest("a bundle is a whole tool in one file, with its objects beside it", {}, async () => {
  using alone = new Alone();
  for (const name of toolNames) {
    await using tool = alone.start(name, "--version");
    const { stdout, code } = await tool.finish();
    assertEquals([stdout, code], [`${name} (denobpf) ${config.version}\n`, 0]);
  }
  await using tool = alone.start("execsnoop", "--ppid", String(Deno.pid), "--fields", "comm,line");
  await tool.until("\n");
  await runExecs();
  const { stdout, code, stderr } = await tool.stop();
  assertEquals([code, stderr], [0, ""]);
  const rows = stdout.trimEnd().split("\n").slice(1);
  assertEquals(rows.length, 23);
  for (const [index, row] of rows.entries()) {
    assertMatch(row, new RegExp(`^true +/bin/true ${index}$`));
  }
});

kernelTest("a bundle shows names of C++ as people write them", {}, async () => {
  using alone = new Alone();
  await using mangled = startCommand(["build/tests/mangled"]);
  const args = ["-U", "-p", `${mangled.pid}`, "0.5"];
  const { stdout, stderr } = await alone.start("profile", ...args).finish();
  assertStringIncludes(stdout, "foo::burn()", stderr);
});

kernelTest("a bundle without its object says which one is missing", {}, async () => {
  using alone = new Alone();
  await using whole = alone.start("bootstrap", "--seconds", "0.1");
  assertEquals((await whole.finish()).code, 0);
  alone.removeObjects();
  await using tool = alone.again("bootstrap");
  const { code, stderr } = await tool.finish();
  assert(code !== 0);
  assertStringIncludes(stderr, "bootstrap.bpf.o: No such file or directory");
});

Deno.test("a bundle is ASCII and has no object inside", () => {
  for (const name of toolNames) {
    const text = Deno.readTextFileSync(`${bundles}${name}.js`);
    assertEquals(text.search(/[^\0-\x7f]/), -1, name);
    assertEquals(text.match(/[\w+/]{10000,}/)?.[0].slice(0, 80), undefined, name);
    const [shebang] = text.split("\n", 1);
    assertEquals(shebang, `#!/usr/bin/env -S ${DENO_RUN} --no-config --v8-flags=--no-lazy`, name);
    const [built, beside] = [`${root}build/`, bundles].map((folder) =>
      Deno.readFileSync(`${folder}${name}.bpf.o`)
    );
    assertEquals(built, beside, name);
  }
});

kernelTest("a bundle has no file open that it has read", {}, async () => {
  using alone = new Alone();
  await using tool = alone.start("execsnoop");
  await tool.until("PCOMM");
  const folder = `/proc/${tool.pid}/fd/`;
  const links = () =>
    [...Deno.readDirSync(folder)].flatMap(({ name }) => readLink(folder + name) ?? []);
  const read = () => links().filter((path) => /^\/(?:proc|run|sys)\/|\.o$/.test(path));
  assert(links().includes("anon_inode:bpf_link"), links().join());
  // It may be just reading which files it has open.
  for (let tries = 0; tries < 50 && read().length > 0; tries++) await delay(20);
  assertEquals(read(), []);
});
