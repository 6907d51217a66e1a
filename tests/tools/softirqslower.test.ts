/** softirqslower against what the kernel counts in /proc/softirqs, and run by hand. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Softirqslower } from "#skel/softirqslower.ts";
import { testRun } from "#lib/mod.ts";
import { loadSkeleton } from "#lib/tool/mod.ts";
import { SOFTIRQS } from "#lib/tool/irq_times.ts";
import { type SlowSoftirq, softirqslower } from "../../tools/softirqslower.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { pingPong } from "./ping_pong.ts";
import { on, procSoftirqs } from "./proc_softirqs.ts";

/** Keeps this thread busy. @returns how long, in nanoseconds */
function spend(ms: number): number {
  const began = performance.now();
  while (performance.now() < began + ms);
  return (performance.now() - began) * 1e6;
}

kernelTest("what takes long is reported, by hand: waits, runs, and nothing else", {}, () => {
  const opened = Softirqslower.open();
  opened.rodata.min_ns = 5_000_000n;
  using skeleton = loadSkeleton(opened);
  const { progs, maps } = skeleton;
  const { softirq_raise, softirq_entry, softirq_exit } = progs;

  testRun(softirq_exit, on(0, 5)); // it has begun before
  let waited = 0, ran = 0;
  for (let round = 0; round < 7; round++) {
    testRun(softirq_raise, on(0, 5));
    testRun(softirq_raise, on(0, 2));
    waited += spend(20);
    testRun(softirq_raise, on(0, 5)); // for the second time: it waits from the first one on
    testRun(softirq_entry, on(0, 5));
    testRun(softirq_exit, on(0, 5));
    testRun(softirq_entry, on(0, 3)); // it was not seen when this one was raised
    ran += spend(20);
    testRun(softirq_raise, on(0, 3)); // for another run
    testRun(softirq_exit, on(0, 3));
    testRun(softirq_entry, on(0, 3));
    testRun(softirq_exit, on(0, 3));
    testRun(softirq_entry, on(0, 2));
    testRun(softirq_exit, on(0, 2));
  }
  const events: { stage: number; softirq: number; delay: number; run: number; waiting: number }[] =
    [];
  maps.events.consume(({ stage, softirq, delay_ns, run_ns, waiting }) => {
    events.push({ stage, softirq, delay: Number(delay_ns), run: Number(run_ns), waiting });
  });
  const of = (stage: number, softirq: number) =>
    events.filter((event) => event.stage === stage && event.softirq === softirq);
  const [delays, others, runs] = [of(0, 5), of(0, 2), of(1, 3)];
  // a machine that is busy may have others wait or run long: none of these is one of another vector
  assert(delays.length === 7 && others.length === 7 && runs.length >= 7, Deno.inspect(events));
  const sum = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);
  assert(sum(delays.map(({ delay }) => delay)) >= waited);
  assert(sum(runs.map(({ run }) => run)) >= ran);
  for (const { delay, run, waiting } of delays) {
    assert(delay >= 20e6);
    assertEquals([run, waiting & 1 << 2], [0, 1 << 2]);
  }
  for (const { delay } of others) assert(delay >= 40e6);
  for (const { delay } of runs.slice(0, 1)) assertEquals(delay, 0);
});

type Options = NonNullable<Parameters<typeof softirqslower>[0]>;

/** What is reported of a workload, and the counts of the kernel before and after it. */
async function reported(options: Options, workload = () => pingPong(499)) {
  const outer = procSoftirqs();
  using trace = softirqslower(options);
  const events = Array.fromAsync(trace);
  const before = procSoftirqs();
  await workload();
  const after = procSoftirqs();
  trace.stop();
  const all = await events;
  const lost = Number(trace.losses.ring ?? 0n);
  return { events: all, lost, outer, before, after, end: procSoftirqs() };
}

kernelTest("with 0 each run is reported that the kernel counts, on its CPU", {}, async () => {
  const { events, lost, outer, before, after, end } = await reported({ min_us: 0 });
  const runs = events.filter(({ stage }) => stage === "run");
  for (const name of SOFTIRQS) {
    for (const cpu of outer.get(name)!.keys()) {
      const shown = runs.filter((run) => run.softirq === name && run.cpu === cpu).length;
      // one may have started before the tool, and one may go on when it is stopped
      const least = after.get(name)![cpu] - before.get(name)![cpu] - 1 - lost;
      const most = end.get(name)![cpu] - outer.get(name)![cpu];
      assert(least <= shown && shown <= most, `${name} ${cpu}: ${least} ${shown} ${most}`);
    }
  }
  assert(runs.some(({ softirq }) => softirq === "net_rx"));
  for (const event of events) check(event);
});

function check(event: SlowSoftirq): void {
  const { stage, softirq, delay_ns, run_ns, in_ksoftirqd, waiting } = event;
  assert((stage === "run" ? run_ns : delay_ns)! > 0n);
  assertEquals(run_ns === undefined, stage === "delay");
  assert(!waiting.includes(softirq));
  const { interrupted_pid, interrupted_tid, interrupted_comm } = event;
  const nobody = [interrupted_pid, interrupted_tid, interrupted_comm].map((x) => x === undefined);
  assertEquals(nobody, Array(3).fill(in_ksoftirqd));
  assert(!interrupted_comm?.startsWith("ksoftirqd/"));
}

kernelTest("MIN_US and -c leave out what is not asked for", {}, async () => {
  const { events } = await reported({ min_us: 5, cpu: 0, net: true });
  for (const { stage, delay_ns, run_ns, cpu } of events) {
    assertEquals(cpu, 0);
    assert((stage === "run" ? run_ns : delay_ns)! >= 5000n);
  }
  assertEquals((await reported({ min_us: 0, cpu: 8191 })).events, []);
});

kernelTest("--stack shows in which context each was raised, and by what", {}, async () => {
  const { events } = await reported({ min_us: 0, stack: true });
  for (const { raise_stack } of events) {
    for (const name of raise_stack ?? []) assert(!/^bpf_|trace_run/.test(name), name);
  }
  const raisedIn = (name: string) =>
    new Set(
      events.filter(({ softirq }) => softirq === name).map(({ raised_in }) => raised_in),
    );
  // the loopback device has a task receive what it sends
  assert(raisedIn("net_rx").has("task"), Deno.inspect([...raisedIn("net_rx")]));
  assert(raisedIn("timer").has("irq"), Deno.inspect([...raisedIn("timer")]));
});

kernelTest("the columns are those of the C tool, and a stack follows its row", {}, async () => {
  const { stdout } = await runTool("softirqslower", ["0", "--events", "3"]);
  const head = /^TIME {5}STAGE {16}SOFTIRQ {2}LAT\(us\) {8}CPU {4}COMM *\n/;
  const row =
    "\\d\\d:\\d\\d:\\d\\d (raise to softirq|softirq runtime) +[a-z_]+ +\\d+\\.\\d +\\d+ +\\S.*\\n";
  assertMatch(stdout, head);
  assertMatch(stdout, new RegExp(`COMM *\\n(${row}){3}$`));
  const { stdout: stacks } = await runTool(
    "softirqslower",
    [
      "0",
      "--stack",
      "--net",
      "-c",
      "0",
      "--filter",
      "softirq==timer && raised_in==irq",
      "--events",
      "1",
    ],
  );
  assertMatch(stacks, /^[\d:]+ (irq\(hard\) to softirq|softirq runtime) .*\n( {4}\S+ *\n){2,}$/m);
  const { stderr, code } = await runTool("softirqslower", ["-1"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "-1");
});
