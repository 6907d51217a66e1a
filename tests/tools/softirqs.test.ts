/** softirqs against what the kernel counts in /proc/softirqs, and run by hand. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Softirqs } from "#skel/softirqs.ts";
import { testRun } from "#lib/mod.ts";
import { CounterSets, loadSkeleton } from "#lib/tool/mod.ts";
import { softirqs, type SoftirqTime } from "../../tools/softirqs.ts";
import { SOFTIRQS } from "#lib/tool/irq_times.ts";
import { pingPong } from "./ping_pong.ts";
import { on, procSoftirqs } from "./proc_softirqs.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";

type Options = NonNullable<Parameters<typeof softirqs>[0]>;

/** All rows that are shown of a workload, and the counts of the kernel before and after it. */
async function rowsOf(options: Options, workload = () => pingPong(1009)) {
  using trace = softirqs(options);
  const tables = Array.fromAsync(trace.batches());
  const before = procSoftirqs();
  await workload();
  const after = procSoftirqs();
  trace.stop();
  return { rows: (await tables).flat(), before, after };
}

kernelTest("the names are those of /proc/softirqs", {}, () => {
  assertEquals([...SOFTIRQS], [...procSoftirqs().keys()]);
});

kernelTest("each run is counted on its CPU, in one table or in many", {}, async () => {
  for (const interval of [0, 0.03]) {
    const outer = procSoftirqs();
    const { rows, before, after } = await rowsOf({ cpus: true, interval });
    const end = procSoftirqs();
    for (const name of SOFTIRQS) {
      for (const cpu of outer.get(name)!.keys()) {
        const shown = rows.filter((row) => row.softirq === name && row.cpu === cpu)
          .reduce((sum, { count }) => sum + count, 0);
        // one may have started before the tool, and one may go on when it is read
        const least = after.get(name)![cpu] - before.get(name)![cpu] - 1;
        const most = end.get(name)![cpu] - outer.get(name)![cpu];
        assert(least <= shown && shown <= most, `${name} ${cpu}: ${least} ${shown} ${most}`);
      }
    }
    const received = rows.filter(({ softirq }) => softirq === "net_rx");
    assert(received.reduce((sum, { count }) => sum + count, 0) > 0);
    for (const row of rows) check(row);
  }
});

function check(row: SoftirqTime): void {
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  assertEquals(sum(row.histogram), row.count);
  assertEquals(sum(row.delay_histogram), row.delayed);
  assert(row.delayed <= row.count && row.ksoftirqd <= row.count);
  assert(row.min_ns <= row.p50_ns && row.p50_ns <= row.p90_ns && row.p90_ns <= row.p99_ns);
  assert(row.p99_ns <= row.max_ns);
  assertEquals(BigInt(row.avg_ns), BigInt(row.total_ns) / BigInt(row.count));
}

kernelTest("runs by hand are counted exactly, and none without its start", {}, async () => {
  const opened = Softirqs.open();
  opened.rodata.unit_ns = 1n;
  using skeleton = loadSkeleton(opened);
  const { softirq_raise, softirq_entry, softirq_exit } = skeleton.progs;
  const counter = new CounterSets(skeleton, skeleton.maps.counts, true);

  testRun(softirq_exit, on(0, 5));
  const began = performance.now();
  for (let run = 0; run < 101; run++) {
    // raised twice, it waits from the first time on
    if (run < 97) testRun(softirq_raise, on(0, 5));
    if (run < 89) testRun(softirq_raise, on(0, 5));
    testRun(softirq_entry, on(0, 5));
    testRun(softirq_exit, on(0, 5));
  }
  const most_ns = (performance.now() - began) * 1e6;
  testRun(softirq_entry, on(0, 2));
  testRun(softirq_exit, on(0, 2));
  await counter.collect();
  const rows = counter.take();
  assertEquals(rows.map(({ softirq, cpu, runs }) => [softirq, cpu, runs.count]).sort(), [
    [2, 0, 1n],
    [5, 0, 101n],
  ]);
  const { runs, delays } = rows.find(({ softirq }) => softirq === 5)!;
  const { total_ns, min_ns, max_ns, slots } = runs;
  assertEquals(delays.count, 97n);
  assert(101n * min_ns <= total_ns && total_ns <= 101n * max_ns);
  assert(delays.max_ns <= delays.total_ns);
  assert(Number(total_ns + delays.total_ns) < most_ns);
  // nanoseconds that were cut before they were added would be less than the least in the slots
  const least = slots.reduce((sum, count, slot) => sum + count * (slot && 2 ** slot), 0);
  assert(Number(total_ns) >= least);
});

kernelTest("device interrupts are no part of a run with --net", {}, () => {
  for (const net of [false, true]) {
    const opened = Softirqs.open();
    for (const name of ["irq_handler_entry", "irq_handler_exit"] as const) {
      opened.progs[name].autoload = net;
    }
    using skeleton = loadSkeleton(opened);
    const { softirq_entry, softirq_exit, irq_handler_entry, irq_handler_exit } = skeleton.progs;
    const interrupt = { ...on(0, 0), context: new Uint8Array(24) };
    const began = performance.now();
    testRun(softirq_entry, on(0, 5));
    if (net) testRun(irq_handler_entry, interrupt);
    const entered = performance.now();
    while (performance.now() < entered + 20);
    const inside_ns = (performance.now() - entered) * 1e6;
    if (net) testRun(irq_handler_exit, interrupt);
    testRun(softirq_exit, on(0, 5));
    const all_ns = (performance.now() - began) * 1e6;
    const [[, { runs: { total_ns } }]] = skeleton.maps.counts;
    if (net) assert(Number(total_ns) <= all_ns - inside_ns, `${total_ns} of ${all_ns}`);
    else assert(Number(total_ns) >= inside_ns, `${total_ns} of ${all_ns}`);
  }
});

kernelTest("the runs of one CPU are shown, and of one that there is not, none", {}, async () => {
  const { rows } = await rowsOf({ cpu: 0, cpus: true });
  assert(rows.length > 0);
  assertEquals(new Set(rows.map(({ cpu }) => cpu)), new Set([0]));
  assertEquals((await rowsOf({ cpu: 8191 })).rows, []);
});

kernelTest("tables follow as asked for, with the columns of the C tool", {}, async () => {
  const { stdout, code } = await runTool("softirqs", ["-CT", "0.3", "2"]);
  assertEquals(code, 0);
  const head = /^\d\d:\d\d:\d\d\nSOFTIRQ +TOTAL_usecs TOTAL_count\n([a-z_]+ +\d+ +\d+\n)+/gm;
  assertEquals(stdout.match(head)?.length, 2);
  assertMatch((await runTool("softirqs", ["-N", "0.3", "1"])).stdout, /^SOFTIRQ +TOTAL_nsecs\n/m);
  const all = ["--cpus", "--stats", "--delay", "--net", "--rows", "1", "0.3", "1"];
  const { stdout: wide } = await runTool("softirqs", all);
  assertMatch(wide, /^SOFTIRQ +CPU .+CPU% KSOFTIRQD DELAY \(us\) MAX DELAY\n[^\n]+\n$/m);
});

kernelTest("histograms have headings as in C", {}, async () => {
  for (const [options, unit] of [[[], "usecs"], [["-N", "--delay"], "nsecs"]] as const) {
    await using tool = startTool("softirqs", ["-d", "-c", "0", "--cpus", ...options]);
    await tool.until("end.\n");
    await pingPong(101);
    const { stdout } = await tool.stop();
    assertMatch(stdout, new RegExp(`^softirq = [a-z_]+, cpu = 0\\n +${unit} +: count`, "m"));
  }
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("softirqs", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});
