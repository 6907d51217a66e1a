import { assert, assertEquals, assertMatch } from "@std/assert";
import { biolatency, type BlockLatency } from "../../tools/biolatency.ts";
import { diskNumber } from "#lib/sys/disks.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { heatOf } from "../../tools/biolatency/heat.ts";
import { LoopDevice, run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof biolatency>[0]>;

/** What is counted while `work` runs. */
async function counted(options: Options, work: () => unknown): Promise<BlockLatency[]> {
  using trace = biolatency(options);
  await work();
  trace.stop();
  const rows: BlockLatency[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);
  for (const row of rows) {
    assertEquals(row.histogram.reduce((sum, count) => sum + count, 0), row.count);
    assert(row.min_ns <= row.avg_ns && row.avg_ns <= row.max_ns && row.max_ns <= row.total_ns);
  }
  return rows;
}

/** A number of each operation. */
function byOp(rows: readonly BlockLatency[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ op, count }) => [op, count]));
}

kernelTest("biolatency counts the reads of a disk that the kernel counts", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().reads;
  const rows = await counted({ disk: diskNumber(loop.name) }, () => run(...loop.reads(499)));
  assertEquals(rows.map(({ count, errors }) => [count, errors]), [[499, 0]]);
  assertEquals(loop.counts().reads - before, 499);
});

kernelTest("requests belong to the cgroup and process that asked for them", {}, async () => {
  using loop = new LoopDevice();
  await using cgroup = new Cgroup();
  const disk = diskNumber(loop.name);
  const rows = await counted({ disk, cgroup: cgroup.path }, () => {
    run(...loop.reads(101));
    run(...cgroup.command(...loop.reads(499)));
  });
  assertEquals(rows.map(({ count }) => count), [499]);
  assertEquals(await counted({ disk, pid: [Deno.pid] }, () => run(...loop.reads(23))), []);
  const own = await counted({ disk, comm: "dd" }, () => run(...loop.reads(23)));
  assertEquals(own.map(({ count }) => count), [23]);
  const before = loop.counts().flushes;
  const flushes = await counted({ disk, comm: "sync" }, () => run("sync", "--data", loop.path));
  assertEquals(flushes.map(({ count }) => count), [loop.counts().flushes - before]);
});

kernelTest("disks have histograms of their own", {}, async () => {
  using first = new LoopDevice();
  using second = new LoopDevice();
  const rows = await counted({ disks: true }, () => {
    run(...first.reads(499));
    run(...second.reads(101));
  });
  const counts = Object.fromEntries(rows.map(({ disk, count }) => [disk, count]));
  assertEquals([counts[first.name], counts[second.name]], [499, 101]);
});

kernelTest("operations and flags are distinguished, flushes too", {}, async () => {
  using loop = new LoopDevice();
  const disk = diskNumber(loop.name);
  const work = () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
    for (let i = 0; i < 7; i++) run("sync", "--data", loop.path);
  };
  const before = loop.counts();
  const ops = byOp(await counted({ disk, ops: true }, work));
  const after = loop.counts();
  assertEquals([ops.read, ops.write], [23, 19]);
  assertEquals(ops.flush ?? 0, after.flushes - before.flushes);
  assert(ops.flush > 0);
  const rows = await counted({ disk, flags: true }, work);
  const writes = rows.filter(({ op }) => op === "write");
  assertEquals(writes.reduce((sum, { count }) => sum + count, 0), 19);
  assert(writes.every(({ flags }) => flags!.includes("sync")), JSON.stringify(writes[0].flags));
});

kernelTest("the time in the queue is included, whatever the scheduler", {}, async () => {
  using loop = new LoopDevice();
  const disk = diskNumber(loop.name);
  for (const scheduler of ["none", "mq-deadline"]) {
    if (!loop.schedule(scheduler)) continue;
    const rows = await counted({ disk, queued: true }, () => run(...loop.reads(499)));
    assertEquals(rows.map(({ count }) => count), [499]);
  }
});

kernelTest("tables are those of the C tool", {}, async () => {
  using loop = new LoopDevice();
  const args = ["-T", "-m", "-Q", "-D", "-F", "-e", "-d", loop.name, "300", "1"];
  await using tool = startTool("biolatency", args);
  await tool.until("Hit Ctrl-C to end.\n");
  run(...loop.writes(23));
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const [title, time, empty, heading, unit, row] = stdout.split("\n");
  assertEquals([title, empty], ["Tracing block device I/O... Hit Ctrl-C to end.", ""]);
  assertMatch(time, /^\d\d:\d\d:\d\d$/);
  assertMatch(
    heading,
    new RegExp(`^disk = ${loop.name} {2}flags = (\\w+-)*Sync-(\\w+-)*Write  avg`),
  );
  assertMatch(heading, / {2}avg = \d+ ms, total: \d+ ms, count: 23$/);
  assertEquals(unit, "     msecs               : count    distribution");
  assertMatch(row, /^ +\d+ -> \d+ +: \d+ +\|\*+ *\|$/);
});

kernelTest("a disk that there is not is a usage error", {}, async () => {
  await using tool = startTool("biolatency", ["--disk", "nosuch"]);
  const { stderr, code } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /"nosuch" is no whole disk: lsblk\(8\) lists them/);
  assertEquals(diskNumber("../sda"), undefined);
});

kernelTest("long names are the C tool's", {}, async () => {
  using loop = new LoopDevice();
  const args = ["--timestamp", "--milliseconds", "--queued", "--flag", "--disks", "--extension"];
  await using tool = startTool("biolatency", [...args, "--disk", loop.path, "1", "1"]);
  const { stderr, code } = await tool.finish();
  assertEquals([stderr, code], ["", 0]);
});

Deno.test("a line of a heat map has two letters for each power of two, by powers of four", () => {
  assertEquals(heatOf([0, 1, 3, 4, 15, 16, 0]), "  ....::::--");
  assertEquals(heatOf([4 ** 7, 4 ** 8, 4 ** 9]), "%%@@@@");
  assertEquals(heatOf([]), "");
});

kernelTest("--heatmap shows a line for each kind of request, below one header", {}, async () => {
  using loop = new LoopDevice();
  const args = ["-d", loop.name, "--ops", "-D", "--heatmap", "0.2"];
  await using tool = startTool("biolatency", args);
  await tool.until("\n");
  for (const op of ["reads", "writes"] as const) run(...loop[op](7));
  await tool.until(/ read .*\n/);
  await tool.until(/ write .*\n/);
  const { stdout } = await tool.stop();
  const [header, ...lines] = stdout.trimEnd().split("\n");
  const mark = header.indexOf("1us");
  assertEquals(
    header.replace(/ +/g, " "),
    "TIME DISK OP 1us 16us 256us 4ms 65ms 1s",
  );
  assertEquals(header.indexOf("16us"), mark + 8);
  // 7 of each are 1 to 3 in some powers of two, and 4 to 15 in others
  for (const line of lines) {
    assertMatch(
      line.slice(0, mark),
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${loop.name} +(read|write) +$`),
    );
    assertMatch(line.slice(mark), /^( {2})*((\.\.|::| {2})*(\.\.|::))$/);
  }
});

kernelTest("--heatmap -m counts milliseconds", {}, async () => {
  await using tool = startTool("biolatency", ["--heatmap", "-m", "0.2"]);
  await tool.until("\n");
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^TIME +1ms {5}16ms {4}256ms/);
});
