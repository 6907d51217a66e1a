/**
 * biostacks against the kernel's own count of requests (Documentation/block/stat.rst) and against biosnoop, on disks
 * of the tests' own.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { diskNumber } from "#lib/sys/disks.ts";
import { biosnoop } from "../../tools/biosnoop.ts";
import { biostacks, type StackRequests } from "../../tools/biostacks.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { exists } from "../exists.ts";
import { delay, kernelTest, patient, runTool, startTool } from "../kernel/harness.ts";
import { LoopDevice, run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof biostacks>[0]>;

const READ = 0;
const WRITE = 1;
const FLUSH = 2;

const backwards = new URL("../../build/tests/backwards", import.meta.url).pathname;

/** What is traced while `work` runs, whose requests have ended when it returns, and what is lost. */
async function traced(options: Options, work: () => unknown) {
  using trace = biostacks(options);
  await work();
  trace.stop();
  const rows: StackRequests[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  for (const row of rows) {
    const { count, histogram, min_ns, avg_ns, max_ns, queue_ns, total_ns } = row;
    assertEquals(histogram.reduce((sum, count) => sum + count, 0), count);
    assert(min_ns <= avg_ns && avg_ns <= max_ns && max_ns <= total_ns && queue_ns <= total_ns);
  }
  return { rows, losses: trace.losses };
}

/** The same where nothing may be lost. */
async function requests(options: Options, work: () => unknown): Promise<StackRequests[]> {
  const { rows, losses } = await traced(options, work);
  assertEquals([losses.map ?? 0n, losses.rows ?? 0n], [0n, 0n]);
  assert(rows.every(({ kernel }) => !kernel!.includes("[Missed Kernel Stack]")));
  return rows;
}

const countOf = (rows: readonly StackRequests[]) => rows.reduce((sum, { count }) => sum + count, 0);
const bytesOf = (rows: readonly StackRequests[]) => rows.reduce((sum, r) => sum + r.bytes, 0n);
const ofOp = (rows: readonly StackRequests[], op: string) => rows.filter((row) => row.op === op);
const disk = (loop: LoopDevice) => diskNumber(loop.name);

/** Reads 64 KiB twice, and waits for a reader that never comes. */
function startReader(loop: LoopDevice): Deno.ChildProcess {
  const args = [`if=${loop.path}`, "bs=64k", "count=2", "iflag=direct"];
  return new Deno.Command("dd", { args, stdout: "piped", stderr: "null" }).spawn();
}

// What needs a process of the tool comes first: names of the kernel's functions fill this one with every trace.

/** What the tool shows of `work`, in all. */
async function shown(args: readonly string[], work: () => unknown): Promise<string> {
  await using tool = startTool("biostacks", args);
  await tool.until("Hit Ctrl-C to end.\n");
  await work();
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  return stdout;
}

kernelTest("rows are shown as the C tool shows them", {}, async () => {
  using loop = new LoopDevice();
  const args = ["-m", "-d", loop.name, "--comm", "dd"];
  const rows = await shown(args, () => run(...loop.reads(23)));
  const [title, whose, ...lines] = rows.trimEnd().split("\n");
  assertEquals(title, "Tracing block I/O with init stacks. Hit Ctrl-C to end.");
  assertMatch(whose, new RegExp(`^dd {12} \\d+ +${loop.name} +read$`));
  const unit = lines.indexOf("     msecs               : count    distribution");
  assertEquals([lines[0], lines.includes("blkdev_read_iter")], ["blk_mq_submit_bio", true]);
  const counts = lines.slice(unit + 1).map((line) => Number(/ : (\d+) /.exec(line)![1]));
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 23);

  const marked = ["--milliseconds", "--disk", loop.path, "--user", "--delimited", "-a"];
  const both = await shown([...marked, "--comm", "dd"], () => run(...loop.reads(23)));
  assertMatch(both, /^blk_mq_submit_bio_\[k\]\n(\S+_\[k\]\n)+--\n(?!.*_\[k\])\S+\n/m);
});

kernelTest("stacks are sorted by --measure, and --rows limits them", {}, async () => {
  using loop = new LoopDevice();
  const work = () => {
    run(...loop.reads(23));
    run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=64k", "count=5", "oflag=direct");
  };
  const first = async (measure: string) => {
    const args = ["--disk", loop.name, "--comm", "dd", "--rows", "1", "--measure", measure];
    const text = await shown(args, work);
    const ops = [...text.matchAll(/^dd .* (\w+)$/gm)].map(([, op]) => op);
    assertEquals(ops.length, 1);
    return ops[0];
  };
  assertEquals(await first("count"), "read");
  assertEquals(await first("bytes"), "write");
  const { stderr, code } = await runTool("biostacks", ["--measure", "stacks"]);
  assertEquals(code, 64, stderr);
});

kernelTest("folded stacks weigh what is measured", {}, async () => {
  using loop = new LoopDevice();
  const weights = { count: 23, bytes: 23 * 4096 };
  for (const [measure, weight] of Object.entries(weights)) {
    const args = ["-f", "-d", loop.name, "--ppid", `${Deno.pid}`, "-i", "0.3"];
    await using tool = startTool("biostacks", [...args, "--measure", measure, "--annotations"]);
    // there is no title above them that says when it traces
    while (!tool.stdout.includes("blkdev_write_iter")) {
      run(...loop.writes(1));
      await delay(100);
    }
    run(...loop.reads(23));
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines) {
      assertMatch(line, /^dd(;\w[\w.]*_\[k\])+;blk_mq_submit_bio_\[k\] \d+$/);
    }
    const reads = lines.filter((line) => line.includes(";blkdev_read_iter_[k];"));
    assertEquals(reads.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0), weight);
  }
});

/** What the tool shows that ends by itself, while `dd` reads all the time. */
async function shownOfReads(...args: string[]): Promise<string> {
  using loop = new LoopDevice();
  await using tool = startTool("biostacks", ["-d", loop.name, "--op", "read", ...args]);
  const finished = tool.finish();
  let goesOn = true;
  finished.catch(() => {}).finally(() => goesOn = false);
  while (goesOn) {
    const [command, ...rest] = loop.reads(23);
    await new Deno.Command(command, { args: rest, stderr: "null" }).output();
  }
  const { stdout, stderr, code } = await finished;
  assertEquals([stderr, code], ["", 0]);
  return stdout;
}

kernelTest("flame graphs are drawn of what is measured", {}, async () => {
  const duration = `${patient(1000) / 1000}`;
  const folded = await shownOfReads("-o", "folded", duration);
  assertMatch(folded, /^dd;.*;vfs_read;.*;blk_mq_submit_bio \d+$/m);
  const counts = await shownOfReads("-o", "svg", "--measure", "count", duration);
  assertMatch(counts, /<title>blk_mq_submit_bio: \d+ count, /);
  const times = await shownOfReads("-o", "svg", duration);
  assertMatch(times, /<title>blk_mq_submit_bio: [\d.]+ [mu]?s, /);
});

kernelTest("tables come at intervals, and a word says for how long", {}, async () => {
  const seconds = `${patient(1000) / 1000}`;
  const tables = ["--interval", seconds, "--count", "2", "--stack-storage-size", "1000"];
  const stamps = (await shownOfReads(...tables)).match(/^\d\d:\d\d:\d\d$/gm) ?? [];
  assert(stamps.length === 1 || stamps.length === 2, "a table without rows is not shown");
  const title = "Tracing block I/O with init stacks. For 0.1 secs.";
  const timed = await runTool("biostacks", ["--perf-max-stack-depth", "20", "0.1"]);
  assertEquals([timed.stdout.split("\n")[0], timed.code], [title, 0]);
  const long = await runTool("biostacks", ["--min", "10", "--folded", "--duration", "0.1"]);
  assertEquals(long.code, 0, long.stderr);
});

kernelTest("a disk or an operation that there is not is a usage error", {}, async () => {
  const disk = await runTool("biostacks", ["--disk", "nosuch"]);
  assertEquals(disk.code, 64);
  assertMatch(disk.stderr, /"nosuch" is no whole disk/);
  const op = await runTool("biostacks", ["--op", "reed"]);
  assertEquals(op.code, 64);
  assertMatch(op.stderr, /"reed" is no operation/);
});

kernelTest("reads are counted by the stack with which they are asked for", {}, async () => {
  using loop = new LoopDevice();
  for (const scheduler of ["none", "mq-deadline"]) {
    if (!loop.schedule(scheduler)) continue; // it is a module that this kernel does not have
    const before = loop.counts().reads;
    const rows = await requests({ disk: disk(loop) }, () => run(...loop.reads(499)));
    assertEquals(loop.counts().reads - before, 499);
    const reads = rows.filter(({ comm }) => comm === "dd");
    assertEquals([countOf(reads), bytesOf(reads)], [499, 499n * 4096n]);
    for (const { kernel, owner, op, errors, user, truncated } of reads) {
      assertEquals([owner, op, errors, user, truncated], ["task", "read", 0, undefined, false]);
      assertEquals(kernel![0], "blk_mq_submit_bio", "the way to the program is left out");
      assert(kernel!.includes("blkdev_read_iter") && kernel!.includes("vfs_read"), `${kernel}`);
    }
  }
});

for (const scheduler of ["none", "mq-deadline"]) {
  kernelTest(`requests are those of biosnoop, under ${scheduler}`, {}, async () => {
    using loop = new LoopDevice(8 << 20);
    if (!loop.schedule(scheduler)) return;
    using other = biosnoop({ disk: disk(loop) });
    const before = loop.counts();
    const rows = await requests({ disk: disk(loop) }, () => {
      loop.writeApart(101);
      run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=4k", "count=101", "conv=fsync");
      run(...loop.reads(23));
      run("blkdiscard", "--zeroout", "--length", "65536", loop.path);
    });
    const after = loop.counts();
    other.stop();
    const counts: Record<string, [count: number, bytes: bigint]> = {};
    for await (const { comm, pid, owner, op, size_bytes } of other) {
      const [count, bytes] = counts[`${comm} ${pid} ${owner} ${op}`] ?? [0, 0n];
      counts[`${comm} ${pid} ${owner} ${op}`] = [count + 1, bytes + size_bytes];
    }
    const kinds = Map.groupBy(rows, (r) => `${r.comm} ${r.pid} ${r.owner} ${r.op}`);
    const own = [...kinds].map(([kind, rows]) => [kind, [countOf(rows), bytesOf(rows)]]);
    assertEquals(Object.fromEntries(own), counts);
    // where a disk cannot write zeroes by itself, blkdiscard writes them
    const writes = ofOp(rows, "write").filter(({ comm }) => comm !== "blkdiscard");
    assertEquals(bytesOf(writes), BigInt(2 * 101 * 4096));
    assertEquals(countOf(ofOp(rows, "flush")), after.flushes - before.flushes);
    assertEquals(countOf(ofOp(rows, "read")), after.reads - before.reads);
    // what a worker issues has the stack of who asked
    const apart = ofOp(rows, "write").filter(({ pid }) => pid === Deno.pid);
    assertEquals(countOf(apart), 101);
    assert(apart.every(({ kernel }) => !kernel!.includes("worker_thread")), `${apart[0].kernel}`);
  });
}

kernelTest("a flush has the stack of who waits for it", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().flushes;
  const work = () => {
    for (let i = 0; i < 7; i++) run("sync", "--data", loop.path);
  };
  const rows = await requests({ disk: disk(loop), op: [FLUSH], comm: "sync" }, work);
  assertEquals(countOf(rows), loop.counts().flushes - before);
  assert(countOf(rows) > 0);
  for (const { owner, op, kernel, bytes, queue_ns } of rows) {
    assertEquals([owner, op, bytes, queue_ns], ["flush_of", "flush", 0n, 0n]);
    assert(kernel!.includes("blkdev_fsync"), `${kernel}`);
  }
});

kernelTest("what is merged is one request, with the stack of the first", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().reads;
  const options = { disk: disk(loop), comm: "backwards" };
  const rows = await requests(options, () => run(backwards, loop.path, "23"));
  assertEquals(countOf(rows), loop.counts().reads - before);
  assertEquals(bytesOf(rows), 23n * 4096n);
  for (const { owner, kernel } of rows) {
    assertEquals(owner, "task");
    assert(kernel!.includes("aio_read") || kernel!.includes("io_submit_one"), `${kernel}`);
  }
});

kernelTest("a request that ends long after has the stack with which it was made", {}, async () => {
  using below = new LoopDevice(32 << 20);
  run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", below.path);
  using folder = below.mount();
  const file = `${folder.path}/disk`;
  Deno.writeFileSync(file, new Uint8Array(1 << 20));
  const path = run("losetup", "--find", "--show", file).trim();
  using _detached = { [Symbol.dispose]: () => run("losetup", "--detach", path) };
  const name = path.slice("/dev/".length);
  const args = ["if=/dev/zero", `of=${path}`, "bs=4k", "count=1", "oflag=direct"];
  let frozen = 0n;
  const rows = await requests({ disk: diskNumber(name), op: [WRITE] }, async () => {
    run("fsfreeze", "--freeze", folder.path);
    const child = new Deno.Command("dd", { args, stderr: "null" }).spawn();
    let ended = false;
    const status = child.status.finally(() => ended = true);
    try {
      // stacks are taken over once a second
      while (!ended && inFlight(name) === 0) await delay(10);
      const begin = performance.now();
      await delay(2500);
      frozen = BigInt(Math.floor((performance.now() - begin) * 1e6));
    } finally {
      run("fsfreeze", "--unfreeze", folder.path);
    }
    await status;
  });
  assertEquals(rows.map(({ comm, op, count }) => [comm, op, count]), [["dd", "write", 1]]);
  const [{ kernel, total_ns, queue_ns, min_ns, max_ns }] = rows;
  assert(kernel!.includes("blkdev_write_iter"), `${kernel}`);
  assert(total_ns >= frozen && queue_ns <= total_ns - frozen, `${total_ns} ${queue_ns}`);
  assertEquals([min_ns, max_ns], [total_ns, total_ns]);
});

/** Requests that a disk has not ended yet: the ninth number of its statistics. */
function inFlight(name: string): number {
  return Number(Deno.readTextFileSync(`/sys/block/${name}/stat`).trim().split(/ +/)[8]);
}

// Of some 100,000 requests on a busy host the kernel has once not called the tracepoint of the completion: neither of
// two programs of one object saw it. So this test, which makes thousands, compares with biosnoop instead of the
// kernel's count.
kernelTest("nothing is lost or counted twice where sets are taken over", {}, async () => {
  using loop = new LoopDevice();
  using other = biosnoop({ disk: disk(loop), comm: "dd" });
  let shown = 0;
  const reading = (async () => {
    for await (const _ of other) shown++;
  })();
  const rows = await requests({ disk: disk(loop), op: [READ], comm: "dd" }, async () => {
    const end = performance.now() + 2200;
    while (performance.now() < end) {
      const [command, ...args] = loop.reads(101);
      await new Deno.Command(command, { args, stderr: "null" }).output();
    }
  });
  other.stop();
  await reading;
  assertEquals(other.losses.ring, 0n);
  assertEquals(countOf(rows), shown);
  assert(shown > 0);
});

kernelTest("requests belong to the process and cgroup that asked for them", {}, async () => {
  using loop = new LoopDevice();
  using other = new LoopDevice();
  await using cgroup = new Cgroup();
  const work = () => {
    run(...loop.reads(101));
    run(...cgroup.command(...loop.reads(499)));
    run(...other.reads(23));
  };
  const counted = async (options: Options) => countOf(await requests(options, work));
  assertEquals(await counted({ disk: disk(loop), cgroup: cgroup.path }), 499);
  assertEquals(await counted({ disk: disk(other), comm: "dd" }), 23);
  assertEquals(await counted({ disk: disk(loop), pid: [Deno.pid], op: [WRITE] }), 0);
  assertEquals(await counted({ cgroup: cgroup.path, op: [READ] }), 499);
});

kernelTest("--op and --min leave requests out", {}, async () => {
  using loop = new LoopDevice();
  const work = () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
  };
  const options = { disk: disk(loop), comm: "dd" };
  const writes = await requests({ ...options, op: [WRITE] }, work);
  assertEquals(writes.map(({ op, count }) => [op, count]), [["write", 19]]);
  assertEquals(await requests({ ...options, min: 1e9 }, work), []);
  assertEquals(countOf(await requests({ ...options, min: 0.0001 }, work)), 42);
});

kernelTest("requests that fail are counted", {}, async () => {
  using loop = new LoopDevice(4 << 20, 64 << 10);
  const rows = await requests({ disk: disk(loop), comm: "dd" }, () => {
    const [command, ...args] = loop.writes(101);
    assert(!new Deno.Command(command, { args }).outputSync().success);
  });
  assertEquals(rows.map(({ op, errors }) => [op, errors]), [["write", 1]]);
});

kernelTest("a command for the device itself has the stack of who issues it", {}, async () => {
  const [serial] = [...Deno.readDirSync("/sys/block")]
    .map(({ name }) => `/sys/block/${name}/serial`)
    .filter((path) => path.includes("/vd") && exists(path));
  if (serial === undefined) return; // no disk of virtio: others have no such command without a program
  const rows = await requests({ disk: diskNumber(serial.split("/")[3]), pid: [Deno.pid] }, () => {
    for (let i = 0; i < 23; i++) Deno.readTextFileSync(serial);
  });
  const commands = rows.filter(({ owner }) => owner === "passthrough");
  // a busy disk may be served by another thread: then that one issues it
  assert(countOf(commands) > 0 && countOf(commands) <= 23, `${countOf(commands)}`);
  for (const { kernel } of commands) {
    assertEquals(kernel![0], "blk_mq_start_request");
    assert(kernel!.includes("blk_execute_rq") || kernel!.includes("serial_show"), `${kernel}`);
  }
});

kernelTest("--user shows functions of processes as well", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().reads;
  let reader!: Deno.ChildProcess;
  const rows = await requests({ disk: disk(loop), comm: "dd", user: true }, async () => {
    reader = startReader(loop);
    while (loop.counts().reads - before < 2) await delay(10);
  });
  reader.kill("SIGKILL");
  await Promise.all([reader.status, reader.stdout.cancel()]);
  assertEquals([countOf(rows), bytesOf(rows)], [2, 131_072n]);
  for (const { pid, kernel, user } of rows) {
    assertEquals(pid, reader.pid);
    assert(kernel!.includes("blkdev_read_iter"), `${kernel}`);
    assert(user!.some((name) => name.endsWith("read")), `${user}`);
  }
});

kernelTest("frames are as many as --perf-max-stack-depth says", {}, async () => {
  using loop = new LoopDevice();
  const options = { disk: disk(loop), comm: "dd", perf_max_stack_depth: 2 };
  const rows = await requests(options, () => run(...loop.reads(23)));
  assertEquals(countOf(rows), 23);
  assert(rows.every(({ kernel, truncated }) => kernel!.length <= 2 && truncated));
});

kernelTest("stacks without room are reported, and their requests counted", {}, async () => {
  using loop = new LoopDevice();
  const options = { disk: disk(loop), comm: "dd", stack_storage_size: 1 };
  const { rows, losses } = await traced(options, () => {
    run(...loop.reads(23));
    run(...loop.writes(19));
  });
  assert(losses.map! > 0n);
  assertEquals([countOf(ofOp(rows, "read")), countOf(ofOp(rows, "write"))], [23, 19]);
  assert(rows.some(({ kernel }) => kernel!.includes("[Missed Kernel Stack]")));
});
