/** runqlat against what the kernel itself counts of a task. */
import { assert, assertEquals, assertMatch, assertStringIncludes, fail } from "@std/assert";
import { Runqlat } from "#skel/runqlat.ts";
import { loadHooks, loadSkeleton, switchArguments } from "#lib/tool/mod.ts";
import { runqlat, type RunQueueLatency } from "../../tools/runqlat.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, patient, runTool } from "../kernel/harness.ts";
import { assertLastName, assertUnit } from "./task_times.ts";
import { type Counts, tookAsLong, TRIES, Turns } from "./turns.ts";

/** All rows of the tables that runqlat shows while a task takes turns. */
async function rowsOf(
  turns: Turns,
  options: NonNullable<Parameters<typeof runqlat>[0]>,
): Promise<{ rows: RunQueueLatency[]; counts: Counts }> {
  using trace = runqlat(options);
  const tables = Array.fromAsync(trace.batches());
  const counts = await turns.take();
  trace.stop();
  const rows = (await tables).flat();
  assertEquals(trace.losses.map, 0n);
  return { rows, counts };
}

const sum = (rows: readonly RunQueueLatency[], name: "count" | "total_ns") =>
  rows.reduce((total, row) => total + Number(row[name]), 0);

kernelTest("every wait of a task is counted, in one table or in many", {}, async () => {
  await using turns = await Turns.start();
  for (const interval of [0, 0.03]) {
    const { rows, counts } = await rowsOf(turns, { pid: [turns.pid], interval });
    assertEquals(counts.woken, 101);
    assertEquals(sum(rows, "count"), counts.woken + counts.preempted);
    if (interval === 0) assertEquals(rows.length, 1);
    for (const row of rows) {
      assertEquals(row.histogram.reduce((a, b) => a + b), row.count);
      assert(row.min_ns <= row.p50_ns && row.p50_ns <= row.p90_ns);
      assert(row.p90_ns <= row.p99_ns && row.p99_ns <= row.max_ns);
      assertEquals(row.avg_ns, BigInt(row.total_ns) / BigInt(row.count));
    }
  }
});

kernelTest("waits are as long as the kernel says", {}, async () => {
  await using turns = await Turns.start();
  for (let time = 0; time < TRIES; time++) {
    const { rows, counts } = await rowsOf(turns, { pid: [turns.pid] });
    if (tookAsLong(sum(rows, "count"), sum(rows, "total_ns"), counts)) return;
  }
  fail("they never were");
});

kernelTest("waits of a task that is preempted on its way to sleep are counted", {}, async () => {
  await using turns = await Turns.start("preempt", 101);
  const { rows, counts } = await rowsOf(turns, { pid: [turns.pid], kinds: true });
  assertEquals(counts.woken, 1);
  assert(counts.preempted >= 101);
  const kinds = Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
  assertEquals(kinds, { woken: 1, preempted: counts.preempted });
});

kernelTest(
  "a cgroup is that of the task that waits, not of the one that wakes it up",
  {},
  async () => {
    await using cgroup = new Cgroup();
    await using turns = await Turns.start();
    Deno.writeTextFileSync(`${cgroup.path}/cgroup.procs`, `${turns.pid}`);
    const options = { cgroup: cgroup.path, cgroups: true, pids: true };
    const { rows, counts } = await rowsOf(turns, options);
    assertEquals(
      rows.map(({ pid, count, cgroup_id }) => [pid, count, Number(cgroup_id)]),
      [[turns.pid, 101 + counts.preempted, Deno.statSync(cgroup.path).ino!]],
    );
  },
);

kernelTest("waits are told apart by what the options say", {}, async () => {
  await using turns = await Turns.start();
  const options = { kinds: true, tids: true, cpus: true, pidnss: true };
  const { rows, counts } = await rowsOf(turns, { ...options, pid: [turns.pid] });
  const pidns = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/pid"))![0]);
  for (const row of rows) {
    const { tid, cpu, comm } = row;
    assertEquals([tid, cpu, comm, row.pidns], [turns.pid, 0, "turns", pidns]);
  }
  const kinds = Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
  assertEquals([kinds.woken, kinds.preempted ?? 0], [101, counts.preempted]);
});

kernelTest("histograms count in the unit that is asked for", {}, async () => {
  await using turns = await Turns.start();
  const units = [
    [{ nanoseconds: true }, "ns", 1],
    [{}, "us", 1e3],
    [{ milliseconds: true }, "ms", 1e6],
  ] as const;
  for (const [options, unit, ns] of units) {
    const { rows: [row] } = await rowsOf(turns, { ...options, pid: [turns.pid] });
    assertUnit(row, unit, ns);
  }
});

kernelTest("a row has the name that the process has at its last wait", {}, async () => {
  await assertLastName("runqlat", ["-P", "--summary"]);
});

kernelTest("what has no room is reported, and idle tasks do not wait", {}, async () => {
  const opened = Runqlat.open();
  Object.assign(opened.rodata, switchArguments(), { by_tid: true });
  opened.maps.counts.maxEntries = 2;
  opened.maps.names.maxEntries = 1024;
  loadHooks(opened.progs, { wakeup: true, wakeup_new: true, switch: true });
  using full = loadSkeleton(opened).attach();
  using trace = runqlat({ tids: true, signal: AbortSignal.timeout(patient(300)) });
  const rows = (await Array.fromAsync(trace.batches())).flat();
  assert(rows.length > 2);
  assert(full.bss.lost_map > 0n);
  assert(rows.every(({ tid }) => tid! > 0));
});

kernelTest("tables follow as asked for by words and by options, as in C", {}, async () => {
  for (const args of [["-T", "0.3", "2"], ["-T", "-i", "0.3", "--count", "2"]]) {
    const { stdout, code } = await runTool("runqlat", args);
    assertEquals(code, 0);
    assertEquals(stdout.match(/^\d\d:\d\d:\d\d\n {5}usecs +: count {4}distribution$/gm)?.length, 2);
  }
  const { stdout } = await runTool("runqlat", ["-m", "-d", "0.3"]);
  assertMatch(stdout, /^Tracing run queue latency.*\n {5}msecs +: count/);
});

kernelTest("histograms have headings as in C, and --rows limits them", {}, async () => {
  const { stdout } = await runTool("runqlat", ["-P", "-d", "0.3", "--rows", "2"]);
  const headings = stdout.match(/^pid = \d+ .+\n {5}usecs/gm);
  assertEquals(headings?.length, 2);
  const threads = await runTool("runqlat", ["-L", "-d", "0.3"]);
  assertMatch(threads.stdout, /^tid = \d+ .+\n {5}usecs/m);
  const args = ["-N", "--pidnss", "--cgroups", "--cpus", "--kinds", "-d", "0.3"];
  const { stdout: others } = await runTool("runqlat", args);
  assertMatch(others, /^pidns = \d+, cgroup = \d+, cpu = \d+, kind = woken\n +nsecs/m);
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("runqlat", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});
