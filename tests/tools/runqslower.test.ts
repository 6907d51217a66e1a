/** runqslower against what the kernel itself counts of a task. */
import { assert, assertEquals, assertMatch, fail } from "@std/assert";
import { type LongWait, runqslower } from "../../tools/runqslower.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { type Counts, tookAsLong, TRIES, Turns } from "./turns.ts";

type Options = NonNullable<Parameters<typeof runqslower>[0]>;

/** The waits that runqslower shows while a task takes turns, with each of some options. */
async function waitsOf(
  turns: Turns,
  ...runs: Options[]
): Promise<{ waits: LongWait[][]; counts: Counts }> {
  using stack = new DisposableStack();
  const traces = runs.map((options) => stack.use(runqslower(options)));
  const shown = traces.map((trace) => Array.fromAsync(trace));
  const counts = await turns.take();
  for (const trace of traces) trace.stop();
  const waits = await Promise.all(shown);
  for (const { losses: { ring, map } } of traces) assertEquals([ring, map], [0n, 0n]);
  return { waits, counts };
}

kernelTest(
  "every wait of a task is shown, with who woke it up and who ran before",
  {},
  async () => {
    await using turns = await Turns.start();
    const { waits: [waits], counts } = await waitsOf(turns, { min_us: 0, pid: [turns.pid] });
    const stat = Deno.readTextFileSync(`/proc/${turns.pid}/stat`).split(" ");
    const priority = 100 + Number(stat[17]); // proc(5): counted from the first that is not real-time
    assertEquals(counts.woken, 101);
    assertEquals(waits.length, counts.woken + counts.preempted);
    const woken = waits.filter(({ kind }) => kind === "woken");
    assertEquals(woken.length, counts.woken);
    for (const { pid, tid, comm, cpu, policy, prio } of waits) {
      assertEquals([pid, tid, comm, cpu], [turns.pid, turns.pid, "turns", 0]);
      assertEquals([policy, prio], ["SCHED_BATCH", priority]);
    }
    for (const { waker_pid, waker_tid, waker_comm } of woken) {
      assertEquals([waker_pid, waker_tid, waker_comm], [turns.parent, turns.parent, "turns"]);
    }
    // The parent keeps the CPU busy until the child has blocked again, so it waits in turn.
    const behind = waits.filter(({ prev_pid }) => prev_pid === turns.parent);
    assert(behind.length > 0);
    for (const { prev_tid, prev_comm, prev_ran_ns, queued } of behind) {
      assertEquals([prev_tid, prev_comm], [turns.parent, "turns"]);
      assert(prev_ran_ns! > 0n && queued! >= 1, `${prev_ran_ns} ns, ${queued} queued`);
    }
  },
);

kernelTest("waits are as long as the kernel says", {}, async () => {
  await using turns = await Turns.start();
  for (let time = 0; time < TRIES; time++) {
    const { waits: [waits], counts } = await waitsOf(turns, { min_us: 0, pid: [turns.pid] });
    const total = waits.reduce((total, { delay_ns }) => total + Number(delay_ns), 0);
    if (tookAsLong(waits.length, total, counts)) return;
  }
  fail("they never were");
});

kernelTest("waits for a real-time task are shown, which has no slice", {}, async () => {
  await using turns = await Turns.start("preempt", 101);
  const { waits: [waits], counts } = await waitsOf(turns, { min_us: 0, pid: [turns.pid] });
  assert(counts.preempted >= 101);
  assertEquals(waits.filter(({ kind }) => kind === "preempted").length, counts.preempted);
  const behind = waits.filter(({ prev_pid }) => prev_pid === turns.parent);
  assert(behind.length > 0);
  for (const { prev_ran_ns } of behind) assertEquals(prev_ran_ns, undefined);
  for (const { kind, waker_pid } of waits) if (kind !== "woken") assertEquals(waker_pid, undefined);
});

kernelTest("only what takes longer is shown, of the thread that is meant", {}, async () => {
  await using turns = await Turns.start();
  await using other = await Turns.start();
  const { waits } = await waitsOf(
    turns,
    { min_us: 0, tid: turns.pid },
    { min_us: 20, tid: turns.pid },
    { min_us: 60_000_000, tid: turns.pid },
    { min_us: 0, tid: other.pid },
    { min_us: 0, pid: [turns.pid], name: "turn" },
    { min_us: 0, pid: [turns.pid], name: "turnstile" },
  );
  const [all, longer, longest, others, named, misnamed] = waits;
  assert(all.length >= 101 && all.every(({ tid }) => tid === turns.pid));
  assert(longer.every(({ delay_ns }) => delay_ns > 20_000n));
  assert(longer.length <= all.length);
  assertEquals([longest, others, misnamed].map(({ length }) => length), [0, 0, 0]);
  assertEquals(named.length, all.length);
});

kernelTest("a cgroup is that of the task that waits", {}, async () => {
  await using cgroup = new Cgroup();
  await using turns = await Turns.start();
  Deno.writeTextFileSync(`${cgroup.path}/cgroup.procs`, `${turns.pid}`);
  const { waits: [waits] } = await waitsOf(turns, { min_us: 0, cgroup: cgroup.path });
  assert(waits.length >= 101);
  const ids = new Set(waits.map(({ cgroup_id }) => Number(cgroup_id)));
  assertEquals([...ids], [Deno.statSync(cgroup.path).ino!]);
});

kernelTest("the columns are those of the C tool", {}, async () => {
  const args = ["0", "-c", "turnstile", "-t", "1"];
  const { stdout, code } = await runTool("runqslower", [...args, "--seconds", "0.1"]);
  assertEquals([stdout, code], ["TIME     COMM             TID           LAT(us)\n", 0]);
  const { stdout: previous } = await runTool("runqslower", ["-P", "0", "--events", "7"]);
  assertMatch(previous, /^TIME {5}COMM {13}TID {11}LAT\(us\) PREV COMM {8}PREV TID\n/);
  // Where the kernel has not shown the switch, nobody had the CPU before.
  assertEquals(previous.match(/^[\d:]{8} .{16} \d+ +\d+ .{16} (\d+|-)$/gm)?.length, 7);
});
