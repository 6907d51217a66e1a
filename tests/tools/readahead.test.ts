import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ReadAhead, readahead } from "../../tools/readahead.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { cachedDisk, runCached } from "./cached_file.ts";
import { kernelTrace } from "./kernel_trace.ts";

const needs = ["fentry"] as const;

type Options = NonNullable<Parameters<typeof readahead>[0]>;

/** What a workload has read ahead. */
async function readAhead(kinds: string[], options: Options = {}) {
  using disk = cachedDisk();
  using trace = readahead({ ppid: Deno.pid, comm: "pages", ...options });
  const { there, pid } = await runCached(disk.path, ...kinds);
  trace.stop();
  const rows: ReadAhead[] = [];
  for await (const row of trace) rows.push(row);
  assertEquals(trace.losses.map ?? 0n, 0n);
  for (const { used, histogram } of rows) {
    assertEquals(histogram.reduce((sum, count) => sum + count, 0), used);
  }
  return { rows, there, pid };
}

const numbers = ({ pages, used, unused, removed }: ReadAhead) => [pages, used, unused, removed];

kernelTest(
  "pages that are asked for in advance are unused until they are read",
  { needs },
  async () => {
    const unread = await readAhead(["drop", "ahead", "arrive"]);
    assertEquals(unread.rows.map(numbers), [[101, 0, 101, 0]]);
    const [read] = (await readAhead(["drop", "ahead", "steps"])).rows;
    assertEquals(numbers(read), [101, 101, 0, 0]);
    assert(read.avg_ns! > 0n && read.avg_ns! <= read.max_ns);
  },
);

kernelTest("pages that leave the cache unused are counted", { needs }, async () => {
  const { rows } = await readAhead(["drop", "ahead", "arrive", "drop"]);
  assertEquals(rows.map(numbers), [[101, 0, 101, 101]]);
});

kernelTest("pages that page faults map are used", { needs }, async () => {
  // of 3 faults two are in the same 16 pages, which the kernel maps along
  const { rows } = await readAhead(["drop", "ahead", "arrive", "map"]);
  assertEquals(rows.map(numbers), [[101, 32, 69, 0]]);
});

kernelTest("what is read in order is read ahead, as the kernel adds it", { needs }, async () => {
  let rows: ReadAhead[] = [];
  const lines = await kernelTrace(["filemap/mm_filemap_add_to_page_cache"], async () => {
    ({ rows } = await readAhead(["drop", "steps"]));
  });
  // pages-123 [000] ..... 1.234567: mm_filemap_add_to_page_cache: dev 0:4 ino 700 pfn=0x1 ofs=0 order=2
  const line = /^ *pages-\d+ .* mm_filemap_add_to_page_cache: .*?(?:order=(\d+))?$/;
  const added = lines.reduce((sum, text) => {
    const [found, order = 0] = line.exec(text) ?? [];
    return sum + (found === undefined ? 0 : 2 ** Number(order));
  }, 0);
  const [{ pages, used }] = rows;
  assertEquals([pages, rows.length], [added, 1]);
  assert(used >= 101 && used <= pages, `${used} of ${pages}`);
});

kernelTest("what is read at random is not read ahead", { needs }, async () => {
  const { rows, there } = await readAhead(["drop", "map", "ask"]);
  assertEquals([rows, there], [[], [3]]);
});

kernelTest("--by-process has a row for each, and -u counts microseconds", { needs }, async () => {
  const { rows, pid } = await readAhead(["drop", "ahead", "steps"], {
    by_process: true,
    microseconds: true,
  });
  assertEquals(rows.map(({ pid, comm, unit }) => [pid, comm, unit]), [[pid, "pages", "us"]]);
  assertEquals(rows.map(numbers), [[101, 101, 0, 0]]);
});

kernelTest("the histogram is that of the C tool", { needs }, async () => {
  using disk = cachedDisk();
  await using tool = startTool("readahead", ["--comm", "pages", "-P", "-d", "600"]);
  await tool.until("\n");
  const { pid } = await runCached(disk.path, "drop", "ahead", "steps");
  const { stdout, code } = await tool.stop();
  const [title, ...rest] = stdout.split("\n");
  assertEquals([title, code], ["Tracing fs read-ahead ... Hit Ctrl-C to end.", 0]);
  assertMatch(
    rest.join("\n"),
    new RegExp(
      `^Readahead unused/total pages: 0/101  removed unused: 0  pid = ${pid} pages\n` +
        ` +msecs +: count +distribution\n`,
      "m",
    ),
  );
});

kernelTest("a bad interval is a usage error", { needs }, async () => {
  const { stderr, code } = await runTool("readahead", ["soon"]);
  assertEquals([code, /"soon"/.test(stderr)], [64, true]);
});
