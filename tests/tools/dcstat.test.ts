/** dcstat against processes that look for a known number of names, on a file system that nobody has looked at. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dcstat, type NameLookups } from "../../tools/dcstat.ts";
import { coldFiles, MANY, runNames, THREADS } from "./names.ts";
import { hasFeature, kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { countedRows, countingTest } from "../kernel/left_out.ts";
import { withoutLosses } from "../kernel/running_tool.ts";

type Options = NonNullable<Parameters<typeof dcstat>[0]>;

const needs = ["fentry"] as const;

const COUNTS = ["refs", "slow", "misses", "negative"] as const;

/** All rows of a trace while something is done. */
function rowsOf(options: Options, work: () => Promise<unknown>): Promise<NameLookups[]> {
  return countedRows(dcstat({ interval: 600, ppid: Deno.pid, comm: "names", ...options }), work);
}

/** What kinds of the workload look for, besides what its own start does: refs, slow, misses, negative. */
async function lookupsOf(options: Options, cwd: string, ...kinds: string[]): Promise<number[]> {
  const total = (rows: readonly NameLookups[]) =>
    COUNTS.map((name) => rows.reduce((sum, row) => sum + row[name], 0));
  await runNames(cwd); // what the loader looks for is known from then on
  const start = total(await rowsOf(options, () => runNames(cwd)));
  const all = total(await rowsOf(options, () => runNames(cwd, ...kinds)));
  return all.map((count, at) => count - start[at]);
}

countingTest("names that are not in the cache are misses, and hits from then on", {
  needs,
}, async () => {
  for (const interval of [600, 0.05]) {
    using disk = coldFiles();
    assertEquals(await lookupsOf({ interval }, disk.path, "stat"), [46, 24, 24, 0]);
    assertEquals(await lookupsOf({ interval }, disk.path, "stat"), [46, 0, 0, 0]);
  }
});

countingTest("what is known not to exist is a hit, and counted apart", { needs }, async () => {
  using disk = coldFiles();
  assertEquals(await lookupsOf({}, disk.path, "absent"), [7, 7, 7, 0]);
  assertEquals(await lookupsOf({}, disk.path, "absent"), [7, 0, 0, 7]);
});

countingTest("names that are made and taken away are looked for, too", { needs }, async () => {
  using disk = coldFiles();
  assertEquals(await lookupsOf({}, disk.path, "create"), [5, 5, 5, 0]);
  assertEquals(await lookupsOf({}, disk.path, "reopen"), [3, 0, 0, 0]);
  assertEquals(await lookupsOf({}, disk.path, "rename"), [4, 2, 2, 0]);
  assertEquals(await lookupsOf({}, disk.path, "mkdir"), [22, 11, 11, 0]);
  assertEquals(await lookupsOf({}, disk.path, "mkdir"), [22, 0, 0, 11]);
  assertEquals(await lookupsOf({}, disk.path, "unlink"), [13, 13, 13, 0]);
  assertEquals(await lookupsOf({}, disk.path, "unlink"), [13, 0, 0, 13]);
});

countingTest("what several look for at the same time is one miss", { needs }, async () => {
  using disk = coldFiles();
  const [refs, slow, misses] = await lookupsOf({}, disk.path, "together");
  assertEquals([refs, misses], [2 * THREADS * MANY, 1 + MANY]);
  assert(slow >= misses);
});

countingTest("--by-process has a row for each", { needs }, async () => {
  using disk = coldFiles();
  await runNames(disk.path, "absent");
  const pids: number[] = [];
  const rows = await rowsOf({ by_process: true }, async () => {
    for (const kinds of [[], ["absent"], ["absent", "absent"]]) {
      pids.push(await runNames(disk.path, ...kinds));
    }
  });
  const [none, once, twice] = pids.map((pid) => rows.find((row) => row.pid === pid)!);
  assertEquals([once.refs - none.refs, twice.refs - none.refs], [7, 14]);
  for (const { comm, uid, user, refs, misses, hit_ratio } of rows) {
    assertEquals([comm, uid, user], ["names", 0, "root"]);
    assertEquals(hit_ratio, (refs - misses) / refs);
  }
  assertEquals(rows.length, 3);
  const [whole] = await rowsOf({}, () => Promise.resolve());
  const { pid, uid, user, comm, hit_ratio } = whole;
  assertEquals([pid, uid, user, comm, hit_ratio], Array(5).fill(undefined));
});

kernelTest("a row each interval, as the Python tool has it, also where nothing happens", {
  needs,
}, async () => {
  const nobody = ["--comm", "nobody at all"];
  const { stdout, stderr, code } = await runTool("dcstat", [...nobody, "0.2", "3"]);
  assertEquals([withoutLosses(stderr), code], ["", 0]);
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(header, "TIME         REFS/s   SLOW/s   MISS/s     HIT%");
  assertEquals(rows.length, 3);
  for (const row of rows) assertMatch(row, /^\d\d:\d\d:\d\d: ( +0){3} +-$/);
  const all = await runTool("dcstat", [...nobody, "--all", "--by-process", "0.2", "1"]);
  assertMatch(all.stdout, /^TIME +PID +COMM +REFS\/s +SLOW\/s +MISS\/s +NEG\/s +HIT%\n$/);
});

kernelTest("rates are of the time that has passed", { needs }, async () => {
  using disk = coldFiles();
  const fields = "refs,misses,interval_ns,refs_rate,misses_rate,hit";
  const args = ["--ppid", String(Deno.pid), "--comm", "names", "--fields", fields, "600"];
  await using tool = startTool("dcstat", args);
  await tool.until("\n");
  await runNames(disk.path, "stat");
  const { stdout } = await tool.stop();
  const [refs, misses, interval, refsRate, missesRate, hit] = stdout.trimEnd().split("\n")[1].trim()
    .split(/ +/).map(Number);
  assert(refs >= 46 && misses >= 24);
  assertEquals(refsRate, Math.round(refs / (interval / 1e9)));
  assertEquals(missesRate, Math.round(misses / (interval / 1e9)));
  assertEquals(hit, Number(((refs - misses) / refs * 100).toFixed(2)));
});

kernelTest("--rows limits rows, and --top wants a terminal", { needs }, async () => {
  using disk = coldFiles();
  const args = ["--by-process", "--rows", "1", "--ppid", String(Deno.pid), "--comm", "names"];
  await using tool = startTool("dcstat", [...args, "600"]);
  await tool.until("\n");
  for (let time = 0; time < 3; time++) await runNames(disk.path, "absent");
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^TIME [^\n]+\n\d\d:\d\d:\d\d: +\d+ +names [^\n]+\n$/);
  const { stderr, code } = await runTool("dcstat", ["--top"]);
  assertEquals(code, 64);
  assertMatch(stderr, /terminal/);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("dcstat", ["--seconds", "0"]);
  assertMatch(stderr, /^dcstat: Cannot attach dcstat: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});
