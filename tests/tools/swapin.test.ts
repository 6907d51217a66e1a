/** swapin against a process that swaps a known number of pages, and the kernel's own counts in /proc/vmstat. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { swapin, type SwapUsage } from "../../tools/swapin.ts";
import { exists } from "../exists.ts";
import { hasFeature, kernelTest, runTool, startCommand, startTool } from "../kernel/harness.ts";
import { countingTest, LeftOut } from "../kernel/left_out.ts";
import { withoutLosses } from "../kernel/running_tool.ts";
import { run } from "./loop_device.ts";
import { runSwaps, swap, swappingCgroup, workload } from "./swap.ts";

type Options = NonNullable<Parameters<typeof swapin>[0]>;

/** Swap is the whole machine's. */
const needs = ["fentry", "disposable"] as const;

const ZSWAP = "/sys/module/zswap/parameters/enabled";

/** All rows of a trace while something is done. */
async function rowsOf<T>(options: Options, work: () => Promise<T>) {
  using trace = swapin({ interval: 600, ...options });
  const tables = Array.fromAsync(trace.batches());
  const done = await work();
  trace.stop();
  const rows = (await tables).flat();
  const { map = 0n, missed = 0n } = trace.losses;
  assertEquals(map, 0n);
  if (missed > 0n) throw new LeftOut();
  return { rows, done };
}

const sum = (rows: readonly SwapUsage[], name: "pages" | "out_pages") =>
  rows.reduce((sum, row) => sum + row[name], 0);

countingTest("pages that are read from swap are counted, and the faults that wait", {
  needs,
}, async () => {
  using _ = swap(0);
  const { rows, done } = await rowsOf({}, () => runSwaps(101));
  assertEquals(done.in, 101);
  assertEquals([sum(rows, "pages"), sum(rows, "out_pages")], [done.in, done.out]);
  const row = rows.find(({ pid }) => pid === done.pid)!;
  const { comm, uid, user, pages, reads, zswap_pages, cgroup_id } = row;
  assertEquals([comm, uid, user, cgroup_id], ["swaps", 0, "root", undefined]);
  assertEquals([pages, reads, zswap_pages], [101, 101, 0]);
  assertEquals(row.major_faults, 101);
  assert(row.faults! >= 101);
  assertEquals(row.histogram!.reduce((sum, count) => sum + count, 0), row.faults);
  assertEquals(row.avg_ns, row.total_ns! / BigInt(row.faults!));
  assert(row.max_ns! >= row.avg_ns!);
});

countingTest("pages that are read ahead count, and are no major faults", { needs }, async () => {
  using _ = swap(3);
  const { rows, done } = await rowsOf({ comm: "swaps" }, () => runSwaps(101));
  const [{ pages, major_faults, pid }] = rows;
  assertEquals([rows.length, pid, pages], [1, done.pid, done.in]);
  assert(pages >= 101 && major_faults! < 101, `${pages} ${major_faults}`);
});

countingTest("--cgroups has a row for each cgroup whose memory it is", { needs }, async () => {
  using _ = swap(0);
  await using cgroup = swappingCgroup();
  const id = BigInt(Deno.statSync(cgroup.path).ino!);
  const { rows, done } = await rowsOf({ cgroups: true }, () => runSwaps(101, cgroup));
  const ours = rows.find(({ cgroup_id }) => BigInt(cgroup_id ?? 0) === id)!;
  const { pid, comm, uid, user, faults, histogram, pages, out_pages } = ours;
  assertEquals([pid, comm, uid, user, faults, histogram], Array(6).fill(undefined));
  assertEquals([pages, out_pages], [done.in, done.out]);
});

countingTest("what swapoff reads is on its row", { needs }, async () => {
  using disk = swap(0);
  await using cgroup = swappingCgroup();
  await using process = startCommand(cgroup.command(workload, "101", "hold"));
  await process.until(/out \d+\n/);
  const { rows } = await rowsOf({}, () => Promise.resolve(run("swapoff", disk.path)));
  run("swapon", disk.path);
  assertEquals(rows.map(({ comm, pages }) => [comm, pages]), [["swapoff", 101]]);
});

countingTest("pages that zswap has are no reads", { needs }, async () => {
  if (!exists(ZSWAP)) return;
  using _ = swap(0);
  const before = Deno.readTextFileSync(ZSWAP);
  Deno.writeTextFileSync(ZSWAP, "Y");
  try {
    const { rows, done } = await rowsOf({ comm: "swaps" }, () => runSwaps(101));
    const [{ pages, reads, zswap_pages }] = rows;
    assertEquals([zswap_pages, pages, reads], [done.zswap, done.in, done.in]);
    assertEquals(done.zswap + done.in, 101);
    assert(done.zswap > 0);
  } finally {
    Deno.writeTextFileSync(ZSWAP, before.trim());
  }
});

kernelTest("tables are as the Python tool's", { needs }, async () => {
  using _ = swap(0);
  const table = async (...args: string[]) => {
    await using tool = startTool("swapin", ["--comm", "swaps", ...args, "600"]);
    await tool.until("Ctrl-C to end.\n");
    const { pid } = await runSwaps(7);
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([withoutLosses(stderr), code], ["", 0]);
    return { pid, lines: stdout.trimEnd().split("\n") };
  };
  const { pid, lines } = await table();
  assertEquals(lines[0], "Counting swap ins. Ctrl-C to end.");
  assertMatch(lines.at(-3)!, /^\d\d:\d\d:\d\d$/);
  assertMatch(lines.at(-2)!, /^COMM {13}PID {5}COUNT *$/);
  assertMatch(lines.at(-1)!, new RegExp(`^swaps {12}${pid} +7 *$`));
  const more = await table("--notime", "--out", "--faults", "--rows", "1");
  assertMatch(
    more.lines.at(-2)!,
    /^COMM +PID +COUNT +OUT +FAULTS +MAJOR +AVG\(us\) +MAX\(us\)$/,
  );
  assertMatch(more.lines.at(-1)!, /^swaps +\d+ +7 +\d+ +\d+ +7 +\d+\.\d +\d+\.\d$/);
  assert(!more.lines.some((line) => /^\d\d:/.test(line)));
  const drawn = await table("-T", "--hist");
  assert(drawn.lines.some((line) => line.includes("usecs")), drawn.lines.join("\n"));
  const { stdout } = await runTool("swapin", ["-T", "--cgroups", "--comm", "nobody", "0.2", "1"]);
  assertEquals(stdout.trimEnd(), "Counting swap ins. Ctrl-C to end.");
  const { stderr, code } = await runTool("swapin", ["--top"]);
  assertEquals(code, 64);
  assertMatch(stderr, /terminal/);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("swapin", ["--seconds", "0"]);
  assertMatch(stderr, /^swapin: Cannot attach swapin: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});
