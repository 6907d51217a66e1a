import { assert, assertEquals, assertMatch } from "@std/assert";
import { cachestat, type CacheUsage } from "../../tools/cachestat.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { cachedDisk, runCached } from "./cached_file.ts";

/** What one workload does to the page cache, and what it has found there itself. */
async function counted(
  path: string,
  ...kinds: string[]
): Promise<CacheUsage & { there: number[] }> {
  using trace = cachestat({ ppid: Deno.pid, comm: "pages", interval: 600 });
  const { there } = await runCached(path, ...kinds);
  trace.stop();
  const rows: CacheUsage[] = [];
  for await (const row of trace) rows.push(row);
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals([ring + map, rows.length], [0n, 1]);
  return { ...rows[0], there };
}

const reads = ({ accesses, hits, misses }: CacheUsage) => [accesses, hits, misses];

kernelTest("a cold read misses all of its pages, and finds them afterwards", {}, async () => {
  using disk = cachedDisk();
  const cold = await counted(disk.path, "drop", "ask", "whole", "ask");
  assertEquals([reads(cold), cold.hit_ratio, cold.there], [[101, 0, 101], 0, [0, 101]]);
  assert(cold.added >= 101);
  // DAMON may have reclaimed some by then.
  const { there: [left], ...warm } = await counted(disk.path, "ask", "whole");
  assertEquals([reads(warm), warm.hit_ratio], [[101, left, 101 - left], left / 101]);
});

kernelTest("what was read ahead is found", {}, async () => {
  using disk = cachedDisk();
  const cold = await counted(disk.path, "drop", "steps", "ask");
  assertEquals([reads(cold), cold.there], [[101, 100, 1], [101]]);
  assert(cold.added >= 101);
  assertEquals(reads(await counted(disk.path, "drop", "ahead", "steps")), [101, 101, 0]);
});

kernelTest("pages that a read shares with others count for each of them", {}, async () => {
  using disk = cachedDisk();
  assertEquals(reads(await counted(disk.path, "drop", "whole", "odd")), [127, 26, 101]);
});

kernelTest("a read with holes in what is there misses those", {}, async () => {
  using disk = cachedDisk();
  const some = await counted(disk.path, "drop", "some", "ask");
  assertEquals([reads(some), some.added, some.there], [[11, 0, 11], 11, [11]]);
  assertEquals(reads(await counted(disk.path, "drop", "some", "whole")), [112, 11, 101]);
});

kernelTest("what a read asks for behind the end is no access", {}, async () => {
  using disk = cachedDisk();
  assertEquals(reads(await counted(disk.path, "drop", "last")), [6, 3, 3]);
});

kernelTest("splices read as well", {}, async () => {
  using disk = cachedDisk();
  assertEquals(reads(await counted(disk.path, "drop", "whole", "splice")), [202, 101, 101]);
});

kernelTest(
  "page faults are apart, and what they have added is no miss of a later read",
  {},
  async () => {
    using disk = cachedDisk();
    const { faults, added, ...mapped } = await counted(disk.path, "drop", "map");
    assertEquals([reads({ faults, added, ...mapped }), faults, added], [[0, 0, 0], 3, 3]);
    assertEquals(reads(await counted(disk.path, "drop", "map", "whole")), [101, 3, 98]);
  },
);

kernelTest("pages that are written to are dirtied once, and are no misses", {}, async () => {
  using disk = cachedDisk();
  const first = await counted(disk.path, "drop", "write", "write", "sync");
  assertEquals([reads(first), first.dirtied, first.added], [[0, 0, 0], 23, 23]);
  const { dirtied, removed, ...read } = await counted(disk.path, "drop", "write", "steps");
  assertEquals([dirtied, removed, reads({ dirtied, removed, ...read })], [23, 23, [101, 100, 1]]);
});

kernelTest(
  "a row each interval, also where nothing happens, and all below one header",
  {},
  async () => {
    const args = ["--ppid", String(Deno.pid), "--comm", "pages"];
    const { stdout, stderr, code } = await runTool("cachestat", [...args, "-T", "0.1", "3"]);
    assertEquals([stderr, code], ["", 0]);
    const [header, ...rows] = stdout.trimEnd().split("\n");
    assertEquals(header, "TIME         HITS   MISSES  DIRTIES HITRATIO   BUFFERS_MB  CACHED_MB");
    assertEquals(rows.length, 3);
    for (const row of rows) assertMatch(row, /^\d\d:\d\d:\d\d +0 +0 +0 +- +\d+ +\d+$/);
  },
);

kernelTest(
  "--all shows what came and went, and the sizes are those of the kernel",
  {},
  async () => {
    using disk = cachedDisk();
    const args = ["--ppid", String(Deno.pid), "--comm", "pages", "--all", "--timestamp"];
    await using tool = startTool("cachestat", [...args, "-o", "csv", "600"]);
    await tool.until("\n");
    await runCached(disk.path, "drop", "some", "map", "drop");
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    const [names, values] = stdout.trimEnd().split("\n").map((line) => line.split(","));
    const of = (name: string) => Number(values[names.indexOf(name)]);
    const counted = ["accesses", "misses", "added", "dirtied", "removed", "faults"].map(of);
    assertEquals(counted, [11, 11, 14, 0, 14, 3]);
    const cached = /^Cached: +(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/meminfo"))![1];
    // others fill and empty the cache at the same time
    const ratio = of("cached_bytes") / 1024 / Number(cached);
    assert(ratio > 0.5 && ratio < 2, `${ratio}`);
  },
);
