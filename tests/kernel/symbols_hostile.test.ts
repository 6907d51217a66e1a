/** Processes that make symbols expensive or misleading: how much is read for them is counted. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Budget, LIMITS, LOOKED_FOR, type ProcessBudget } from "#lib/symbols/budget.ts";
import { Symbolizer } from "#lib/symbols/mod.ts";
import { ModuleCache } from "#lib/symbols/modules.ts";
import { ProcessSymbols } from "#lib/symbols/process.ts";
import { kernelTest } from "./harness.ts";
import { Build, run, SymbolProcess } from "./symbol_process.ts";

const BUILT = Deno.realPathSync("build/tests/symbols");
const MIB = 1024 * 1024;

function unlimited(): ProcessBudget {
  const rate = { most: Infinity, perSecond: 0 };
  return { files: new Budget("the test", rate), maps: new Budget("the test", rate) };
}

/** A folder in /tmp, until it is disposed of. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  [Symbol.dispose](): void {
    run("rm", "-rf", this.path);
  }
}

kernelTest(
  "mappings are read once for a stack, however many addresses lie in none",
  {},
  async () => {
    await using process = await SymbolProcess.start(BUILT);
    const budget = unlimited();
    const symbols = new ProcessSymbols(process.pid, new ModuleCache(64 * MIB), budget);
    symbols.check();
    const once = budget.maps.used;
    assertEquals(once, Deno.readFileSync(`/proc/${process.pid}/maps`).length);
    symbols.expire();
    for (const stack of [1, 2, 3]) {
      symbols.check();
      for (let address = 1; address < 50; address++) {
        assertEquals(symbols.lookup(address, address).reason, "nothing is mapped there");
      }
      assert(budget.maps.used <= once * (1 + stack), `${budget.maps.used} bytes, once ${once}`);
    }
  },
);

kernelTest("a budget that is used up is the reason of an unknown address", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const maps = new Budget("its process", { most: 2, perSecond: 0 });
  const symbols = new ProcessSymbols(process.pid, new ModuleCache(64 * MIB), {
    ...unlimited(),
    maps,
  });
  symbols.check();
  const { static: known } = process.told;
  symbols.check();
  assertEquals(symbols.lookup(Number(known), Number(known)).name, "static_function");
  const { reason } = symbols.lookup(1, 1);
  assertStringIncludes(reason!, "its process has used up what is read of it");
  const files = new Budget("its process", { most: LOOKED_FOR + 1000, perSecond: 0 });
  const poor = new ProcessSymbols(process.pid, new ModuleCache(64 * MIB), {
    ...unlimited(),
    files,
  });
  poor.check();
  const frame = poor.lookup(Number(known), Number(known));
  assertEquals([frame.name, frame.module], [undefined, BUILT]);
  assertStringIncludes(frame.reason!, "its process has used up what is read of it");
  assert(files.used <= LOOKED_FOR + 1000);
  const libc = poor.lookup(Number(process.told.getpid), Number(process.told.getpid));
  assertStringIncludes(libc.reason!, "its process has used up what is read of it");
});

kernelTest("a program that took another's place has none of its names", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const size = Deno.readFileSync(`/proc/${process.pid}/maps`).length;
  const maps = new Budget("its process", { most: size - 1, perSecond: 0 });
  const budget = { ...unlimited(), maps };
  const symbols = new ProcessSymbols(process.pid, new ModuleCache(64 * MIB), budget);
  symbols.check();
  const before = Number(process.told.static);
  assertEquals(symbols.lookup(before, before).name, "static_function");
  await process.ask("exec");
  symbols.check();
  const { name, reason } = symbols.lookup(before, before);
  assertEquals(name, undefined);
  assertStringIncludes(reason!, "its process has used up what is read of it");
});

kernelTest(
  "of a process with endless mappings the first are read, and it is said",
  {},
  async () => {
    using folder = new Folder();
    const program = `cd ${folder.path} && exec ${Deno.realPathSync("build/tests/many_mappings")}`;
    await using process = await SymbolProcess.start("sh", "-c", `${program} 15 5000`);
    assertEquals(process.told.count, 5000n);
    const budget = unlimited();
    const symbols = new ProcessSymbols(process.pid, new ModuleCache(64 * MIB), budget);
    symbols.check();
    assertEquals(budget.maps.used, LIMITS.mapsBytes);
    assertStringIncludes(
      symbols.lookup(1, 1).reason!,
      "its process has more mappings than are read",
    );
    // One path for all of them is kept once.
    assert(symbols.cost < 2 * MIB, `${symbols.cost} bytes`);
  },
);

kernelTest("a program is found whatever its name, and named as it is", {}, async () => {
  using folder = new Folder();
  const names = ["a\rb", "a\u2028b\u2029c", "new\nline", "four\\012characters", "true (deleted)"];
  const symbolizer = new Symbolizer();
  for (const name of names) {
    const path = `${folder.path}/${name}`;
    Deno.copyFileSync(BUILT, path);
    await using process = await SymbolProcess.start(path);
    const frame = symbolizer.user(process.pid, process.told.static);
    assertEquals([frame.name, frame.module], ["static_function", path]);
    assertEquals(symbolizer.user(process.pid, 1n).reason, "nothing is mapped there");
    Deno.removeSync(path);
    const gone = new Symbolizer().user(process.pid, process.told.static);
    assertEquals([gone.name, gone.module], ["static_function", path], "deleted");
  }
});

kernelTest(
  "a name of thousands of letters is shown up to a length, and read once",
  {},
  async () => {
    const long = `f${"x".repeat(9000)}`;
    using build = new Build(`-Dexported_function=${long}`);
    await using process = await SymbolProcess.start(build.path);
    const symbolizer = new Symbolizer();
    const { name, symbol } = symbolizer.user(process.pid, process.told.exported);
    assertEquals(name, `${long.slice(0, LIMITS.name - 1)}…`);
    assert(symbol!.length < 8200 && long.startsWith(symbol!), `${symbol!.length} letters`);
    // What is said of a JIT's functions is as long as it likes, too.
    const { jit } = await process.ask("jit");
    const map = `/tmp/perf-${process.pid}.map`;
    Deno.writeTextFileSync(map, `${jit.toString(16)} 20 ${"j".repeat(3000)}\n`);
    try {
      assertEquals(symbolizer.user(process.pid, jit).name, `${"j".repeat(LIMITS.name - 1)}…`);
    } finally {
      Deno.removeSync(map);
    }
  },
);

kernelTest("a link of a process's own leads nowhere outside of its root", {}, async () => {
  using build = new Build("-static");
  using root = new Folder();
  using secret = new Folder();
  Deno.copyFileSync(build.path, `${root.path}/inside`);
  Deno.symlinkSync(secret.path, `${root.path}/tmp`);
  await using process = await SymbolProcess.start("chroot", root.path, "/inside");
  const { jit } = await process.ask("jit");
  Deno.writeTextFileSync(
    `${secret.path}/perf-${process.pid}.map`,
    `${jit.toString(16)} 20 secret\n`,
  );
  assertEquals(new Symbolizer().user(process.pid, jit).name, undefined);
  Deno.removeSync(`${root.path}/tmp`);
  Deno.mkdirSync(`${root.path}/tmp`);
  Deno.copyFileSync(
    `${secret.path}/perf-${process.pid}.map`,
    `${root.path}/tmp/perf-${process.pid}.map`,
  );
  assertEquals(new Symbolizer().user(process.pid, jit).name, "secret", "in its root it is found");
});

kernelTest("debug files of this host are taken from root's folders alone", {}, async () => {
  using build = new Build("-static", "-Wl,--build-id");
  using root = new Folder();
  const debug = `${root.path}/.debug/symbols.debug`;
  Deno.mkdirSync(`${root.path}/.debug`);
  run("objcopy", "--only-keep-debug", build.path, debug);
  run("strip", build.path);
  run("objcopy", `--add-gnu-debuglink=${debug}`, build.path, `${root.path}/inside`);
  // The kernel reports the path as this host has it, and below the process's root there is no such folder.
  const nameOf = async () => {
    await using process = await SymbolProcess.start("chroot", root.path, "/inside");
    return new Symbolizer().user(process.pid, process.told.static).name;
  };
  assertEquals(await nameOf(), "static_function");
  for (const mine of [debug, `${root.path}/.debug`, root.path]) {
    Deno.chownSync(mine, 65534, null);
    assertEquals(await nameOf(), undefined, `of another user: ${mine}`);
    Deno.chownSync(mine, 0, null);
  }
  Deno.renameSync(`${root.path}/.debug`, `${root.path}/elsewhere`);
  Deno.symlinkSync("elsewhere", `${root.path}/.debug`);
  assertEquals(await nameOf(), "static_function", "a link of root's");
  run("chown", "-h", "65534", `${root.path}/.debug`);
  assertEquals(await nameOf(), undefined, "a link of another user");
});

kernelTest("a user's link leads to no debug file of another's", {}, async () => {
  using build = new Build("-static", "-Wl,--build-id");
  using root = new Folder();
  using closed = new Folder();
  const debug = `${closed.path}/symbols.debug`;
  run("objcopy", "--only-keep-debug", build.path, debug);
  run("strip", build.path);
  run("objcopy", `--add-gnu-debuglink=${debug}`, build.path, `${root.path}/inside`);
  Deno.symlinkSync(closed.path, `${root.path}/.debug`);
  // This process's root is the host's: no root of its own keeps a link in.
  await using process = await SymbolProcess.start(`${root.path}/inside`);
  const name = () => new Symbolizer().user(process.pid, process.told.static).name;
  assertEquals(name(), "static_function", "a link of root's");
  run("chown", "-h", "65534", root.path, `${root.path}/.debug`);
  assertEquals(name(), undefined, "a user's link to a file of root");
  Deno.chownSync(debug, 65534, null);
  assertEquals(name(), "static_function", "a user's link to the user's file");
});
