/** cpudist against what the kernel itself counts of a task: /proc/PID/status and /proc/PID/schedstat, proc(5). */
import { assert, assertEquals, assertMatch, assertStringIncludes, fail } from "@std/assert";
import { Cpudist } from "#skel/cpudist.ts";
import { loadHooks, loadSkeleton, switchArguments } from "#lib/tool/mod.ts";
import { cpudist, type CpuTimes } from "../../tools/cpudist.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, patient, runExecs, runTool } from "../kernel/harness.ts";
import { LoopDevice } from "./loop_device.ts";
import { assertLastName, assertUnit } from "./task_times.ts";
import { type Counts, tolerance, TRIES, Turns } from "./turns.ts";

type Options = NonNullable<Parameters<typeof cpudist>[0]>;

/** All rows of the tables that are shown while something is done, and how long that was at most, in nanoseconds. */
async function traced<T>(options: Options, work: () => Promise<T>) {
  const begin = performance.now();
  using trace = cpudist(options);
  const tables = Array.fromAsync(trace.batches());
  const result = await work();
  trace.stop();
  const rows = (await tables).flat();
  assertEquals(trace.losses.map, 0n);
  return { rows, result, most: (performance.now() - begin) * 1e6 };
}

const sum = (rows: readonly CpuTimes[], name: "count" | "total_ns" = "count") =>
  rows.reduce((total, row) => total + Number(row[name]), 0);

/** How often each state is there. */
const statesIn = (rows: readonly CpuTimes[]) =>
  Object.fromEntries(rows.map(({ state, count }) => [state, count]));

kernelTest("every time on a CPU is counted, in one table or in many", {}, async () => {
  await using turns = await Turns.start("wake", 499);
  for (const interval of [0, 0.03]) {
    const { rows, result } = await traced({ pid: [turns.pid], interval }, () => turns.take());
    assertEquals(result.woken, 499);
    assertEquals(sum(rows), result.woken + result.preempted, "those that it ends itself, too");
    for (const row of rows) {
      assertEquals(row.histogram.reduce((a, b) => a + b), row.count);
      assert(row.min_ns <= row.p50_ns && row.p50_ns <= row.p90_ns);
      assert(row.p90_ns <= row.p99_ns && row.p99_ns <= row.max_ns);
      assertEquals(row.avg_ns, BigInt(row.total_ns) / BigInt(row.count));
    }
  }
});

/** Whether times on the CPU are as long as the kernel says: it reads its clock a little before its tracepoint. */
function ranAsLong(rows: readonly CpuTimes[], { ran_ns }: Counts): boolean {
  const apart = Math.abs(sum(rows, "total_ns") - ran_ns);
  return apart <= 0.02 * ran_ns + sum(rows) * patient(0.02) * 1e6;
}

for (const what of ["wake", "preempt"] as const) {
  kernelTest(`times on a CPU are as long as the kernel says: ${what}`, {}, async () => {
    await using turns = await Turns.start(what);
    for (let time = 0; time < TRIES; time++) {
      const { rows, result } = await traced(
        { pid: [turns.pid], states: true },
        () => turns.take(),
      );
      const { preempted = 0, ...others } = statesIn(rows);
      assertEquals([preempted, others], [result.preempted, { S: result.woken }]);
      if (ranAsLong(rows, result)) return;
    }
    fail("they never were");
  });

  kernelTest(`times off CPU are those between, by why it has left: ${what}`, {}, async () => {
    await using turns = await Turns.start(what);
    for (let time = 0; time < TRIES; time++) {
      const { rows, result, most } = await traced(
        { pid: [turns.pid], offcpu: true, states: true },
        () => turns.take(),
      );
      // It was off CPU before the trace, and is so after it: neither time is whole.
      const { preempted = 0, S = 0, ...others } = statesIn(rows);
      assertEquals([preempted, S, others], [result.preempted, result.woken - 1, {}]);
      assert(sum(rows, "total_ns") + result.ran_ns <= most);
      const waited = sum(rows.filter(({ state }) => state === "preempted"), "total_ns");
      if (waited <= result.waited_ns + tolerance(preempted, result)) return;
    }
    fail("it was preempted for longer than the kernel says");
  });
}

kernelTest("a cgroup is that of the task that is on or off CPU", {}, async () => {
  await using cgroup = new Cgroup();
  await using turns = await Turns.start();
  Deno.writeTextFileSync(`${cgroup.path}/cgroup.procs`, `${turns.pid}`);
  const options = { cgroup: cgroup.path, cgroups: true, pids: true };
  for (const offcpu of [false, true]) {
    const { rows, result } = await traced({ ...options, offcpu }, () => turns.take());
    assertEquals(
      rows.map(({ pid, count, cgroup_id }) => [pid, count, Number(cgroup_id)]),
      [[turns.pid, 101 + result.preempted - Number(offcpu), Deno.statSync(cgroup.path).ino!]],
    );
  }
});

kernelTest("times are told apart by what the options say", {}, async () => {
  await using turns = await Turns.start();
  const options = { tids: true, cpus: true, pidnss: true, pid: [turns.pid] };
  const { rows, result } = await traced(options, () => turns.take());
  const pidns = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/pid"))![0]);
  assertEquals(
    rows.map((row) => [row.tid, row.cpu, row.comm, row.pidns, row.state, row.count]),
    [[turns.pid, 0, "turns", pidns, undefined, 101 + result.preempted]],
  );
});

kernelTest("a wait for a disk is in iowait", {}, async () => {
  using loop = new LoopDevice();
  const dd = ["dd", `if=${loop.path}`, "of=/dev/null", "bs=4096", "count=101", "iflag=direct"];
  const { rows } = await traced(
    { ppid: Deno.pid, comm: "dd", states: true, offcpu: true },
    // at this priority it is not preempted by who serves the request
    () => new Deno.Command("chrt", { args: ["-f", "1", ...dd], stderr: "null" }).output(),
  );
  // Linux before 5.18 does not say in which state it was that is being woken up.
  const { iowait = 0, W = 0 } = statesIn(rows);
  assert(iowait > 0 && iowait + W >= 101, JSON.stringify(statesIn(rows)));
});

kernelTest("idle tasks are shown with -I only, and are never off CPU", {}, async () => {
  const idle = (rows: readonly CpuTimes[]) => rows.filter(({ pid }) => pid === 0);
  // While a process waits for another one, a CPU may be idle.
  const work = () => runExecs();
  assertEquals(idle((await traced({ pids: true }, work)).rows), []);
  assertEquals(idle((await traced({ pids: true, offcpu: true }, work)).rows), []);
  const opened = Cpudist.open();
  Object.assign(opened.rodata, switchArguments(), { include_idle: true, by_tid: true });
  opened.maps.counts.maxEntries = opened.maps.names.maxEntries = 16_384;
  loadHooks(opened.progs, { slice: true, switch: false });
  opened.progs.seed_absences.autoload = false;
  using skeleton = loadSkeleton(opened).attach();
  while (![...skeleton.maps.counts].some(([{ tid }]) => tid === 0)) await runExecs({ count: 1 });
  const { rows } = await traced({ pids: true, include_idle: true }, work);
  for (const { comm } of idle(rows)) assertMatch(comm!, /^swapper/);
  const { stderr, code } = await runTool("cpudist", ["-OI"]);
  assertEquals(
    [stderr, code],
    ["cpudist: Idle tasks are never off CPU: -O and -I exclude each other\n", 64],
  );
});

kernelTest("histograms count in the unit that is asked for", {}, async () => {
  await using turns = await Turns.start();
  const units = [
    [{ nanoseconds: true }, "ns", 1],
    [{}, "us", 1e3],
    [{ milliseconds: true }, "ms", 1e6],
  ] as const;
  for (const [options, unit, ns] of units) {
    const { rows: [row] } = await traced({ ...options, pid: [turns.pid] }, () => turns.take());
    assertUnit(row, unit, ns);
  }
});

kernelTest("a row has the name that the process has at its last time", {}, async () => {
  await assertLastName("cpudist", ["-P", "--summary"]);
});

kernelTest(
  "what has no room is reported, and tasks that have ended leave nothing behind",
  {},
  async () => {
    const opened = Cpudist.open();
    Object.assign(opened.rodata, switchArguments(), { by_tid: true, targ_ppid: Deno.pid });
    opened.maps.counts.maxEntries = 2;
    opened.maps.names.maxEntries = 1024;
    opened.maps.absences.maxEntries = 41;
    loadHooks(opened.progs, { slice: true, switch: true });
    opened.progs.seed_absences.autoload = false;
    using full = loadSkeleton(opened).attach();
    await runExecs({ count: 53 });
    assert(full.bss.lost_map > 0n);
    assert([...full.maps.absences].length < 41, "a process that has ended is not off CPU");
  },
);

kernelTest("tables follow as asked for by words and by options, as in C", {}, async () => {
  for (const args of [["-T", "0.3", "2"], ["-T", "-i", "0.3", "--count", "2"]]) {
    const { stdout, code } = await runTool("cpudist", args);
    assertEquals(code, 0);
    assertEquals(stdout.match(/^\d\d:\d\d:\d\d\n {5}usecs +: count {4}distribution$/gm)?.length, 2);
  }
  const { stdout } = await runTool("cpudist", ["-O", "-m", "-d", "0.3"]);
  assertMatch(stdout, /^Tracing off-CPU time\.\.\. Hit Ctrl-C to end\.\n {5}msecs +: count/);
});

kernelTest("histograms have headings as in C, and --rows limits them", {}, async () => {
  const { stdout } = await runTool("cpudist", ["-P", "-d", "0.3", "--rows", "2"]);
  assertMatch(stdout, /^Tracing on-CPU time\.\.\. Hit Ctrl-C to end\.\n/);
  assertEquals(stdout.match(/^pid = \d+ .+\n {5}usecs/gm)?.length, 2);
  const threads = await runTool("cpudist", ["-L", "-d", "0.3"]);
  assertMatch(threads.stdout, /^tid = \d+ .+\n {5}usecs/m);
  const args = ["-N", "--pidnss", "--cgroups", "--cpus", "--states", "-d", "0.3"];
  const { stdout: others } = await runTool("cpudist", args);
  assertMatch(others, /^pidns = \d+, cgroup = \d+, cpu = \d+, state = \w+\n +nsecs/m);
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("cpudist", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});
