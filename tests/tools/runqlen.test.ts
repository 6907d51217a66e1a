/** runqlen against processes that want a CPU all the time, so that it is known how many of them wait. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type count, type group, Runqlen } from "#skel/runqlen.ts";
import { loadSkeleton, possibleCpus } from "#lib/tool/mod.ts";
import { CpuClocks, OneClock } from "#lib/tool/timers.ts";
import { onlineCpus } from "#lib/sys/cpus.ts";
import { runqlen, type RunQueueLength } from "../../tools/runqlen.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import {
  delay,
  hasFeature,
  kernelTest,
  patient,
  runTool,
  startCommand,
} from "../kernel/harness.ts";
import { Busy } from "./busy.ts";

type Options = NonNullable<Parameters<typeof runqlen>[0]>;

/**
 * As many processes as `count`, all of them beyond their start: they want a CPU until they are killed. Any other
 * process gets it before them, so that they wait longer.
 */
class Crowd implements AsyncDisposable {
  readonly all: readonly Busy[];

  private constructor(count: number, cpu: number) {
    this.all = Array.from({ length: count }, () => new Busy("spin", cpu));
  }

  static async of(count: number, cpu = 0): Promise<Crowd> {
    const crowd = new Crowd(count, cpu);
    for (const busy of crowd.all) await (await busy.started()).runs(patient(0.01e9));
    const pids = crowd.all.map(({ pid }) => String(pid));
    await startCommand(["renice", "-n", "19", "-p", ...pids]).finish();
    return crowd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const busy of this.all) await busy[Symbol.asyncDispose]();
  }
}

/** Keeps all CPUs but CPU 0 busy: where each has a clock of its own, that of an idle one may not tick. */
async function othersBusy(): Promise<AsyncDisposableStack> {
  const crowds = new AsyncDisposableStack();
  for (const cpu of onlineCpus().filter((cpu) => cpu !== 0)) crowds.use(await Crowd.of(1, cpu));
  return crowds;
}

/** The rows of a trace of this length, in milliseconds. */
async function rowsOf(options: Options, ms = 400): Promise<RunQueueLength[]> {
  using trace = runqlen({ cpus: true, ...options });
  await delay(ms);
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals([trace.losses.map, rows.length > 0], [0n, true]);
  return rows;
}

const onCpu = (rows: readonly RunQueueLength[], cpu = 0) => rows.find((row) => row.cpu === cpu)!;

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** Samples in which fewer than this number of tasks waited. */
const fewer = ({ histogram }: RunQueueLength, length: number) => sum(histogram.slice(0, length));

/** Whether it is nothing but samples that were taken while a CPU changed its queue. */
const isRare = (samples: number, { samples: all }: RunQueueLength) => samples <= all / 20;

kernelTest(
  "all tasks that wait for a CPU are counted, in whatever cgroups they are",
  {},
  async () => {
    await using crowd = await Crowd.of(5);
    await using groups = new AsyncDisposableStack();
    for (const { pid } of crowd.all) {
      const cgroup = groups.use(new Cgroup());
      Deno.writeTextFileSync(`${cgroup.path}/cgroup.procs`, `${pid}`);
      groups.defer(() => Deno.writeTextFileSync(`${cgroup.path}/../cgroup.procs`, `${pid}`));
    }
    const row = onCpu(await rowsOf({}));
    assert(isRare(fewer(row, 4), row), `${row.histogram}: four of five wait`);
    assert(row.occupancy >= 95 && row.occupancy <= 100);
  },
);

kernelTest("what rows say is what their histograms have", {}, async () => {
  await using _crowd = await Crowd.of(2);
  await using _others = await othersBusy();
  const rows = await rowsOf({ class: true });
  assertEquals([...new Set(rows.map(({ cpu }) => cpu))], onlineCpus());
  for (const row of rows) {
    const { samples, avg_len, max_len, occupancy, histogram } = row;
    assertEquals(sum(histogram), samples);
    assertEquals(histogram.length, max_len + 1);
    assertEquals(avg_len, sum(histogram.map((count, length) => count * length)) / samples);
    assertEquals(occupancy, 100 * (1 - histogram[0] / samples));
    assertEquals([row.node, row.cpu_percent, row.unclaimed_percent], [
      undefined,
      undefined,
      undefined,
    ]);
    assertEquals(samples, rows.find((other) => other.cpu === row.cpu)!.samples);
  }
  const fair = onCpu(rows.filter((row) => row.class === "fair"));
  assert(isRare(fewer(fair, 1), fair), `${fair.histogram}: one of two waits`);
});

kernelTest("tasks of real time wait in a class of their own", {}, async () => {
  const turn = "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; sleep 0.01; done";
  await using tasks = new AsyncDisposableStack();
  for (let task = 0; task < 3; task++) {
    tasks.use(startCommand(["taskset", "-c", "0", "chrt", "-f", "1", "sh", "-c", turn]));
  }
  using trace = runqlen({ class: true, interval: 0.1, frequency: 499 });
  const classes = new Set<string | undefined>();
  for await (const row of trace) {
    classes.add(row.class);
    if (row.class === "rt") break;
  }
  assertEquals(classes, new Set(["fair", "rt"]).union(classes));
});

kernelTest("queues are looked at as often as -f says, or less often", {}, async () => {
  await using _crowd = await Crowd.of(1);
  for (const frequency of [19, 997]) {
    const begin = performance.now();
    using trace = runqlen({ frequency, cpus: true });
    const attached = performance.now();
    await delay(500);
    const stopping = performance.now();
    trace.stop();
    const { samples } = onCpu(await Array.fromAsync(trace));
    const end = performance.now();
    assert(samples <= frequency * (end - begin) / 1000 + 1, `${samples} at ${frequency} Hz`);
    // an emulated CPU gets few of the ticks
    assert(
      samples >= 0.02 * frequency * (stopping - attached) / 1000,
      `${samples}, ${frequency} Hz`,
    );
  }
  const { stderr, code } = await runTool("runqlen", ["-f", "0"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "frequency");
});

kernelTest(
  "histograms are as in C, with -C one for each CPU, with the time above",
  {},
  async () => {
    await using _crowd = await Crowd.of(2);
    await using _others = await othersBusy();
    const histogram =
      "     runqlen       : count     distribution\n( {8}\\d+ +: \\d+ +\\|[* ]{40}\\|\\n)+";
    const title = "Sampling run queue length... Hit Ctrl-C to end.\n";
    const one = await runTool("runqlen", ["-H", "-f", "49", "0.3", "1"]);
    assertEquals([one.stderr, one.code], ["", 0]);
    assertMatch(one.stdout, new RegExp(`^${title}${histogram}\n$`));
    const { stdout } = await runTool("runqlen", ["-CT", "-i", "0.3", "-d", "0.6"]);
    const cpus = onlineCpus().map((cpu) => `\ncpu = ${cpu}\n${histogram}`).join("");
    assertMatch(stdout, new RegExp(`^${title}\\d\\d:\\d\\d:\\d\\d\n${cpus}\n`));
    const classes = await runTool("runqlen", ["--class", "-C", "--numa", "0.3", "1"]);
    assertMatch(classes.stdout, new RegExp(`\nnode = \\d+, cpu = 0, class = fair\n${histogram}`));
  },
);

kernelTest("-O shows how often tasks wait, as C does", {}, async () => {
  await using _crowd = await Crowd.of(3);
  await using _others = await othersBusy();
  const all = await runTool("runqlen", ["-O", "0.3", "1"]);
  assertMatch(all.stdout, /\nrunqocc: \d+\.\d\d%\n\n$/);
  const { stdout } = await runTool("runqlen", ["-OC", "0.5", "1"]);
  assertMatch(stdout, /\nrunqocc, CPU 0 {4}( 9\d|100)\.\d\d%\n/);
  assertEquals(stdout.match(/^runqocc, CPU/gm)?.length, onlineCpus().length);
  const nodes = await runTool("runqlen", ["-O", "--numa", "--class", "0.3", "1"]);
  assertMatch(nodes.stdout, /^runqocc, node 0 {2}, fair {5,8}\d+\.\d\d%$/m);
});

kernelTest("--summary shows rows, --numa one for each node", {}, async () => {
  const args = ["--summary", "-C", "--class", "--numa", "--rows", "1", "0.3", "--count", "1"];
  const { stdout, stderr } = await runTool("runqlen", args);
  assertEquals(stderr, "");
  assertMatch(
    stdout,
    /\nNODE CPU CLASS +SAMPLES +AVG_LEN MAX_LEN +OCC%\n +\d+ +0 fair +\d+ [^\n]*\n\n$/,
  );
  const nodes = Deno.readTextFileSync("/sys/devices/system/node/online").trim();
  const rows = await rowsOf({ cpus: false, numa: true });
  if (nodes === "0") assertEquals(rows.map(({ node, cpu }) => [node, cpu]), [[0, undefined]]);
  const byCpu = await rowsOf({ numa: true });
  for (const { cpu, node } of byCpu) {
    assert([...Deno.readDirSync(`/sys/devices/system/node/node${node}`)]
      .some(({ name }) => name === `cpu${cpu}`));
  }
});

kernelTest("--top wants a terminal", {}, async () => {
  const { stderr, code } = await runTool("runqlen", ["--top"]);
  assertEquals(code, 64);
  assertStringIncludes(stderr, "terminal");
});

/** What both programs count while a crowd wants CPU 0: the numbers of each measure, by what they are of. */
async function counting(nodes: readonly number[] = []): Promise<[group, count][]> {
  const opened = Runqlen.open();
  const all = opened.progs.snapshot.autoload = hasFeature("run_queues");
  opened.progs.sample.autoload = !all;
  opened.rodata.nr_cpus = possibleCpus();
  opened.rodata.with_unclaimed = all;
  opened.rodata.nr_nodes = Math.max(1, nodes.length);
  if (nodes.length > 0) opened.maps.nodes.maxEntries = possibleCpus();
  using skeleton = loadSkeleton(opened);
  for (const [cpu, node] of nodes.entries()) skeleton.maps.nodes.update(cpu, node);
  using _clock = all
    ? new OneClock(skeleton.progs.snapshot, 997)
    : new CpuClocks(skeleton.progs.sample, 997);
  await delay(patient(500));
  assertEquals(skeleton.bss.lost_map, 0n);
  return [...skeleton.maps.counts];
}

kernelTest("a queue is counted once a tick, in the set that is counted into", {}, async () => {
  await using _crowd = await Crowd.of(2);
  await using _others = await othersBusy();
  const counts = await counting();
  assert(counts.every(([{ set }]) => set === 0));
  const samples = Map.groupBy(counts.filter(([{ measure }]) => measure === 0), ([{ of }]) => of);
  assertEquals([...samples.keys()].sort(), onlineCpus());
  if (!hasFeature("run_queues")) return;
  const sums = [...samples.values()].map((some) =>
    sum(some.map(([, { samples }]) => Number(samples)))
  );
  assertEquals(new Set(sums).size, 1, `all CPUs at the same time: ${sums}`);
});

const needs = ["run_queues"] as const;

kernelTest("idle CPUs that no task may have are no unclaimed ones", { needs }, async () => {
  await using _crowd = await Crowd.of(3);
  const [row] = await rowsOf({ unclaimed: true, cpus: false }, patient(1000));
  const { cpu_percent, unclaimed_percent, bound_percent } = row;
  const message = Deno.inspect(row);
  assert(cpu_percent! >= 95 / onlineCpus().length && cpu_percent! <= 100, message);
  if (onlineCpus().length > 1) assert(bound_percent! > 3 * unclaimed_percent!, message);
  else assertEquals([unclaimed_percent, bound_percent], [0, 0]);
});

kernelTest("idle CPUs are compared with the queues of their own node", { needs }, async () => {
  if (onlineCpus().length < 2) return;
  await using _crowd = await Crowd.of(3);
  const total = (counts: readonly [group, count][], measure: number) =>
    counts.filter(([key]) => key.measure === measure)
      .reduce((all, [{ value }, { samples }]) => all + value * Number(samples), 0);
  const [IDLE, WANTED] = [5, 6];
  const one = await counting();
  assert(total(one, WANTED) > total(one, IDLE) / 2, "CPU 0 has more than it can do");
  const apart = await counting(onlineCpus().map((cpu) => Number(cpu > 0)));
  assert(total(apart, IDLE) > 0);
  assert(total(apart, WANTED) < total(apart, IDLE) / 10, "it is in a node of its own");
});

kernelTest(
  "tasks that wait where they no longer have to leave a CPU unclaimed",
  { needs },
  async () => {
    if (onlineCpus().length < 2) return;
    await using crowd = await Crowd.of(3);
    using trace = runqlen({ unclaimed: true, interval: 0.1, frequency: 1999 });
    let cpus = ["0", "0-1"];
    for await (const { unclaimed_percent } of trace) {
      if (unclaimed_percent! > 0) break;
      // until the kernel moves them to the idle CPU, which takes it a moment
      cpus = cpus.reverse();
      for (const { pid } of crowd.all) {
        await startCommand(["taskset", "-cp", cpus[0], String(pid)]).finish();
      }
    }
  },
);

kernelTest("--unclaimed has a line as cpuunclaimed has", { needs }, async () => {
  const line =
    "%CPU +\\d+\\.\\d\\d%, unclaimed idle \\d+\\.\\d\\d%, bound idle \\d+\\.\\d\\d%\n\n$";
  const { stdout } = await runTool("runqlen", ["--unclaimed", "0.3", "1"]);
  assertMatch(stdout, new RegExp(`\n${line}`));
  const nodes = await runTool("runqlen", ["--unclaimed", "--numa", "0.3", "1"]);
  assertMatch(nodes.stdout, new RegExp(`\nnode 0: ${line}`));
  const args = ["--unclaimed", "--summary", "0.3", "1"];
  assertMatch((await runTool("runqlen", args)).stdout, /OCC% +CPU% UNCLAIMED% +BOUND%\n/);
});

kernelTest("--unclaimed compares CPUs, where programs find the run queues of all", {}, async () => {
  const excluded = await runTool("runqlen", ["--unclaimed", "-C"]);
  assertEquals(
    [excluded.stderr, excluded.code],
    ["runqlen: CPUs are compared with others: --unclaimed excludes -C and --class\n", 64],
  );
  if (hasFeature("run_queues")) return;
  const { stderr, code } = await runTool("runqlen", ["--unclaimed"]);
  assertEquals(code, 69);
  assertStringIncludes(stderr, "lets no program find the run queues of others");
});
