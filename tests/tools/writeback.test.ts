import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeback, type WritebackPass } from "../../tools/writeback.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { ext4 } from "./file_calls.ts";
import { kernelTrace } from "./kernel_trace.ts";
import { run } from "./loop_device.ts";

type Options = NonNullable<Parameters<typeof writeback>[0]>;

/** The passes to one device that end while `work` runs. */
async function passes(device: string, options: Options, work: () => unknown) {
  using trace = writeback(options);
  await work();
  trace.stop();
  const rows: WritebackPass[] = [];
  for await (const row of trace) if (row.device === device) rows.push(row);
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  return rows;
}

const pagesOf = (rows: readonly WritebackPass[]) =>
  rows.reduce((sum, { pages }) => sum + Number(pages), 0);

/** Writes this many pages into the page cache, of a new file: ext4 stores one at once that was cut before. */
function dirty(folder: string, pages: number): void {
  Deno.writeFileSync(`${folder}/${crypto.randomUUID()}`, new Uint8Array(pages * 4096));
}

kernelTest("pages that sync has written are counted, and are its own, exactly", {}, async () => {
  using disk = ext4();
  const rows = await passes(disk.name, {}, () => {
    dirty(disk.path, 101);
    run("sync", "-f", disk.path);
  });
  assertEquals(pagesOf(rows), 101);
  const asked = rows.filter(({ reason }) => reason === "sync");
  assert(asked.length > 0);
  const { dev } = Deno.statSync(disk.path);
  for (const row of asked) {
    assertEquals([row.comm, row.uid, row.fs, row.dev], [
      "sync",
      0,
      "ext4",
      `${dev >> 8}:${dev & 255}`,
    ]);
    assertEquals(row.tid, row.pid);
    assertEquals(row.bytes, row.pages * 4096n);
    assert(row.queued_ns! > 0n && row.duration_ns > 0n);
  }
  assertEquals(new Set(asked.map(({ pid }) => pid)).size, 1);
});

kernelTest("passes are those of the kernel's own trace", { needs: ["tracefs"] }, async () => {
  using disk = ext4();
  const { dev } = Deno.statSync(disk.path);
  // kworker/u8:1-123 [000] ..... 1.234567: writeback_start: bdi 7:0: sb_dev 7:0 nr_pages=5 sync_mode=0 ...
  const line =
    /^ *(.*-\d+) +\[.* writeback_(start|written): bdi (\S+): .*nr_pages=(-?\d+) sync_mode=(\d) .*reason=(\w+)/;
  const traced: string[] = [];
  const rows = await passes(disk.name, {}, async () => {
    const lines = await kernelTrace(
      ["writeback/writeback_start", "writeback/writeback_written"],
      () => {
        for (const pages of [7, 23, 2003]) {
          dirty(disk.path, pages);
          run("sync", "-f", disk.path);
        }
      },
    );
    const starts = new Map<string, bigint>();
    for (const text of lines) {
      const [, task, what, bdi, pages, mode, reason] = line.exec(text) ?? [];
      if (bdi !== `${dev >> 8}:${dev & 255}`) continue;
      if (what === "start") starts.set(task, BigInt(pages));
      else traced.push(`${starts.get(task)! - BigInt(pages)} ${reason} ${mode === "1"}`);
    }
  });
  const shown = rows.map(({ pages, reason, waits }) => `${pages} ${reason} ${waits}`);
  assertEquals(shown.sort(), traced.sort());
  assertEquals(pagesOf(rows), 7 + 23 + 2003);
});

kernelTest("targets are those who ask", {}, async () => {
  using disk = ext4();
  await using cgroup = new Cgroup();
  const rows = await passes(disk.name, { cgroup: cgroup.path }, () => {
    dirty(disk.path, 7);
    run("sync", "-f", disk.path);
    dirty(disk.path, 101);
    run(...cgroup.command("sync", "-f", disk.path));
  });
  assert(rows.length > 0);
  assertEquals(pagesOf(rows), 101);
  const none = await passes(disk.name, { pid: [Deno.pid] }, () => {
    dirty(disk.path, 7);
    run("sync", "-f", disk.path);
  });
  assertEquals(none, []);
});

kernelTest("--min leaves out what is faster", {}, async () => {
  using disk = ext4();
  const work = () => {
    dirty(disk.path, 7);
    run("sync", "-f", disk.path);
  };
  assertEquals(await passes(disk.name, { min: 1e9 }, work), []);
  assertEquals(pagesOf(await passes(disk.name, { min: 0.0001 }, work)), 7);
});

kernelTest("the table is that of bpftrace's tool, with who asked", {}, async () => {
  using disk = ext4();
  await using tool = startTool("writeback", ["-m", "0"]);
  await tool.until("\n");
  dirty(disk.path, 23);
  run("sync", "-f", disk.path);
  const row = new RegExp(
    `^\\d\\d:\\d\\d:\\d\\d ${disk.name} +23 +sync +\\d+\\.\\d{3} +sync\\n`,
    "m",
  );
  await tool.until(row);
  const { stdout, code } = await tool.stop();
  assertMatch(stdout, /^TIME +DEVICE +PAGES +REASON +ms +COMM\n/);
  assertEquals(code, 0);
});

kernelTest("a bad number is a usage error", {}, async () => {
  const { stderr, code } = await runTool("writeback", ["--min", "fast"]);
  assertEquals([code, /"fast"/.test(stderr)], [64, true]);
});
