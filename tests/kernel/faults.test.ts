/**
 * What happens to a tool at any moment of its life: signals, and a host that runs short of something.
 * `make test-long` sends each signal 50 times.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { delay, kernelTest, long, runExecs, startCommand, startTool } from "./harness.ts";
import { loadedNow, nothingBut } from "./loaded.ts";
import { Cgroup } from "./cgroup.ts";
import { byDefault } from "../by_default.ts";
import { exists } from "../exists.ts";

const TOOLS = [["execsnoop", "-x", "--exit"], ["bootstrap"], ["syscount", "-L", "-i", "0.05"]];

/** How often each signal is sent, and within which time after the start. */
const times = long() ? 50 : 4;
const WITHIN_MS = 300;

/** The exit codes of a tool: it ended as it was asked to, or before it could know how. */
const ending = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGHUP: 1, SIGKILL: 9 } as const;

/** Processes that execute something all the time. */
class Busy implements AsyncDisposable {
  readonly #process = startCommand(["sh", "-c", "while :; do /bin/true; done"]);
  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

for (const [signal, number] of Object.entries(ending) as [keyof typeof ending, number][]) {
  kernelTest(`${signal} at any moment leaves whole lines, and nothing loaded`, {}, async () => {
    using _default = byDefault(signal);
    const before = await loadedNow();
    await using _busy = new Busy();
    for (let time = 0; time < times; time++) {
      const [name, ...options] = TOOLS[time % TOOLS.length];
      await using tool = startTool(name, [...options, "-o", "json"]);
      await delay(Math.random() * WITHIN_MS);
      const { code, stdout, stderr } = await tool.stop(signal);
      assert(code === 128 + number || code === 0 && signal !== "SIGKILL", `${code} ${stderr}`);
      if (signal === "SIGKILL") continue; // it may be in the middle of a write
      assertEquals(stderr, "");
      assertMatch(stdout, /^$|\n$/);
      for (const line of stdout.split("\n").slice(0, -1)) JSON.parse(line);
    }
    await nothingBut(before);
  });
}

for (const signal of ["SIGPIPE", "SIGWINCH", "SIGCONT", "SIGTSTP"] as const) {
  kernelTest(`${signal} at any moment ends nothing`, {}, async () => {
    await using _busy = new Busy();
    for (let time = 0; time < times; time++) {
      const [name, ...options] = TOOLS[time % TOOLS.length];
      await using tool = startTool(name, [...options, "-o", "csv"]);
      if (signal === "SIGPIPE") await ignoresPipes(tool.pid);
      await delay(Math.random() * WITHIN_MS);
      tool.signal(signal);
      if (signal === "SIGTSTP") tool.signal("SIGCONT");
      await tool.until("\n");
      const { code, stdout, stderr } = await tool.stop();
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /\n$/);
    }
  });
}

/** Deno ignores SIGPIPE from its first lines on; a process that has not come so far dies of it. */
async function ignoresPipes(pid: number): Promise<void> {
  const ignored = () => {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return BigInt("0x" + /^SigIgn:\s*(\w+)/m.exec(status)![1]) >> 12n & 1n;
  };
  while (!ignored()) await delay(1);
}

kernelTest("a tool that may open few files says so, or needs no more", {}, async () => {
  // Deno itself empties its cache when it runs out of files.
  const DENO_DIR = Deno.makeTempDirSync();
  try {
    for (const files of [24, 28, 32, 36, 64]) {
      const { code, stderr } = await startCommand(
        ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh", ...run("execsnoop", "--seconds", "0")],
        { env: { DENO_DIR } },
      ).finish();
      // It depends on the files that Deno has open at that moment whose end it is: the tool's, that of an
      // import, or that of Deno itself, which may panic: with EMFILE, or with its number alone.
      const said = /Too many open files|^Deno has panicked[^]*^ +left: 24$/m.test(stderr);
      assert(code === 0 || said, `${files}: ${code} ${stderr}`);
      if (files === 24) assert(code !== 0, "so few are never enough");
      if (files === 64) assertEquals(code, 0, stderr);
    }
  } finally {
    Deno.removeSync(DENO_DIR, { recursive: true });
  }
});

kernelTest("80 MB of memory are enough, however slowly a tool is read", {}, async () => {
  await using cgroup = new MemoryCgroup(80_000_000);
  const tool = run("execsnoop", "--ppid", String(Deno.pid), "-o", "csv", "--fields", "pid,args");
  const child = new Deno.Command("sh", {
    args: ["-c", `echo 0 > ${cgroup.path}/cgroup.procs; exec "$@"`, "sh", ...tool],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  const { value: header } = await reader.read();
  // Nobody reads on: the pipe fills, then the ring.
  const count = 2003;
  await runExecs({ count, args: () => ["x".repeat(4000)] });
  child.kill("SIGINT");
  reader.releaseLock();
  const rows = (await Array.fromAsync(child.stdout.pipeThrough(new TextDecoderStream()))).join("");
  assertEquals((await child.status).code, 0, await stderr);
  const lost = Number(/lost (\d+) events in all/.exec(await stderr)?.[1]);
  assert(lost > 0, "the ring was full");
  assertEquals(new TextDecoder().decode(header), "pid,args\n");
  assertEquals(rows.trimEnd().split("\n").length + lost, count);
});

/** A cgroup of which the processes have this many bytes of memory in all. */
class MemoryCgroup extends Cgroup {
  constructor(bytes: number) {
    const v1 = "/sys/fs/cgroup/memory";
    const old = exists(`${v1}/memory.limit_in_bytes`);
    const mount = old ? v1 : cgroupMount()!;
    if (!old) Deno.writeTextFileSync(`${mount}/cgroup.subtree_control`, "+memory");
    super(mount);
    const file = old ? "memory.limit_in_bytes" : "memory.max";
    Deno.writeTextFileSync(`${this.path}/${file}`, String(bytes));
  }
}

/** The command line of a tool. */
function run(tool: string, ...args: string[]): string[] {
  const deno = [Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"];
  return [...deno, `tools/${tool}.ts`, ...args];
}
