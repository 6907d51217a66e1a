import { assert, assertEquals, assertMatch } from "@std/assert";
import { biosnoop, type BlockRequest } from "../../tools/biosnoop.ts";
import { diskNumber } from "#lib/sys/disks.ts";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { exists } from "../exists.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { kernelTrace } from "./kernel_trace.ts";
import { LoopDevice, run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof biosnoop>[0]>;

const backwards = new URL("../../build/tests/backwards", import.meta.url).pathname;

/** The requests that end while `work` runs, which returns when they have. */
async function requests(options: Options, work: () => unknown): Promise<BlockRequest[]> {
  using trace = biosnoop(options);
  await work();
  trace.stop();
  const rows: BlockRequest[] = [];
  for await (const row of trace) rows.push(row);
  assertEquals([trace.losses.ring ?? 0n, trace.losses.map ?? 0n], [0n, 0n]);
  return rows;
}

const sum = (numbers: readonly (number | bigint)[]) =>
  numbers.reduce((sum: number, number) => sum + Number(number), 0);

for (const scheduler of ["none", "mq-deadline"]) {
  kernelTest(`writes belong to their process under ${scheduler}, its flush too`, {}, async () => {
    using loop = new LoopDevice(8 << 20);
    if (!loop.schedule(scheduler)) return; // it is a module that this kernel does not have
    const before = loop.counts();
    const rows = await requests({ disk: diskNumber(loop.name) }, () => loop.writeApart(101));
    const after = loop.counts();
    const writes = rows.filter(({ op }) => op === "write");
    const flushes = rows.filter(({ op }) => op === "flush");
    assertEquals(
      writes.map(({ pid, owner, disk, size_bytes }) => [pid, owner, disk, size_bytes]),
      Array(101).fill([Deno.pid, "task", loop.name, 4096n]),
    );
    const [tid, ...others] = new Set(rows.map(({ tid }) => tid));
    assert(exists(`/proc/self/task/${tid}`) && others.length === 0);
    assertEquals(writes.map(({ sector }) => sector).sort(byNumber), apart(101));
    assertEquals(sum(writes.map(({ size_bytes }) => size_bytes)), after.written - before.written);
    assertEquals(flushes.length, after.flushes - before.flushes);
    assert(flushes.length > 0);
    for (const { pid, owner, sector, queue_ns } of flushes) {
      assertEquals([pid, owner, sector, queue_ns], [Deno.pid, "flush_of", undefined, undefined]);
    }
    for (const { queue_ns, latency_ns, total_ns, error, requeues } of writes) {
      assertEquals([queue_ns! + latency_ns, error, requeues], [total_ns, undefined, 0]);
    }
  });
}

const byNumber = (a?: bigint, b?: bigint) => Number(a! - b!);
const apart = (count: number) => Array.from({ length: count }, (_, i) => BigInt(i) * 128n);

kernelTest(
  "each of a file system's flushes belongs to the process that waits for it",
  {},
  async () => {
    using loop = new LoopDevice(8 << 20);
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", loop.path);
    using folder = loop.mount();
    const before = loop.counts().flushes;
    const rows = await requests({ disk: diskNumber(loop.name), op: [2] }, () => {
      for (let i = 0; i < 7; i++) {
        Deno.writeTextFileSync(`${folder.path}/file`, String(i));
        run("sync", `${folder.path}/file`);
      }
    });
    assertEquals(rows.length, loop.counts().flushes - before);
    assert(rows.length >= 7, `${rows.length}`);
    // the journal's thread writes what sync waits for
    const names = new Set(rows.map(({ comm }) => comm));
    names.delete("sync");
    assertEquals([...names], [`jbd2/${loop.name}-8`]);
    assertEquals(new Set(rows.map(({ owner }) => owner)), new Set(["flush_of"]));
  },
);

kernelTest("what is merged is one request", {}, async () => {
  using loop = new LoopDevice();
  const disk = diskNumber(loop.name);
  const before = loop.counts();
  const rows = await requests({ disk, op: [1] }, () => {
    run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=4k", "count=101", "conv=fsync");
  });
  assertEquals(sum(rows.map(({ size_bytes }) => size_bytes)), 101 * 4096);
  // a worker may have come before dd's fsync
  assertEquals(new Set(rows.map(({ owner }) => owner)), new Set(["task"]));
  assertEquals(sum(rows.map(({ merges }) => merges)), loop.counts().merged - before.merged);
});

kernelTest("a request that has grown at its front has its owner", {}, async () => {
  using loop = new LoopDevice();
  const rows = await requests(
    { disk: diskNumber(loop.name) },
    () => run(backwards, loop.path, "23"),
  );
  assertEquals(sum(rows.map(({ size_bytes }) => size_bytes)), 23 * 4096);
  assertEquals(sum(rows.map(({ merges }) => merges + 1)), 23);
  assertEquals(
    new Set(rows.map(({ comm, owner }) => `${comm} ${owner}`)),
    new Set(["backwards task"]),
  );
});

kernelTest("requests belong to the cgroup and process that asked for them", {}, async () => {
  using loop = new LoopDevice();
  await using cgroup = new Cgroup();
  const disk = diskNumber(loop.name);
  const rows = await requests({ disk, cgroup: cgroup.path }, () => {
    run(...loop.reads(101));
    run(...cgroup.command(...loop.reads(499)));
  });
  assertEquals(rows.map(({ comm, op }) => `${comm} ${op}`), Array(499).fill("dd read"));
  assertEquals(await requests({ disk, pid: [Deno.pid] }, () => run(...loop.reads(23))), []);
});

kernelTest(
  "the pattern is that of the disk's requests in the order of their issue",
  {},
  async () => {
    using loop = new LoopDevice();
    const rows = await requests({ disk: diskNumber(loop.name), pattern: true }, () => {
      run(...loop.reads(23));
      run(...loop.reads(19));
    });
    const [first, ...others] = rows.map(({ pattern }) => pattern);
    assert(first === undefined || first === "random"); // a disk of this number may have been there before
    assertEquals(others.filter((pattern) => pattern === "random").length, 1);
    assertEquals(others.filter((pattern) => pattern === "sequential").length, 22 + 18);
  },
);

kernelTest("a request that fails says why, and -x shows nothing else", {}, async () => {
  using loop = new LoopDevice(4 << 20, 64 << 10);
  let error: string | undefined; // as the process got it
  const rows = await requests({ disk: diskNumber(loop.name), failed: true }, () => {
    run(...loop.reads(7));
    const [command, ...args] = loop.writes(101);
    const { stderr } = new Deno.Command(command, { args, env: { LC_ALL: "C" } }).outputSync();
    [error] = new TextDecoder().decode(stderr).match(/No space left|Input\/output error/) ?? [];
  });
  const name = error === "No space left" ? "ENOSPC" : "EIO";
  assert(error !== undefined);
  assertEquals(rows.map(({ op, error }) => [op, error]), [["write", name]]);
});

kernelTest("--min and --op leave requests out", {}, async () => {
  using loop = new LoopDevice();
  const disk = diskNumber(loop.name);
  const work = () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
  };
  assertEquals((await requests({ disk, op: [1] }, work)).length, 19);
  assertEquals((await requests({ disk, min: 1e9 }, work)).length, 0);
  const rows = await requests({ disk, min: 0.0001 }, work);
  assertEquals(rows.length, 42);
});

kernelTest("a request for a partition names it, and where it is on the disk", {}, async () => {
  using loop = new LoopDevice();
  const name = loop.addPartition();
  const rows = await requests({ disk: diskNumber(loop.name) }, () => {
    run("dd", `if=/dev/${name}`, "of=/dev/null", "bs=4k", "count=1", "iflag=direct");
    run(...loop.reads(1));
  });
  assertEquals(
    rows.filter(({ comm }) => comm === "dd").map(({ disk, partition, sector }) => [
      disk,
      partition,
      sector,
    ]),
    [[loop.name, kernelIsAtLeast(5, 11) ? name : undefined, 2048n], [loop.name, undefined, 0n]],
  );
});

kernelTest("disks that come later have their names", {}, async () => {
  using trace = biosnoop();
  using loop = new LoopDevice();
  run(...loop.reads(23));
  trace.stop();
  let count = 0;
  for await (const { disk, comm } of trace) if (disk === loop.name && comm === "dd") count++;
  assertEquals(count, 23);
});

kernelTest("the table is that of the C tool", {}, async () => {
  using loop = new LoopDevice();
  await using tool = startTool("biosnoop", ["-Q", "-P", "-x", "-t", "-d", loop.name]);
  await tool.until("\n");
  const { stdout, code } = await tool.stop();
  assertEquals(code, 0);
  assertEquals(
    stdout,
    "TIMESTAMP    COMM           PID     DISK    T    SECTOR     BYTES   P QUE(ms) LAT(ms) ERR\n",
  );
  const rows = await runTool("biosnoop", ["--queued", "--disk", loop.path, "--min", "0"], {
    workload: () => new Deno.Command("dd", { args: loop.reads(1).slice(1) }).output(),
    until: /^\d.*\n/m,
  });
  const [header, row] = rows.stdout.split("\n");
  assertEquals(
    header,
    "TIME(s)     COMM           PID     DISK    T    SECTOR     BYTES   QUE(ms) LAT(ms)",
  );
  assertMatch(
    row,
    new RegExp(
      `^\\d+\\.\\d{6} +dd {12} \\d+ +${loop.name} +RS? +0 {10}4096 +\\d+\\.\\d{3} +\\d+\\.\\d{3}$`,
    ),
  );
});

kernelTest("requests are those of the kernel's own trace", { needs: ["tracefs"] }, async () => {
  using loop = new LoopDevice();
  await using tool = startTool("biosnoop", ["-d", loop.name]);
  await tool.until("\n");
  const traced = await issuedRequests(loop, () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
    run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=64k", "count=5", "conv=fsync");
    // which the file system below the disk may refuse: a request all the same
    const args = ["--offset", "65536", "--length", "65536", loop.path];
    new Deno.Command("blkdiscard", { args, stderr: "null" }).outputSync();
    run("blkdiscard", "--zeroout", "--length", "65536", loop.path);
  });
  await tool.until((stdout) => stdout.split("\n").length > traced.length + 1);
  const { stdout } = await tool.stop();
  const shown = stdout.trimEnd().split("\n").slice(1).map((row) => {
    const [rwbs, sector, bytes] = row.slice(43).split(/ +/);
    return `${rwbs} ${bytes} ${bytes === "0" ? "-" : sector}`;
  });
  assertEquals(shown.sort(), traced.sort());
});

/** The requests of a disk that the tracepoint block_rq_issue prints while `work` runs. */
async function issuedRequests(loop: LoopDevice, work: () => void): Promise<string[]> {
  // dd-123 [000] ..... 1.234567: block_rq_issue: 7,0 RS 4096 () 8 + 8 none,0,0 [dd]
  const line = /block_rq_issue: (\S+) (\S+) (\d+) \([^)]*\) (\d+) \+ /;
  return (await kernelTrace(["block/block_rq_issue"], work)).flatMap((text) => {
    const [, of, rwbs = "", bytes, sector] = line.exec(text) ?? [];
    const letters = rwbs.replace(/^N/, "WZ"); // of zeroes, before Linux 7
    return of === loop.numbers ? [`${letters} ${bytes} ${bytes === "0" ? "-" : sector}`] : [];
  });
}

kernelTest("a word says for how long, as an option of a script too", {}, async () => {
  const { stdout, stderr, code } = await runTool("biosnoop", ["--op", "discard,flush", "0.1"]);
  assertEquals([stdout.split("\n")[0].slice(0, 7), code], ["TIME(s)", 0], stderr);
  using trace = biosnoop({ op: [9], seconds: 0.1 });
  for await (const { op } of trace) assertEquals(op, "write_zeroes");
});

kernelTest("an operation that there is not is a usage error", {}, async () => {
  const { stderr, code } = await runTool("biosnoop", ["--op", "reed"]);
  assertEquals(code, 64);
  assertMatch(stderr, /--op: "reed" is no operation; this kernel has read, write, flush, discard/);
});
