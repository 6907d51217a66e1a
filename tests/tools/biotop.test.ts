import { assert, assertEquals, assertMatch } from "@std/assert";
import { biotop, type DiskUsage } from "../../tools/biotop.ts";
import { diskNumber } from "#lib/sys/disks.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { LoopDevice, run } from "./loop_device.ts";
import { csvRows } from "./tcp_workload.ts";

type Options = NonNullable<Parameters<typeof biotop>[0]>;

/** What is counted while `work` runs. */
async function counted(options: Options, work: () => unknown): Promise<DiskUsage[]> {
  using trace = biotop({ interval: 0, ...options });
  await work();
  trace.stop();
  const rows: DiskUsage[] = [];
  for await (const table of trace.batches()) table.forEach((row) => rows.push(row));
  assertEquals(trace.losses.map ?? 0n, 0n);
  for (const { avg_ns, max_ns, total_ns } of rows) assert(avg_ns <= max_ns && max_ns <= total_ns);
  return rows;
}

const brief = ({ comm, op, io, bytes, errors }: DiskUsage) => [comm, op, io, bytes, errors];

kernelTest(
  "requests count for the process that asked, and not for those that issue and end them",
  {},
  async () => {
    using loop = new LoopDevice();
    for (const scheduler of ["none", "mq-deadline"]) {
      if (!loop.schedule(scheduler)) continue; // it is a module that this kernel does not have
      const before = loop.counts();
      const rows = await counted({ disk: diskNumber(loop.name), comm: "dd" }, () => {
        run(...loop.reads(499));
        run("dd", "if=/dev/zero", `of=${loop.path}`, "bs=4k", "count=101", "conv=fsync");
      });
      const after = loop.counts();
      const byOp = Object.fromEntries(rows.map((row) => [row.op, row]));
      assertEquals(brief(byOp.read), ["dd", "read", 499n, 499n * 4096n, 0n]);
      assertEquals(byOp.write.bytes, 101n * 4096n);
      assertEquals(byOp.flush.io, BigInt(after.flushes - before.flushes));
      assertEquals(byOp.flush.bytes, 0n);
      assertEquals(after.reads - before.reads, 499);
      // a request without data, which waits for the flush, counts as a write there
      assertEquals(Number(byOp.write.io + byOp.flush.io), after.writes - before.writes);
      assert(rows.every(({ disk }) => disk === loop.name));
      assertEquals(new Set(rows.map(({ pid }) => pid)).size, 2);
    }
  },
);

kernelTest("rows are of processes, cgroups or disks", {}, async () => {
  using loop = new LoopDevice();
  await using cgroup = new Cgroup();
  const disk = diskNumber(loop.name);
  const work = () => {
    run(...loop.reads(101));
    run(...cgroup.command(...loop.reads(499)));
  };
  const ino = BigInt(Deno.statSync(cgroup.path).ino!);
  const disks = await counted({ disk, by: "disk", comm: "dd" }, work);
  assertEquals(disks.map(brief), [[undefined, "read", 600n, 600n * 4096n, 0n]]);
  const cgroups = await counted({ disk, by: "cgroup", comm: "dd" }, work);
  assertEquals(cgroups.find(({ cgroup_id }) => cgroup_id === ino)?.io, 499n);
  assertEquals(cgroups.reduce((sum, { io }) => sum + io, 0n), 600n);
  const processes = await counted({ disk, cgroup: cgroup.path }, work);
  assertEquals(processes.map(brief), [["dd", "read", 499n, 499n * 4096n, 0n]]);
});

kernelTest("requests that fail are counted", {}, async () => {
  using loop = new LoopDevice(4 << 20, 64 << 10);
  const rows = await counted({ disk: diskNumber(loop.name), comm: "dd" }, () => {
    const [command, ...args] = loop.writes(101);
    assert(!new Deno.Command(command, { args }).outputSync().success);
  });
  assertEquals(rows.map(({ op, errors }) => [op, errors]), [["write", 1n]]);
});

kernelTest("the table is that of the C tool", {}, async () => {
  using loop = new LoopDevice();
  const { stdout, stderr, code } = await runTool(
    "biotop",
    ["--noclear", "-s", "io", "--rows", "1", "-d", loop.name, "300"],
    {
      workload: async () => {
        for (const command of [loop.reads(23), loop.writes(19)]) {
          await new Deno.Command(command[0], { args: command.slice(1), stderr: "null" }).output();
        }
      },
      until: "\n",
    },
  );
  assertEquals(code, 0, stderr);
  const [title, load, header, row, ...rest] = stdout.split("\n");
  assertEquals(title, "Tracing... Output every 300 secs. Hit Ctrl-C to end");
  assertMatch(load, /^\d\d:\d\d:\d\d loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/);
  assertEquals(header, "PID     COMM             D MAJ MIN DISK       I/O  Kbytes  AVGms");
  assertMatch(row, new RegExp(`^\\d+ +dd {15}R 7   \\d+ +${loop.name} +23 +92 +\\d+\\.\\d\\d$`));
  assertEquals(rest, ["", ""]);
});

kernelTest("rows come in the order of all, io, bytes or time, or of a field", {}, async () => {
  using loop = new LoopDevice();
  /** The rows of one table, in the tool's order: 23 small reads, and 7 large writes. */
  const ordered = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTool(
      "biotop",
      ["-C", "-o", "csv", "--by", "disk", "-d", loop.name, ...args, "300"],
      {
        workload: async () => {
          const large = [
            "dd",
            "if=/dev/zero",
            `of=${loop.path}`,
            "bs=64k",
            "count=7",
            "oflag=direct",
          ];
          for (const command of [loop.reads(23), large]) {
            await new Deno.Command(command[0], { args: command.slice(1), stderr: "null" }).output();
          }
        },
        until: "\n",
      },
    );
    assertEquals(code, 0, stderr);
    return csvRows(stdout).filter(({ op }) => op === "read" || op === "write");
  };
  for (
    const [order, expected] of [
      ["io", ["read", "write"]],
      ["-io", ["read", "write"]],
      ["bytes", ["write", "read"]],
      ["all", ["write", "read"]],
      ["-op", ["write", "read"]],
      ["op", ["read", "write"]],
    ] as [string, string[]][]
  ) {
    assertEquals((await ordered("--sort", order)).map(({ op }) => op), expected, order);
  }
  const times = (await ordered("-s", "time")).map(({ total_ns }) => Number(total_ns));
  assertEquals([times.length, times], [2, times.toSorted((a, b) => b - a)]);
  assertEquals((await ordered("-s", "io", "--rows", "1")).map(({ io }) => io), ["23"]);
  await using tool = startTool("biotop", ["-s", "nosuch"]);
  const { stderr, code } = await tool.finish();
  assertEquals(code, 64);
  assertMatch(stderr, /--sort.*nosuch/);
});
