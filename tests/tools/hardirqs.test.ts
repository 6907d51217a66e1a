/** hardirqs against what the kernel counts in /proc/interrupts, and run by hand. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Hardirqs } from "#skel/hardirqs.ts";
import { testRun } from "#lib/mod.ts";
import { CounterSets, loadSkeleton } from "#lib/tool/mod.ts";
import { hardirqs, type HardirqTime } from "../../tools/hardirqs.ts";
import { allCounts, INTERRUPTS, VECTORS } from "../../tools/hardirqs/interrupts.ts";
import { pingPong } from "./ping_pong.ts";
import { kernelTest, runTool, startCommand, startTool } from "../kernel/harness.ts";

/** What /proc/interrupts has counted since boot: by line, a number for each CPU. */
function counted(): Map<string, number[]> {
  const [cpus, ...lines] = Deno.readTextFileSync("/proc/interrupts").trimEnd().split("\n");
  const online = cpus.trim().split(/\s+/).map((cpu) => Number(cpu.slice("CPU".length)));
  return new Map(lines.map((line) => {
    const [name, counts] = line.trim().split(/:\s*/);
    const byCpu: number[] = [];
    for (const [at, count] of (counts ?? "").split(/\s+/).slice(0, online.length).entries()) {
      byCpu[online[at]] = Number(count);
    }
    return [name, byCpu];
  }));
}

/** From include/uapi/linux/bpf.h. */
const BPF_F_TEST_RUN_ON_CPU = 1;

type Options = NonNullable<Parameters<typeof hardirqs>[0]>;

/** Lets CPUs wake up each other, and a disk write if the folder is on one. */
async function workload(): Promise<void> {
  const path = Deno.makeTempFileSync();
  using file = Deno.openSync(path, { write: true });
  await pingPong(1009);
  file.writeSync(new Uint8Array(65_536));
  file.syncSync();
  Deno.removeSync(path);
}

/** All rows that are shown of the workload, and the counts of the kernel before and after it. */
async function rowsOf(options: Options) {
  using trace = hardirqs(options);
  const tables = Array.fromAsync(trace.batches());
  const before = counted();
  await workload();
  const after = counted();
  trace.stop();
  return { rows: (await tables).flat(), before, after };
}

/** How often handlers of these names were called on a CPU. */
function calls(rows: readonly HardirqTime[], names: readonly string[], cpu: number): number {
  return rows.filter((row) => names.includes(row.name) && row.cpu === cpu)
    .reduce((sum, { count, none }) => sum + count + none, 0);
}

kernelTest("each interrupt is counted on its CPU, in one table or in many", {}, async () => {
  for (const interval of [0, 0.05]) {
    const outer = counted();
    const { rows, before, after } = await rowsOf({ cpus: true, interval });
    const end = counted();
    const limited = (irq: string, names: readonly string[]) => {
      for (const cpu of outer.get(irq)?.keys() ?? []) {
        const shown = calls(rows, names, cpu);
        // one may have started before the tool, and one may go on when it is read
        const least = after.get(irq)![cpu] - before.get(irq)![cpu] - 1;
        const most = end.get(irq)![cpu] - outer.get(irq)![cpu];
        assert(least <= shown && shown <= most, `${irq} ${cpu}: ${least} ${shown} ${most}`);
      }
    };
    // a line may have several handlers: each is called
    const devices = rows.filter(({ type }) => type === "device");
    for (const { irq, name } of devices) limited(irq, [name]);
    const lines = Map.groupBy(VECTORS.values(), ({ irq }) => irq);
    if (Deno.build.arch === "x86_64") {
      for (const irq of ["LOC", "RES", "CAL", "IWI"]) {
        limited(irq, lines.get(irq)!.map(({ name }) => name));
      }
    }
    assert(rows.reduce((sum, { count }) => sum + count, 0) > 0);
    for (const row of rows) check(row);
  }
});

function check(row: HardirqTime): void {
  const { count, none, total_ns, avg_ns, min_ns, max_ns, histogram } = row;
  assert(count + none > 0);
  assertEquals(histogram.reduce((a, b) => a + b, 0), count);
  assert(min_ns <= row.p50_ns && row.p50_ns <= row.p90_ns && row.p90_ns <= row.p99_ns);
  assert(row.p99_ns <= max_ns);
  if (count > 0) assertEquals(BigInt(avg_ns), BigInt(total_ns) / BigInt(count));
}

/** A test run of a raw tracepoint with these arguments. */
function on(cpu: number, ...values: (number | bigint)[]) {
  const context = new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer);
  return { context, cpu, flags: BPF_F_TEST_RUN_ON_CPU };
}

/** What is counted of runs by hand on CPU 0, by the type and the number of the interrupt. */
async function counting(run: (progs: ReturnType<Hardirqs["load"]>["progs"]) => void) {
  const opened = Hardirqs.open();
  opened.rodata.unit_ns = 1n;
  using skeleton = loadSkeleton(opened);
  const counter = new CounterSets(skeleton, allCounts(skeleton.maps), true);
  const rows = [];
  // twice, so that both sets have been counted into, and the first one was cleared
  for (let table = 0; table < 3; table++) {
    if (table < 2) run(skeleton.progs);
    await counter.collect();
    if (table > 0) rows.push(counter.take());
  }
  assertEquals(rows[1], []);
  return rows[0].map((row) => ({
    key: [INTERRUPTS[row.interrupt], row.number, row.action, row.cpu],
    ...row,
  }));
}

const IRQ_HANDLED = 1; // include/linux/irqreturn.h
const ACTION = 0x1000n; // no address of the kernel: the name is not read
const OTHER = 0x2000n;

kernelTest(
  "runs by hand are counted exactly, with what found nothing to do apart",
  {},
  async () => {
    const began = performance.now();
    const [row, ...more] = await counting((progs) => {
      const { irq_handler_entry, irq_handler_exit } = progs;
      testRun(irq_handler_exit, on(0, 9, ACTION, IRQ_HANDLED)); // its start was not seen
      for (let run = 0; run < 101; run++) {
        testRun(irq_handler_entry, on(0, 9, ACTION));
        testRun(irq_handler_exit, on(0, 9, ACTION, run < 97 ? IRQ_HANDLED : 0));
      }
    });
    const most_ns = (performance.now() - began) * 1e6;
    assertEquals(more, []);
    assertEquals(row.key, ["device", 9, ACTION, 0]);
    const { count, total_ns, min_ns, max_ns, slots } = row.runs;
    assertEquals([count, row.none, row.name], [194n, 8n, ""]);
    assert(row.none_ns > 0n && Number(total_ns + row.none_ns) < most_ns);
    assert(194n * min_ns <= total_ns && total_ns <= 194n * max_ns);
    // nanoseconds that were cut before they were added would be less than the least in the slots
    const least = slots.reduce((sum, count, slot) => sum + count * (slot && 2 ** slot), 0);
    assert(Number(total_ns) >= least);
  },
);

kernelTest("handlers on one line and handlers in handlers are distinguished", {}, async () => {
  const rows = await counting((progs) => {
    const { irq_handler_entry, irq_handler_exit, vector_entry, vector_exit } = progs;
    for (const action of [ACTION, OTHER]) {
      testRun(irq_handler_entry, on(0, 9, action));
      testRun(irq_handler_exit, on(0, 9, action, IRQ_HANDLED));
    }
    testRun(vector_entry, on(0, 0xf7));
    for (let run = 0; run < 7; run++) {
      testRun(irq_handler_entry, on(0, 11, ACTION));
      testRun(vector_exit, on(0, 0xf4)); // another's end ends nothing
      testRun(irq_handler_exit, on(0, 11, ACTION, IRQ_HANDLED));
    }
    testRun(vector_exit, on(0, 0xf7));
  });
  const ofNumber = (number: number) => rows.filter((row) => row.number === number);
  assertEquals(ofNumber(9).map(({ runs }) => runs.count), [2n, 2n]);
  const [[inner], [outer]] = [ofNumber(11), ofNumber(0xf7)];
  assertEquals([inner.runs.count, outer.runs.count, rows.length], [14n, 2n, 4]);
  assertEquals(outer.key, ["vector", 0xf7, 0n, 0]);
  assert(outer.runs.total_ns >= inner.runs.total_ns);
});

kernelTest("NMIs are counted with the time that the kernel passes", {}, async () => {
  const [row, ...more] = await counting(({ nmi_handler }) => {
    for (let run = 0; run < 13; run++) testRun(nmi_handler, on(0, ACTION, 1009, 1));
    for (let run = 0; run < 3; run++) testRun(nmi_handler, on(0, ACTION, 17, 0));
  });
  assertEquals(more, []);
  assertEquals(row.key, ["nmi", 0, 0n, 0]);
  assertEquals([row.runs.count, row.runs.total_ns, row.runs.max_ns], [26n, 26n * 1009n, 1009n]);
  assertEquals([row.none, row.none_ns], [6n, 6n * 17n]);
});

kernelTest(
  "the interrupts of one CPU are shown, and of one that there is not, none",
  {},
  async () => {
    const { rows } = await rowsOf({ cpu: 0, cpus: true });
    assert(rows.length > 0);
    assertEquals(new Set(rows.map(({ cpu }) => cpu)), new Set([0]));
    assertEquals((await rowsOf({ cpu: 8191 })).rows, []);
  },
);

kernelTest("targets are what is interrupted", {}, async () => {
  await using busy = startCommand(["sh", "-c", "while :; do :; done"]);
  await using asleep = startCommand(["sleep", "1000"]);
  using trace = hardirqs({ pid: [busy.pid], interval: 0.05 });
  for await (const table of trace.batches()) if (table.length > 0) break;
  assertEquals((await rowsOf({ pid: [asleep.pid] })).rows, []);
});

kernelTest("devices are shown with their controllers", {}, async () => {
  const { rows } = await rowsOf({});
  for (const { type, irq, chip } of rows) {
    if (type !== "device") assertEquals(chip, undefined);
    else assertStringIncludes(Deno.readTextFileSync(`/sys/kernel/irq/${irq}/chip_name`), chip!);
  }
});

kernelTest("tables follow as asked for, with the columns of the C tool", {}, async () => {
  const { stdout, code } = await runTool("hardirqs", ["-CT", "0.3", "2"]);
  assertEquals(code, 0);
  const head =
    /^\d\d:\d\d:\d\d\nHARDIRQ {27}TOTAL_count TOTAL_usecs +MAX_usecs CPU\n(\S.{32} +\d+ +\d+ +\d+ +\d+\n)+/gm;
  assertEquals(stdout.match(head)?.length, 2);
  const { stdout: wide } = await runTool("hardirqs", ["-N", "--stats", "--rows", "1", "0.3", "1"]);
  const columns = /^HARDIRQ +TOTAL_count TOTAL_nsecs +MAX_nsecs +AVG.* CPU% +NONE\n[^\n]+\n$/m;
  assertMatch(wide, columns);
});

kernelTest("histograms have headings as in C", {}, async () => {
  for (const [options, unit] of [[[], "usecs"], [["-N"], "nsecs"]] as const) {
    await using tool = startTool("hardirqs", ["-d", "-s", "0", "--cpus", ...options]);
    await tool.until("end.\n");
    await pingPong(101);
    const { stdout } = await tool.stop();
    assertMatch(stdout, new RegExp(`^hardirq = \\S+, cpu = 0\\n +${unit} +: count`, "m"));
  }
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("hardirqs", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});
