import { assert, assertEquals, assertMatch } from "@std/assert";
import { diskNumber } from "#lib/sys/disks.ts";
import { bitesize, type RequestSizes } from "../../tools/bitesize.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { LoopDevice, run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof bitesize>[0]>;

/** What is counted while `work` runs. */
async function counted(options: Options, work: () => unknown): Promise<RequestSizes[]> {
  using trace = bitesize(options);
  await work();
  trace.stop();
  const rows: RequestSizes[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);
  for (const row of rows) {
    assertEquals(row.histogram.reduce((sum, count) => sum + count, 0), row.count);
    assert(row.min_bytes <= row.avg_bytes && row.avg_bytes <= row.max_bytes);
  }
  return rows;
}

/** A histogram with counts at these places. */
function slots(counts: Readonly<Record<number, number>>): number[] {
  const most = Math.max(...Object.keys(counts).map(Number));
  return Array.from({ length: most + 1 }, (_, at) => counts[at] ?? 0);
}

const direct = (loop: LoopDevice, size: string, count: number) => [
  ...["dd", `if=${loop.path}`, "of=/dev/null", `bs=${size}`, `count=${count}`, "iflag=direct"],
];

kernelTest("sizes are counted by the power of two of their sectors", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().reads;
  const rows = await counted({ disk: diskNumber(loop.name) }, () => {
    run(...direct(loop, "64k", 23));
    run(...direct(loop, "512", 19));
    run(...direct(loop, "1k", 17));
    run(...direct(loop, "4k", 7));
  });
  assertEquals(rows.map(({ comm, op, count }) => [comm, op, count]), [["dd", "read", 66]]);
  assertEquals(loop.counts().reads - before, 66);
  assertEquals(rows[0].histogram, slots({ 0: 19, 1: 17, 3: 7, 7: 23 }));
  const bytes = BigInt(23 * 65_536 + 19 * 512 + 17 * 1024 + 7 * 4096);
  const { min_bytes, max_bytes, avg_bytes } = rows[0];
  assertEquals([rows[0].bytes, min_bytes, max_bytes], [bytes, 512n, 65_536n]);
  assertEquals(avg_bytes, bytes / 66n);
});

kernelTest("reads and writes are apart, and flushes have no size", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().flushes;
  const rows = await counted({ disk: diskNumber(loop.name) }, () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
    run("sync", "--data", loop.path);
  });
  assert(loop.counts().flushes > before);
  assertEquals(rows.map(({ comm, op, count }) => `${comm} ${op} ${count}`).sort(), [
    "dd read 23",
    "dd write 19",
  ]);
});

for (const scheduler of ["none", "mq-deadline"]) {
  kernelTest(
    `a request belongs to the task that asked for it, under ${scheduler}`,
    {},
    async () => {
      using loop = new LoopDevice(8 << 20);
      if (!loop.schedule(scheduler)) return; // it is a module that this kernel does not have
      // Under a scheduler it is a worker of the kernel that issues most of them.
      const rows = await counted({ disk: diskNumber(loop.name) }, () => loop.writeApart(101));
      const comm = Deno.readTextFileSync("/proc/thread-self/comm").trim();
      assertEquals(rows.map(({ comm, op, count }) => [comm, op, count]), [[comm, "write", 101]]);
      assertEquals(rows[0].histogram, slots({ 3: 101 }));
    },
  );
}

kernelTest("-c is a whole name, -d a disk, and targets are those that asked", {}, async () => {
  using loop = new LoopDevice();
  using other = new LoopDevice();
  const work = () => {
    run(...loop.reads(23));
    run(...other.reads(19));
  };
  const disk = diskNumber(loop.name);
  const count = async (options: Options) =>
    (await counted(options, work)).map(({ count }) => count);
  assertEquals(await count({ disk, comm: "d" }), []);
  assertEquals(await count({ disk, comm: "dd" }), [23]);
  assertEquals(await count({ disk: diskNumber(other.name) }), [19]);
  assertEquals(await count({ ppid: Deno.pid }), [23 + 19]);
  assertEquals(await count({ disk, cgroup: "/" }), [23]);
  assertEquals(await count({ disk, pid: [Deno.pid] }), []);
});

kernelTest("tables are those of the C tool", {}, async () => {
  using loop = new LoopDevice();
  await using tool = startTool("bitesize", ["-T", "-c", "dd", "-d", loop.name, "300", "1"]);
  await tool.until("Hit Ctrl-C to end.\n");
  run(...direct(loop, "64k", 23));
  run(...direct(loop, "512", 2));
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const [title, time, empty, heading, unit, ...rows] = stdout.trimEnd().split("\n");
  assertEquals([title, empty], ["Tracing block device I/O... Hit Ctrl-C to end.", ""]);
  assertMatch(time, /^\d\d:\d\d:\d\d$/);
  assertEquals(heading, "Process Name = dd  op = Read");
  assertEquals(unit, "     Kbytes              : count    distribution");
  assertEquals(rows.map((row) => row.split(" : ")[0].trim()), [
    "0 -> 0",
    "1 -> 1",
    "2 -> 3",
    "4 -> 7",
    "8 -> 15",
    "16 -> 31",
    "32 -> 63",
    "64 -> 127",
  ]);
  assertEquals(rows.at(-1), `        64 -> 127        : 23       |${"*".repeat(40)}|`);
  assertMatch(rows[0], /^ {9}0 -> 0 {10}: 2 {8}\|\*\*\* {37}\|$/);
});
