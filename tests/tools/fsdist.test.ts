import { assert, assertEquals, assertMatch } from "@std/assert";
import { Fsdist } from "#skel/fsdist.ts";
import { attachKprobe } from "#lib/mod.ts";
import { type FileLatency, fsdist } from "../../tools/fsdist.ts";
import { ext4, runFiles, workload } from "./file_calls.ts";
import { hasFeature, kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof fsdist>[0]>;

const needs = ["fentry"] as const;

/** The histograms of what `work` does, and nothing lost. */
async function histogramsOf(options: Options, work: () => Promise<unknown>) {
  using trace = fsdist({ comm: "files", ...options });
  await work();
  trace.stop();
  const rows: FileLatency[] = [];
  for await (const row of trace) rows.push(row);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map + missed, 0n);
  return rows;
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const counts = (rows: readonly FileLatency[]) => {
  for (const { count, histogram } of rows) assertEquals(sum(histogram), count);
  return Object.fromEntries(rows.map(({ op, count }) => [op, count]));
};

const KINDS = ["make", "sync", "append", "read", "vector", "splice", "fsync", "stat", "open"];

kernelTest("each call of a file system is counted once, by operation", { needs }, async () => {
  using disk = ext4();
  const kinds = [...KINDS, "map", "aio", "uring", "cached"];
  const rows = await histogramsOf({ mount: device(disk.path), type: ["ext4"] }, () => {
    return runFiles(disk.path, ...kinds);
  });
  assertEquals(counts(rows), {
    read: 41 + 37 + 31 + 13 + 11 + 3,
    write: 1 + 23 + 7,
    open: kinds.length + 19,
    fsync: 23 + 5 + 1,
    getattr: 17,
    fault: 3,
  });
  for (const { count, errors, total_ns, avg_ns, min_ns, max_ns, unit, ...row } of rows) {
    assert(min_ns > 0n && min_ns <= avg_ns && avg_ns <= max_ns && max_ns <= total_ns);
    assertEquals([avg_ns, errors, unit], [total_ns / BigInt(count), 0, "us"]);
    assertEquals([row.mount, row.dev, row.pid, row.comm, row.error], Array(5).fill(undefined));
  }
});

kernelTest("any file system is counted, by mount, process and errno", { needs }, async () => {
  using disk = ext4();
  using other = ext4();
  const rows = await histogramsOf({ by_mount: true, op: ["read"], errors: true }, async () => {
    await runFiles(disk.path, "make", "read", "odd");
    await runFiles(other.path, "make", "vector");
  });
  const shown = rows.filter(({ mount }) => mount === disk.path || mount === other.path);
  assertEquals(
    shown.map(({ mount, error, errors, count }) => [mount === disk.path, error, errors, count])
      .sort((a, b) => Number(b[3]) - Number(a[3])),
    [[true, undefined, 0, 41], [false, undefined, 0, 37], [true, "EINVAL", 2, 2]],
  );
  const { dev } = shown.find(({ mount }) => mount === disk.path)!;
  const number = device(disk.path);
  assertEquals(dev, `${number >>> 20}:${number & 0xf_ffff}`);
  const processes = await histogramsOf(
    { by_process: true, op: ["write"], mount: number },
    async () => {
      await runFiles(disk.path, "make", "append");
      await runFiles(disk.path, "make", "sync");
    },
  );
  const by = processes.map(({ comm, count }) => [comm, count]);
  assertEquals(by.sort((a, b) => Number(a[1]) - Number(b[1])), [["files", 8], ["files", 24]]);
  assertEquals(new Set(processes.map(({ pid }) => pid)).size, 2);
});

/** The device that is mounted there, as the kernel's dev_t. */
function device(path: string): number {
  const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
  const [, major, minor] = new RegExp(`^\\d+ \\d+ (\\d+):(\\d+) \\S+ ${path} `, "m").exec(
    mountinfo,
  )!;
  return Number(major) << 20 | Number(minor);
}

kernelTest(
  "a call that waits is in the row of its time, in milliseconds too",
  { needs },
  async () => {
    using disk = ext4();
    await runFiles(disk.path, "make");
    const mount = device(disk.path);
    const [{ count, histogram, unit, max_ns }] = await histogramsOf({
      op: ["write"],
      mount,
      milliseconds: true,
    }, async () => {
      run("fsfreeze", "--freeze", disk.path);
      const writing = new Deno.Command(workload, { args: ["append"], cwd: disk.path }).spawn();
      while (!/\) D /.test(Deno.readTextFileSync(`/proc/${writing.pid}/stat`))) await pause(20);
      await pause(200);
      run("fsfreeze", "--unfreeze", disk.path);
      await writing.status;
    });
    // Of the first write all others wait for nothing.
    assertEquals([count, unit], [7, "ms"]);
    assert(max_ns > 200_000_000n);
    assertEquals(histogram.length, 1 + Math.floor(Math.log2(Number(max_ns / 1_000_000n))));
    assertEquals(histogram.at(-1), 1);
  },
);

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

kernelTest("probes count the same where there are no types", { needs: ["kprobe"] }, async () => {
  using disk = ext4();
  const opened = Fsdist.open();
  for (const name of ["kprobe_read", "kretprobe_read"] as const) {
    opened.progs[name].autoload = true;
  }
  opened.rodata.targ_dev = device(disk.path);
  opened.maps.latencies.maxEntries = 64;
  using skeleton = opened.load();
  attachKprobe(skeleton.progs.kretprobe_read, "ext4_file_read_iter", { retprobe: true });
  attachKprobe(skeleton.progs.kprobe_read, "ext4_file_read_iter");
  await runFiles(disk.path, "make", "read", "vector");
  const counted = [...skeleton.maps.latencies].map(([, { count }]) => Number(count));
  assertEquals([sum(counted), skeleton.bss.lost_map], [41 + 37, 0n]);
});

kernelTest("histograms are the C tool's; ext4dist is -t ext4", { needs }, async () => {
  using disk = ext4();
  const command = [Deno.execPath(), "run", "-A", "tools/denobpf.ts", "ext4dist"];
  const args = ["-T", "-e", "--op", "R,fsync", "--mount", disk.path, "--comm", "files"];
  await using tool = startCommand([...command, ...args]);
  await tool.until("end.\n");
  await runFiles(disk.path, "make", "read", "fsync");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const [title, ...lines] = stdout.split("\n");
  assertEquals(title, "Tracing ext4 operation latency... Hit Ctrl-C to end.");
  const headings = lines.filter((line) => line.startsWith("operation"));
  assertEquals(headings.length, 2);
  const numbers = "avg = \\d+ us, max = \\d+ us, total: \\d+ us, count:";
  assertMatch(headings[0], new RegExp(`^operation = 'read' {2}${numbers} 41$`));
  assertMatch(headings[1], new RegExp(`^operation = 'fsync' {2}${numbers} 5$`));
  assertMatch(stdout, /^\d\d:\d\d:\d\d$/m);
  assertMatch(stdout, /usecs +: count +distribution\n/);
});

kernelTest("pipes are counted on demand", { needs }, async () => {
  using disk = ext4();
  const rows = await histogramsOf({ op: ["read"], by_mount: true, all_files: true }, () => {
    return runFiles(disk.path, "make", "splice");
  });
  const mounted = rows.find(({ mount }) => mount === disk.path);
  const pipes = rows.find(({ mount, count }) => mount === undefined && count === 31);
  assertEquals([mounted?.count, pipes?.count], [31, 31]);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("fsdist", ["-t", "ext4", "--seconds", "0"]);
  assertMatch(stderr, /^fsdist: Cannot attach fsdist: .* neither fexit nor kprobes.*\n$/);
  assertEquals(code, 69);
});
