import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { onlineCpus } from "#lib/sys/cpus.ts";
import { profile, type StackSamples } from "../../tools/profile.ts";
import {
  delay,
  fewerIfSlow,
  isSlow,
  kernelTest,
  runTool,
  startCommand,
  startTool,
} from "../kernel/harness.ts";
import { toolCommand, withoutLosses } from "../kernel/running_tool.ts";
import { Busy } from "./busy.ts";

type Options = NonNullable<Parameters<typeof profile>[0]>;

/** The rows of a trace that lasts until the process has had some CPU time. */
async function rowsOf(busy: Busy, options: Options, ns = 0.2e9): Promise<StackSamples[]> {
  using trace = profile({ pid: [busy.pid], frequency: 99, ...options });
  await busy.runs(ns);
  trace.stop();
  return await Array.fromAsync(trace);
}

const sum = (rows: readonly StackSamples[]) =>
  rows.reduce((total, { samples }) => total + samples, 0);

kernelTest("samples are as many as the CPU time that the kernel counts asks for", {}, async () => {
  await using busy = await new Busy().started();
  const before = busy.cpuNs();
  using trace = profile({ pid: [busy.pid], frequency: 199 });
  const attached = busy.cpuNs();
  await busy.runs(fewerIfSlow(1e9, 0.3e9));
  const stopped = busy.cpuNs();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  const after = busy.cpuNs();
  const samples = sum(rows);
  // A virtual machine that has to wait for its own CPU has ticks that do not come, most of all an emulated one.
  const least = (isSlow() ? 0.1 : 0.8) * 199 * (stopped - attached) / 1e9;
  const most = 1.05 * 199 * (after - before) / 1e9 + 1;
  assert(samples >= least && samples <= most, `${samples}, not ${least} to ${most}`);
  const burning = rows.filter(({ user }) => user!.includes("burn"));
  assert(sum(burning) >= 0.95 * samples, `${sum(burning)} of ${samples} in burn()`);
  assertEquals(new Set(rows.map(({ comm, pid }) => `${comm} ${pid}`)).size, 1);
  assert(Math.abs(rows.reduce((all, { percent }) => all + percent, 0) - 100) < 1e-6);
  assert(rows.every((row) => row.cpu_ns === Math.round(row.samples * 1e9 / 199)));
  assertEquals(trace.losses.ring, 0n);
});

kernelTest(
  "512 stacks are distinguished, and have the shares of time that they take",
  {},
  async () => {
    const wanted = fewerIfSlow(512, 211);
    await using busy = await new Busy("stacks").started();
    using trace = profile({
      pid: [busy.pid],
      frequency: 1999,
      interval: 1,
      user_stacks_only: true,
    });
    const seen = new Map<string, number>();
    for await (const { user, samples } of trace) {
      const main = user!.indexOf("main");
      const way = user!.slice(main - 9, main);
      const whole = user![0] === "burn" && main === 10;
      if (whole) seen.set(way.join(), (seen.get(way.join()) ?? 0) + samples);
      if (seen.size >= wanted) break;
    }
    assert([...seen.keys()].every((way) => /^((left|right),){8}(left|right)$/.test(way)));
    const total = (end: string) =>
      [...seen].reduce((sum, [way, samples]) => sum + (way.endsWith(end) ? samples : 0), 0);
    const share = total("right") / total("");
    // Two thirds; ticks of a virtual machine that has to wait for its own CPU come in bursts.
    assert(Math.abs(share - 2 / 3) < (isSlow() ? 0.2 : 0.15), `${share} of the time below right()`);
    assertEquals(trace.losses.ring, 0n);
  },
);

kernelTest("a process that has ended by the end of the trace has names", {}, async () => {
  using trace = profile({ frequency: 199, comm: "spin" });
  const table = Array.fromAsync(trace);
  const busy = await new Busy().started();
  const { pid } = busy;
  await busy.runs(0.3e9);
  // The ring is read once a second, by a timer of this very event loop: it is due before this one.
  await delay(1500);
  await busy[Symbol.asyncDispose]();
  trace.stop();
  const rows = (await table).filter((row) => row.pid === pid);
  assert(rows.some(({ comm, user }) => comm === "spin" && user![0] === "burn"));
});

kernelTest("-f folds stacks, from the outermost function on, and nothing else", {}, async () => {
  await using busy = await new Busy("stacks").started();
  const args = ["-fda", "-p", `${busy.pid}`, "-F", "499", "2"];
  const { stdout, stderr, code } = await runTool("profile", args);
  assertEquals([stderr, code], ["", 0]);
  for (const line of stdout.trimEnd().split("\n")) {
    assertMatch(line, /^stacks(;[^;\n]+)* \d+$/);
    assertMatch(line, /^[^-]*(;-(;[^;]+_\[k\])+)? \d+$/, "the kernel's part is marked");
  }
  assertMatch(stdout, /^stacks;([^;]+;)*main(;(left|right)){9};burn \d+$/m);
});

kernelTest("a flame graph is of all tables of a run", {}, async () => {
  await using busy = await new Busy().started();
  const args = ["-p", `${busy.pid}`, "-F", "199", "-i", "0.2", "--count", "5", "-U"];
  const picture = await runTool("profile", [...args, "-o", "svg"]);
  assertEquals([withoutLosses(picture.stderr), picture.code], ["", 0]);
  const [, all, burn] = /<title>all: (\d+) samples, [^]*<title>burn: (\d+) samples, /
    .exec(picture.stdout)!.map(Number);
  assert(burn > 0 && burn <= all);
  const { stdout } = await runTool("profile", [...args, "-o", "speedscope"]);
  const { shared, profiles: [{ endValue, weights }] } = JSON.parse(stdout);
  assert(shared.frames.some(({ name }: { name: string }) => name === "burn"));
  assertEquals(endValue, weights.reduce((sum: number, weight: number) => sum + weight, 0));
  const line = [...toolCommand("profile"), ...args, "-o", "pprof"].join(" ");
  const piped = await startCommand(["sh", "-c", `${line} | gunzip`]).finish();
  assertEquals([withoutLosses(piped.stderr), piped.code], ["", 0]);
  assertStringIncludes(piped.stdout, "burn");
});

kernelTest("-o pprof is not for a terminal, and no graph has columns", {}, async () => {
  const line = [...toolCommand("profile"), "-o", "pprof"].join(" ");
  const shown = await startCommand(["script", "-qec", line, "/dev/null"]).finish();
  assertEquals(
    [shown.stdout, shown.code],
    [
      "profile: -o pprof is no text for a terminal: write it to a file (profile -o pprof > FILE)\r\n",
      64,
    ],
  );
  const { stderr, code } = await runTool("profile", ["-o", "folded", "--fields", "comm"]);
  assertEquals([stderr, code], ["profile: --fields has no effect on -o folded\n", 64]);
});

kernelTest("stacks are shown as the C tool shows them", {}, async () => {
  await using busy = await new Busy().started();
  const { pid } = busy;
  const { stdout } = await runTool("profile", ["-L", `${pid}`, "-F", "99", "-U", "2"]);
  assert(
    stdout.startsWith(`Sampling at 99 Hertz of TID [${pid}] by user stack for 2 secs.\n    burn\n`),
  );
  assertMatch(stdout, new RegExp(`\\n {4}- {16}spin \\(${pid}\\)\\n {8}\\d+\\n\\n`));
  const args = ["-K", "--rows", "1", "-i", "1", "--count", "1", "-C", "0"];
  const output = await runTool("profile", args);
  assertEquals([output.stderr, output.code], ["", 0]);
  const [title, time, ...lines] = output.stdout.split("\n");
  assertEquals(
    title,
    "Sampling at 49 Hertz of all threads by kernel stack on CPU#0... Hit Ctrl-C to end.",
  );
  assertMatch(time, /^\d\d:\d\d:\d\d$/);
  assertEquals(lines.filter((line) => /^ {8}\d+$/.test(line)).length, 1);
});

kernelTest("fields that the user names are columns", {}, async () => {
  await using busy = await new Busy().started();
  const args = ["-p", `${busy.pid}`, "--fields", "comm,pid,user", "-U", "--rows", "1", "1"];
  const { stdout } = await runTool("profile", args);
  const [, header, row] = stdout.split("\n");
  assertMatch(header, /^COMM +PID +USER$/);
  assertMatch(row, new RegExp(`^spin +${busy.pid} +burn\\b`));
});

kernelTest("-K and -U leave the other stack out", {}, async () => {
  await using busy = await new Busy().started();
  const kernel = await rowsOf(busy, { kernel_stacks_only: true });
  assert(kernel.length > 0 && kernel.every((row) => row.kernel && !row.user));
  const user = await rowsOf(busy, { user_stacks_only: true });
  assert(user.length > 0 && user.every((row) => !row.kernel && row.user));
  const both = await runTool("profile", ["-UK"]);
  assertEquals([both.stderr, both.code], ["profile: -U and -K exclude each other\n", 64]);
});

kernelTest("-C samples one CPU, which must be online", {}, async () => {
  await using busy = await new Busy().started();
  for (const cpu of onlineCpus().slice(0, 2)) {
    assertEquals((await rowsOf(busy, { cpu })).length > 0, cpu === 0);
  }
  const { stderr, code } = await runTool("profile", ["-C", "65000"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "CPU 65000 is not online");
});

kernelTest("--perf-max-stack-depth limits frames, and says where", {}, async () => {
  await using busy = await new Busy("stacks").started();
  const few = await rowsOf(busy, { perf_max_stack_depth: 3, user_stacks_only: true });
  assert(few.length > 0 && few.every(({ user, truncated }) => user!.length === 3 && truncated));
  const all = await rowsOf(busy, { user_stacks_only: true });
  assert(all.length > 0 && all.every(({ truncated }) => !truncated));
});

kernelTest("-L samples threads, wherever their process is named", {}, async () => {
  await using busy = await new Busy().started();
  await using other = await new Busy().started();
  using trace = profile({ tid: [busy.pid], frequency: 99 });
  await Promise.all([busy.runs(0.2e9), other.runs(0.2e9)]);
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals([...new Set(rows.map(({ pid }) => pid))], [busy.pid]);
});

/** How long CPUs have been idle, in hundredths of a second: /proc/stat. */
function idleTicks(): number {
  return Number(Deno.readTextFileSync("/proc/stat").split(/ +/)[4]);
}

kernelTest("idle CPUs are sampled with -I only", {}, async () => {
  for (const include_idle of [false, true]) {
    using trace = profile({ duration: 1, frequency: 199, include_idle, kernel_stacks_only: true });
    const before = idleTicks();
    let ticks: number | undefined; // while it was traced: to detach takes time, too
    const pids = new Set<number>();
    for await (const { pid } of trace) {
      ticks ??= idleTicks() - before;
      pids.add(pid);
    }
    // A busy machine may have no time to be idle.
    if (!include_idle || ticks! > 50) assertEquals(pids.has(0), include_idle);
  }
});

kernelTest("a rate that is none is refused", {}, async () => {
  const { stderr, code } = await runTool("profile", ["-F", "0"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "frequency");
  await using tool = startTool("profile", ["-F", "49"]);
  await tool.until("Sampling at 49 Hertz of all threads by user + kernel stack... Hit Ctrl-C");
  assertEquals((await tool.stop()).code, 0);
});
