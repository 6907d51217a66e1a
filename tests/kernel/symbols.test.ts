import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KernelSymbols, Symbolizer } from "#lib/symbols/mod.ts";
import { kernelTest } from "./harness.ts";
import { Build, run, SymbolProcess, type Told } from "./symbol_process.ts";

const BUILT = "build/tests/symbols";

/** What each function of the workload is called, by what the workload calls it. */
const NAMES = {
  static: "static_function",
  exported: "exported_function",
  "c++": "shop::Counter<int>::add(int)",
  rust: "core::fmt::Formatter::pad",
  rust_v0: "<mycrate::path::PathBuf>::push",
};

/** The names that a symbolizer has for what the workload told. */
function namesOf(
  symbolizer: Symbolizer,
  pid: number,
  told: Told,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.keys(NAMES).map((what) => [what, symbolizer.user(pid, told[what]).name]),
  );
}

kernelTest("a symbolizer names functions of C, C++ and Rust in a moved program", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const symbolizer = new Symbolizer();
  assertEquals(namesOf(symbolizer, process.pid, process.told), NAMES);
  const inside = symbolizer.user(process.pid, process.told.exported + 2n);
  assertEquals([inside.name, inside.offset], ["exported_function", 2]);
  assertEquals(inside.module, Deno.realPathSync(BUILT));
  assertEquals(inside.buildId, /Build ID: (\w+)/.exec(run("readelf", "-n", BUILT))?.[1]);
  const libc = symbolizer.user(process.pid, process.told.getpid);
  assertEquals([libc.name, libc.offset], ["getpid", 0]);
  assertStringIncludes(libc.module!, "libc.so.6");
  assertEquals(symbolizer.user(process.pid, process.told.vdso).module, "[vdso]");
  assertEquals(symbolizer.user(process.pid, 1n).reason, "nothing is mapped there");
});

kernelTest("a symbolizer agrees with addr2line wherever a function has bytes", {}, async () => {
  using build = new Build("-g");
  await using process = await SymbolProcess.start(build.path);
  const symbolizer = new Symbolizer();
  const frames = Object.keys(NAMES).flatMap((what) =>
    [0n, 1n, 5n].map((further) => symbolizer.user(process.pid, process.told[what] + further))
  );
  const nm = new Map(
    run("nm", build.path).trim().split("\n").map((line) => line.split(" ")).filter((w) =>
      w.length === 3
    )
      .map(([address, , name]) => [name, parseInt(address, 16)]),
  );
  const addresses = frames.map(({ symbol, offset }) =>
    `0x${(nm.get(symbol!)! + offset).toString(16)}`
  );
  const told = run("addr2line", "-f", "-e", build.path, ...addresses).trim().split("\n");
  assertEquals(told.filter((_, at) => at % 2 === 0), frames.map(({ symbol }) => symbol));
});

kernelTest("a return address belongs to the function that called", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const symbolizer = new Symbolizer();
  const { exported } = process.told;
  const stack = symbolizer.stack(process.pid, [exported, process.told.return, 0n, 0n]);
  assertEquals(stack.map(({ name }) => name), ["exported_function", "ends_with_a_call"]);
  const reversed = [process.told.return, exported];
  assertEquals(
    symbolizer.stacks(process.pid, [reversed, [], [exported]]),
    [symbolizer.stack(process.pid, reversed), [], [stack[0]]],
  );
  const { address, size } = nmSize("ends_with_a_call");
  assertEquals(stack[1].offset, size, `of ${address}`);
});

function nmSize(wanted: string): { address: string; size: number } {
  const [address, size] = run("nm", "-S", BUILT).split("\n")
    .map((line) => line.split(" ")).find(([, , , name]) => name === wanted)!;
  return { address, size: parseInt(size, 16) };
}

kernelTest(
  "programs that are not moved, static and stripped ones are named as far as they can be",
  {},
  async () => {
    const symbolizer = new Symbolizer();
    for (
      const flags of [["-no-pie"], ["-static"], ["-m64", "-Wl,-z,separate-code", "-static-pie"]]
    ) {
      using build = new Build(...flags);
      await using process = await SymbolProcess.start(build.path);
      assertEquals(namesOf(symbolizer, process.pid, process.told), NAMES, flags.join(" "));
    }
    using build = new Build("-rdynamic");
    run("strip", build.path);
    await using process = await SymbolProcess.start(build.path);
    assertEquals(namesOf(symbolizer, process.pid, process.told), { ...NAMES, static: undefined });
    const unknown = symbolizer.user(process.pid, process.told.static);
    assertEquals(unknown.reason, "its file has no symbol for it");
  },
);

kernelTest(
  "symbols that were split off are found: debuglink, build id, xz within the file",
  {},
  async () => {
    for (const kind of ["debuglink", "debuglink without a build id", "gnu_debugdata"]) {
      using build = new Build(kind.includes("without") ? "-Wl,--build-id=none" : "-Wl,--build-id");
      const debug = `${build.path}.debug`;
      run("objcopy", "--only-keep-debug", build.path, debug);
      run("strip", build.path);
      if (kind === "gnu_debugdata") {
        run("xz", debug);
        run("objcopy", `--add-section=.gnu_debugdata=${debug}.xz`, build.path);
      } else {
        run("objcopy", `--add-gnu-debuglink=${debug}`, build.path);
      }
      await using process = await SymbolProcess.start(build.path);
      assertEquals(namesOf(new Symbolizer(), process.pid, process.told), NAMES, kind);
      if (kind === "gnu_debugdata") continue;
      // Of another build it is of no use, and would name the wrong functions.
      Deno.copyFileSync("/bin/true", debug);
      const unnamed = namesOf(new Symbolizer(), process.pid, process.told);
      assertEquals(unnamed.static, undefined, kind);
    }
  },
);

kernelTest("a program that is deleted or replaced is still read", {}, async () => {
  using build = new Build();
  await using process = await SymbolProcess.start(build.path);
  Deno.removeSync(build.path);
  assertEquals(namesOf(new Symbolizer(), process.pid, process.told), NAMES);
  Deno.copyFileSync("/bin/true", build.path);
  const symbolizer = new Symbolizer();
  assertEquals(namesOf(symbolizer, process.pid, process.told), NAMES);
  assertEquals(symbolizer.user(process.pid, process.told.static).module, build.path);
});

kernelTest("a program in another mount namespace or root is read there", {}, async () => {
  using build = new Build("-static");
  const folder = Deno.makeTempDirSync();
  try {
    const mount = `mount -t tmpfs none ${folder} && cp ${build.path} ${folder}/inside`;
    const commands = {
      [`${folder}/inside`]: `${mount} && exec ${folder}/inside`,
      "/inside": `${mount} && exec chroot ${folder} /inside`,
    };
    for (const [path, command] of Object.entries(commands)) {
      await using process = await SymbolProcess.start("unshare", "-m", "sh", "-c", command);
      assertEquals([...Deno.readDirSync(folder)], []);
      const symbolizer = new Symbolizer();
      assertEquals(namesOf(symbolizer, process.pid, process.told), NAMES);
      assertStringIncludes(symbolizer.user(process.pid, process.told.static).module!, path);
    }
  } finally {
    Deno.removeSync(folder);
  }
});

kernelTest("what a process loads later, and what it executes, is seen at once", {}, async () => {
  await using process = await SymbolProcess.start(Deno.realPathSync(BUILT));
  const symbolizer = new Symbolizer();
  assertEquals(namesOf(symbolizer, process.pid, process.told), NAMES);
  const { opened } = await process.ask("open libz.so.1 zlibVersion");
  assertEquals(symbolizer.user(process.pid, opened).name, "zlibVersion");
  await process.ask("close");
  const other = (await process.ask("open libelf.so.1 elf_version")).opened;
  symbolizer.refresh(); // it may lie where the other library was
  assertEquals(symbolizer.user(process.pid, other).name, "elf_version");
  const before = process.told;
  const after = await process.ask("exec");
  assert(before.static !== after.static, "the kernel moves every program");
  assertEquals(namesOf(symbolizer, process.pid, after), NAMES);
  symbolizer.refresh();
  await process.end();
  assertEquals(namesOf(symbolizer, process.pid, after), NAMES, "after its end");
});

kernelTest(
  "a process that has ended, or is the kernel's own, gives frames with a reason",
  {},
  async () => {
    const process = await SymbolProcess.start(BUILT);
    await process.end();
    const symbolizer = new Symbolizer();
    const { name, reason } = symbolizer.user(process.pid, process.told.static);
    assertEquals([name, reason], [undefined, "the process has ended"]);
    assertEquals(symbolizer.stack(undefined, [5n])[0].reason, "it is of no process");
    assertStringIncludes(symbolizer.user(2, 0x1000n).reason!, "the kernel's");
  },
);

kernelTest(
  "a symbolizer that may keep little names what fits, and reports the rest",
  {},
  async () => {
    await using process = await SymbolProcess.start(BUILT);
    const small = new Symbolizer({ memory: 1024 * 1024, processes: 1 });
    for (let round = 0; round < 3; round++) {
      assertEquals(namesOf(small, process.pid, process.told), NAMES);
      assertEquals(small.user(process.pid, process.told.getpid).name, "getpid");
      assertEquals(small.user(Deno.pid, 1n).name, undefined);
    }
    const none = new Symbolizer({ memory: 1 });
    const { name, reason } = none.user(process.pid, process.told.static);
    assertEquals(name, undefined);
    assertStringIncludes(reason!, "its file has used up what is read of it: ");
  },
);

kernelTest(
  "a JIT's code has the names of its map, which grows, and no one else's map counts",
  {},
  async () => {
    await using process = await SymbolProcess.start(BUILT);
    const symbolizer = new Symbolizer();
    const { jit } = await process.ask("jit");
    const at = (offset: number) => symbolizer.user(process.pid, jit + BigInt(offset));
    assertEquals([at(0).name, at(0).module], [undefined, "[anon]"]);
    assertEquals(at(0).reason, "it is of no file, and no perf map has it");
    const map = `/tmp/perf-${process.pid}.map`;
    const line = (offset: number, size: number, name: string) =>
      Deno.writeTextFileSync(
        map,
        `${(jit + BigInt(offset)).toString(16)} ${size.toString(16)} ${name}\n`,
        {
          append: true,
        },
      );
    try {
      line(0, 0x20, "JS:*first /app.js:1:1");
      assertEquals([at(4).name, at(4).offset, at(4).module], ["JS:*first /app.js:1:1", 4, "[jit]"]);
      assertEquals(at(0x20).name, undefined);
      line(0x20, 0x10, "second");
      assertEquals(at(0x2f).name, "second");
      line(0x0, 0x8, "newer");
      symbolizer.user(process.pid, jit + 0x100n);
      assertEquals([at(4).name, at(8).name], ["newer", undefined]);
      Deno.chownSync(map, 4242, null);
      const stranger = new Symbolizer();
      assertEquals(stranger.user(process.pid, jit).name, undefined);
    } finally {
      Deno.removeSync(map);
    }
  },
);

kernelTest("a Java program's map has 16 digits, and is written anew in its place", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const symbolizer = new Symbolizer();
  const { jit } = await process.ask("jit");
  const map = `/tmp/perf-${process.pid}.map`;
  const line = (offset: number, size: number, name: string) => {
    const [start, length] = [jit + BigInt(offset), size].map((number) =>
      `0x${number.toString(16).padStart(16, "0")}`
    );
    return `${start} ${length} ${name}\n`;
  };
  const names = () =>
    [0x10, 0x110, 0x210].map((at) => symbolizer.user(process.pid, jit + BigInt(at)).name);
  try {
    Deno.writeTextFileSync(map, line(0, 0x100, "long Spin.work(long)"));
    assertEquals(names(), ["long Spin.work(long)", undefined, undefined]);
    const moved = line(0, 0x100, "void Spin.idle()") + line(0x100, 0x100, "long Spin.work(long)");
    Deno.writeTextFileSync(map, moved);
    assertEquals(names(), ["void Spin.idle()", "long Spin.work(long)", undefined]);
    Deno.writeTextFileSync(map, moved.replaceAll("0x00000000000001", "0x00000000000000"));
    symbolizer.refresh();
    assertEquals(names(), [undefined, undefined, undefined]);
    Deno.writeTextFileSync(map, line(0, 8, "small").repeat(40) + line(0, 0x200, "large"));
    assertEquals(names(), ["large", "large", undefined]);
  } finally {
    Deno.removeSync(map);
  }
});

kernelTest("a JIT's map without an end costs one look, and is the reason", {}, async () => {
  await using process = await SymbolProcess.start(BUILT);
  const { jit } = await process.ask("jit");
  const map = `/tmp/perf-${process.pid}.map`;
  try {
    Deno.writeTextFileSync(map, "1");
    Deno.truncateSync(map, 2 ** 40);
    const { reason } = new Symbolizer().user(process.pid, jit);
    assertStringIncludes(reason!, "its perf map is too big");
  } finally {
    Deno.removeSync(map);
  }
});

kernelTest("Deno's own JavaScript functions are named with --perf-basic-prof", {}, async () => {
  const script =
    "const busy_with_sums = n => { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s; };" +
    "for (let i = 0; i < 3000; i++) busy_with_sums(1000); console.log('up'); setInterval(() => {}, 1e6)";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--perf-basic-prof", script],
    stdout: "piped",
  }).spawn();
  const map = `/tmp/perf-${child.pid}.map`;
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const lines = Deno.readTextFileSync(map).split("\n").filter((line) =>
      line.includes("busy_with_sums")
    );
    const [start, size, ...name] = lines.at(-1)!.split(" ");
    const last = BigInt(`0x${start}`) + BigInt(`0x${size}`) - 1n;
    const frame = new Symbolizer().user(child.pid, last);
    assertEquals([frame.name, frame.module], [name.join(" "), "[jit]"]);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    Deno.removeSync(map);
  }
});

kernelTest("functions of the kernel and of its modules are those of /proc/kallsyms", {}, () => {
  const symbolizer = new Symbolizer();
  const read = () => Deno.readTextFileSync("/proc/kallsyms").trimEnd().split("\n");
  let symbols = KernelSymbols.read();
  let lines = read();
  // BPF programs are among them, and somebody may load or unload one between the two.
  for (let tries = 0; tries < 20 && symbols.length !== lines.length; tries++) {
    symbols = KernelSymbols.read();
    lines = read();
  }
  assertEquals(symbols.length, lines.length);
  for (const name of ["do_sys_openat2", "vfs_read", "schedule"]) {
    const address = BigInt(`0x${lines.find((line) => line.endsWith(` ${name}`))!.split(" ")[0]}`);
    assertEquals(symbols.find(name)?.address, address);
    const frame = symbolizer.kernel(address + 3n);
    assertEquals([frame.offset, frame.module], [3, "[kernel]"]);
    assertEquals(symbols.find(frame.name!)?.address, address);
  }
  assertEquals(symbolizer.kernel(1n << 63n).reason, "the kernel has no symbol for it");
});

kernelTest("a user who may not see the kernel's addresses is reported as one", {}, () => {
  const script = `
    import { Symbolizer } from "${import.meta.resolve("#lib/symbols/mod.ts")}";
    console.log(new Symbolizer().kernel(0xffffffff81000000n).reason);`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const deno = `${Deno.execPath()} run --quiet --config ${config} --allow-ffi --allow-read -`;
  const command = `echo 1 >/proc/sys/kernel/kptr_restrict; echo '${script}' | ` +
    `setpriv --bounding-set=-all --inh-caps=-all ${deno}`;
  const before = Deno.readTextFileSync("/proc/sys/kernel/kptr_restrict");
  try {
    assertStringIncludes(run("sh", "-c", command), "kernel.kptr_restrict is 1");
  } finally {
    Deno.writeTextFileSync("/proc/sys/kernel/kptr_restrict", before);
  }
});

kernelTest("without capabilities a process's files are read by their paths", {}, async () => {
  using build = new Build("-static");
  await using process = await SymbolProcess.start(
    ...["setpriv", "--bounding-set=-all", "--inh-caps=-all", build.path],
  );
  const script = `
    import { Symbolizer } from "${import.meta.resolve("#lib/symbols/mod.ts")}";
    console.log(new Symbolizer().user(${process.pid}, ${process.told.static}n).name);`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const deno = `${Deno.execPath()} run --quiet --config ${config} --allow-ffi --allow-read -`;
  const command = `echo '${script}' | setpriv --bounding-set=-all --inh-caps=-all ${deno}`;
  assertEquals(run("sh", "-c", command), "static_function\n");
  Deno.removeSync(build.path);
  Deno.copyFileSync("/bin/true", build.path);
  assertEquals(run("sh", "-c", command), "undefined\n");
});
