import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Flush, flushsnoop } from "../../tools/flushsnoop.ts";
import { diskNumber } from "#lib/sys/disks.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { kernelTrace } from "./kernel_trace.ts";
import { LoopDevice, run } from "./loop_device.ts";
import { Mirror } from "./mirror.ts";

type Options = NonNullable<Parameters<typeof flushsnoop>[0]>;

/** The flushes that end while `work` runs, which returns when they have. */
async function flushes(options: Options, work: () => unknown): Promise<Flush[]> {
  using trace = flushsnoop(options);
  await work();
  trace.stop();
  const rows: Flush[] = [];
  for await (const row of trace) rows.push(row);
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  return rows;
}

function times(count: number, work: () => unknown): void {
  for (let i = 0; i < count; i++) work();
}

kernelTest("each flush is the process's that waits for it, exactly", {}, async () => {
  using loop = new LoopDevice();
  const before = loop.counts().flushes;
  const rows = await flushes({ disk: diskNumber(loop.name) }, () => {
    times(23, () => run(...loop.flush()));
  });
  assertEquals(loop.counts().flushes - before, 23);
  assertEquals(counted(rows, (r) => [r.comm, r.disk, r.data_bytes, r.sector, r.fua, r.error]), {
    [`dd ${loop.name} 0 - false -`]: 23,
  });
  assertEquals(new Set(rows.map(({ pid }) => pid)).size, 23);
  for (const { pid, tid, uid, latency_ns } of rows) {
    assertEquals([tid, uid], [pid, 0]);
    assert(latency_ns > 0n);
  }
});

kernelTest("flushes are those of the kernel's own trace", { needs: ["tracefs"] }, async () => {
  using loop = new LoopDevice(8 << 20);
  run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", loop.path);
  using folder = loop.mount();
  const traced: string[] = [];
  const rows = await flushes({ disk: diskNumber(loop.name) }, async () => {
    // jbd2/loop0-8-123 [000] ..... 1.234567: block_bio_queue: 7,0 FWFSM 8 + 2 [jbd2/loop0-8]
    const line = /block_bio_queue: (\S+) F\w(F?)\S* (\d+) \+ (\d+) \[(.+)\]$/;
    const lines = await kernelTrace(["block/block_bio_queue"], () => {
      for (let i = 0; i < 7; i++) {
        Deno.writeTextFileSync(`${folder.path}/file`, String(i));
        run("sync", `${folder.path}/file`);
      }
    });
    for (const text of lines) {
      const [, of, fua, sector, sectors, comm] = line.exec(text) ?? [];
      if (of !== loop.numbers) continue;
      traced.push(
        `${comm} ${sectors === "0" ? "-" : sector} ${Number(sectors) * 512} ${fua !== ""}`,
      );
    }
  });
  const shown = rows.map((r) => `${r.comm} ${r.sector ?? "-"} ${r.data_bytes} ${r.fua}`);
  assertEquals(shown.sort(), traced.sort());
  const with_data = rows.filter(({ data_bytes }) => data_bytes > 0n);
  assert(with_data.length >= 7, `${with_data.length}`);
});

kernelTest("flushes belong to the cgroup and process that asked for them", {}, async () => {
  using loop = new LoopDevice();
  await using cgroup = new Cgroup();
  const disk = diskNumber(loop.name);
  const rows = await flushes({ disk, cgroup: cgroup.path }, () => {
    run(...loop.flush());
    times(7, () => run(...cgroup.command(...loop.flush())));
  });
  const cgroup_id = BigInt(Deno.statSync(cgroup.path).ino!);
  assertEquals(counted(rows, (r) => [r.comm, r.cgroup_id]), { [`dd ${cgroup_id}`]: 7 });
  assertEquals(await flushes({ disk, pid: [Deno.pid] }, () => run(...loop.flush())), []);
});

kernelTest("a flush that fails says why, and --failed shows nothing else", {}, async () => {
  using below = new LoopDevice(16 << 20);
  run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0", below.path);
  using folder = below.mount();
  using loop = new LoopDevice(1 << 20, undefined, `${folder.path}/disk`);
  const rows = await flushes({ disk: diskNumber(loop.name), failed: true }, () => {
    run("sync", loop.path);
    // EXT4_IOC_SHUTDOWN: the file system that has the disk's file gives up
    run(
      "perl",
      "-e",
      `open D, "${folder.path}"; ioctl D, 0x8004587d, my $how = pack "L", 2 or die $!`,
    );
    const { success } = new Deno.Command("sync", { args: [loop.path], stderr: "null" })
      .outputSync();
    assertEquals(success, false);
  });
  assertEquals(rows.map(({ comm, error }) => [comm, error]), [["sync", "EIO"]]);
});

kernelTest("--min leaves out what is faster", {}, async () => {
  using loop = new LoopDevice();
  const disk = diskNumber(loop.name);
  const work = () => times(7, () => run(...loop.flush()));
  assertEquals((await flushes({ disk, min: 1e9 }, work)).length, 0);
  assertEquals((await flushes({ disk, min: 0.0001 }, work)).length, 7);
});

kernelTest("--md shows arrays alone, whose disks have flushes of their own", {
  needs: ["mirrors"],
}, async () => {
  using first = new LoopDevice();
  using second = new LoopDevice();
  using mirror = new Mirror([first, second], 4 << 20);
  const work = () => {
    times(7, () => run(...first.flush()));
    times(
      19,
      () => run("dd", "if=/dev/zero", `of=/dev/${mirror.name}`, "bs=4k", "count=1", "conv=fsync"),
    );
  };
  assertEquals(counted(await flushes({ md: true, comm: "dd" }, work), (r) => [r.disk]), {
    [mirror.name]: 19,
  });
  const all = counted(await flushes({}, work), (r) => [r.disk]);
  const ours = [mirror.name, first.name, second.name].map((name) => all[name]);
  assertEquals(ours, [19, 19 + 7, 19]);
});

kernelTest("the table is that of the C tool, with bytes and time behind", {}, async () => {
  using loop = new LoopDevice();
  await using tool = startTool("flushsnoop", ["-d", loop.name, "-m", "0"]);
  await tool.until("\n");
  run(...loop.flush());
  await tool.until(/^\d.*\n/m);
  const { stdout, code } = await tool.stop();
  const [header, row] = stdout.split("\n");
  assertEquals(header, "TIME     PID     COMM             DEVICE       BYTES   LAT(ms)");
  assertMatch(row, new RegExp(`^\\d\\d:\\d\\d:\\d\\d \\d+ +dd +${loop.name} +0 +\\d+\\.\\d{3}$`));
  assertEquals(code, 0);
});

kernelTest("mdflush is flushsnoop --md, and -x shows the error", {}, async () => {
  using loop = new LoopDevice();
  await using tool = startTool("denobpf", ["mdflush", "-x"]);
  await tool.until("\n");
  run(...loop.flush());
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stdout, code], [
    "TIME     PID     COMM             DEVICE       BYTES   LAT(ms) ERR\n",
    0,
  ], stderr);
});

kernelTest("a disk that there is not is a usage error", {}, async () => {
  const { stderr, code } = await runTool("flushsnoop", ["--disk", "nodisk"]);
  assertEquals(code, 64);
  assertMatch(stderr, /"nodisk" is no whole disk/);
});
