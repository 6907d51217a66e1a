import { assert, assertEquals, assertMatch } from "@std/assert";
import { diskNumber } from "#lib/sys/disks.ts";
import { biopattern, type DiskPattern } from "../../tools/biopattern.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { LoopDevice, run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof biopattern>[0]>;

/** What is counted while `work` runs, and how many events were not shown to a busy program. */
async function traced(options: Options, work: () => unknown) {
  using trace = biopattern(options);
  await work();
  trace.stop();
  const rows: DiskPattern[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  return { rows, missed: Number(missed) };
}

const counted = async (options: Options, work: () => unknown) => (await traced(options, work)).rows;

/** The command that reads this many blocks of 4 KiB from this one on, each with a request. */
const reads = (loop: LoopDevice, count: number, from = 0) => [...loop.reads(count), `skip=${from}`];

const numbers = ({ random, sequential, count, other }: DiskPattern) => [
  random,
  sequential,
  count,
  other,
];

kernelTest("reads in sequence are counted, the first one too", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().reads;
  const rows = await counted({ disk: diskNumber(loop.name) }, () => run(...reads(loop, 499)));
  assertEquals(rows.map(numbers), [[0, 498, 499, 0]]);
  assertEquals(rows.map(({ disk, bytes }) => [disk, bytes]), [[loop.name, 499n * 4096n]]);
  assertEquals(loop.counts().reads - before, 499);
});

kernelTest("reads all over are random, with their distance", {}, async () => {
  using loop = new LoopDevice();
  const work = () => {
    // 64 KiB from one another: 120 sectors from the end of the one before
    for (let i = 0; i < 23; i++) run(...reads(loop, 1, i * 16));
    run(...reads(loop, 1, 0));
  };
  const disk = diskNumber(loop.name);
  const rows = await counted({ disk, histogram: true }, work);
  assertEquals(rows.map(numbers), [[23, 0, 24, 0]]);
  assertEquals(rows[0].distance, [...Array(6).fill(0), 22, 0, 0, 0, 0, 1]);
  assertEquals((await counted({ disk }, work))[0].distance, []);
});

kernelTest(
  "a request goes on where the one before ended, in an earlier table too",
  {},
  async () => {
    using loop = new LoopDevice();
    using trace = biopattern({ disk: diskNumber(loop.name), interval: 0.1 });
    const tables = trace.batches()[Symbol.asyncIterator]();
    const next = async () => {
      for (;;) {
        const { value } = await tables.next();
        if (value!.length > 0) return [...value!];
      }
    };
    const seen: number[][] = [];
    for (const block of [7, 8, 9, 3]) {
      run(...reads(loop, 1, block));
      seen.push(...(await next()).map(numbers));
    }
    assertEquals(seen, [[0, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]]);
  },
);

kernelTest("flushes are apart", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().flushes;
  const rows = await counted({ disk: diskNumber(loop.name) }, () => {
    run(...loop.writes(19));
    run("sync", "--data", loop.path);
    run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=4k", "count=7", "seek=19", "oflag=direct");
  });
  const flushes = loop.counts().flushes - before;
  assert(flushes > 0);
  assertEquals(rows.map(numbers), [[0, 25, 26, flushes]]);
});

kernelTest("processes that read in sequence at the same time are distinguished", {}, async () => {
  using loop = new LoopDevice();
  const start = (...[command, ...args]: string[]) => {
    const child = new Deno.Command(command, { args, stderr: "null" }).spawn();
    return { pid: child.pid, status: child.status };
  };
  let pids: number[] = [];
  const options = { disk: diskNumber(loop.name), by_process: true };
  const { rows, missed } = await traced(options, async () => {
    const readers = [start(...reads(loop, 401)), start(...reads(loop, 499, 500))];
    pids = readers.map(({ pid }) => pid);
    for (const { status } of readers) assert((await status).success);
  });
  for (const [at, reads] of [401, 499].entries()) {
    const { comm, random, sequential, count } = rows.find(({ pid }) => pid === pids[at])!;
    // Linux 7 leaves a program out that another task is in, and says so: none is missed before.
    assert(count <= reads && count >= reads - missed && random <= missed, `${count} ${random}`);
    assertEquals([comm, random + sequential], ["dd", count - 1]);
  }
});

kernelTest("disks are apart, -d is one of them, and targets are those that asked", {}, async () => {
  using loop = new LoopDevice();
  using other = new LoopDevice();
  const work = () => {
    for (let i = 0; i < 7; i++) {
      run(...reads(loop, 3, i * 3));
      run(...reads(other, 5, i * 5));
    }
  };
  const rows = await counted({ ppid: Deno.pid }, work);
  const of = ({ name }: LoopDevice) => rows.filter(({ disk }) => disk === name).map(numbers);
  assertEquals([of(loop), of(other)], [[[0, 20, 21, 0]], [[0, 34, 35, 0]]]);
  const disk = diskNumber(loop.name);
  assertEquals((await counted({ disk }, work)).map(numbers), [[0, 20, 21, 0]]);
  assertEquals(await counted({ disk, comm: "nobody" }, work), []);
});

kernelTest("tables are those of the C tool", {}, async () => {
  using loop = new LoopDevice();
  const table = async (...args: string[]) => {
    await using tool = startTool("biopattern", [...args, "-d", loop.name, "300", "1"]);
    await tool.until("Hit Ctrl-C to end.\n");
    run(...reads(loop, 11, 100));
    run(...reads(loop, 6, 50));
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    return stdout.trimEnd().split("\n");
  };
  assertEquals(await table(), [
    "Tracing block device I/O requested seeks... Hit Ctrl-C to end.",
    "DISK     %RND  %SEQ    COUNT     KBYTES",
    `${loop.name.padEnd(7)}     6    93       17         68`,
  ]);
  const [, header, row, ...rest] = await table("-T", "--by-process", "--histogram");
  assertEquals(
    header,
    "TIME      DISK    PID     COMM              %RND  %SEQ    COUNT     KBYTES",
  );
  assertMatch(row, /^\d\d:\d\d:\d\d {2}loop\d+ +\d+ +dd +0 +100 +11 +44$/);
  assertMatch(rest[0], /^\d\d:\d\d:\d\d {2}loop\d+ +\d+ +dd +0 +100 +6 +24$/);
  const [, , , empty, heading, unit, bar] = await table("--histogram");
  assertEquals([empty, heading], ["", `disk = ${loop.name}`]);
  assertMatch(unit, /^ +sectors +: count +distribution$/);
  assertMatch(bar, /^ +256 -> 511 +: 1 +\|\*{40}\|$/);
});
