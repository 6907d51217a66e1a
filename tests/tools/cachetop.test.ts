import { assertEquals, assertMatch } from "@std/assert";
import { cachetop } from "../../tools/cachetop.ts";
import { kernelTest, startTool } from "../kernel/harness.ts";
import { cachedDisk, runCached } from "./cached_file.ts";
import { ext4, runFiles } from "./file_calls.ts";

/** The device of a file system, as findmnt(8) has it. */
function deviceOf(path: string): string {
  const { stdout } = new Deno.Command("findmnt", { args: ["-no", "MAJ:MIN", path] }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

kernelTest("processes are apart", {}, async () => {
  using disk = cachedDisk();
  using trace = cachetop({ ppid: Deno.pid, comm: "pages", interval: 600 });
  const runs = [
    await runCached(disk.path, "drop", "whole"),
    await runCached(disk.path, "drop", "whole", "steps"),
    await runCached(disk.path, "write"),
  ];
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  const seen = runs.map(({ pid }) => {
    const row = rows.find((row) => row.pid === pid)!;
    const { comm, uid, user, accesses, hits, misses, hit_ratio, dirtied } = row;
    return [comm, uid, user, accesses, hits, misses, hit_ratio, dirtied];
  });
  assertEquals(seen, [
    ["pages", 0, "root", 101, 0, 101, 0, 0],
    ["pages", 0, "root", 202, 101, 101, 0.5, 0],
    ["pages", 0, "root", 0, 0, 0, undefined, 23],
  ]);
  assertEquals(rows.length, 3);
});

kernelTest("--by file has a row for each file, those of disks themselves too", {}, async () => {
  using disk = ext4();
  using device = cachedDisk();
  using trace = cachetop({ ppid: Deno.pid, by: "file", interval: 600 });
  await runFiles(disk.path, "make");
  const { ino } = Deno.statSync(`${disk.path}/file`);
  await runCached(device.path, "drop", "whole", "steps");
  await runCached(device.path, "write");
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  const rowOf = (name: string) => {
    const found = rows.filter(({ path }) => path === name);
    assertEquals(found.length, 1, Deno.inspect(rows.map(({ path }) => path)));
    const { pid, uid, comm, fs, accesses, misses, dirtied } = found[0];
    assertEquals([pid, uid, comm], [undefined, undefined, undefined]);
    return [fs, accesses, misses, dirtied];
  };
  assertEquals(rowOf(`${disk.path}/file`), ["ext4", 0, 0, 53]);
  assertEquals(rowOf(device.path), ["bdev", 202, 101, 23]);
  const made = rows.find(({ path }) => path === `${disk.path}/file`)!;
  assertEquals([made.ino, String(made.dev), made.added], [BigInt(ino!), deviceOf(disk.path), 53]);
});

kernelTest("tables have the columns of the C tool, sorted as it says", {}, async () => {
  using disk = cachedDisk();
  const args = ["--noclear", "--ppid", String(Deno.pid), "--comm", "pages"];
  await using tool = startTool("cachetop", [...args, "-s", "misses", "--rows", "1", "600", "1"]);
  await tool.until("Hit Ctrl-C to end\n");
  const { pid } = await runCached(disk.path, "drop", "some");
  await runCached(disk.path, "write");
  const { stdout, stderr, code } = await tool.stop();
  assertEquals([stderr, code], ["", 0]);
  const [title, load, header, row, ...rest] = stdout.trimEnd().split("\n");
  assertEquals(title, "Tracing... Output every 600 secs. Hit Ctrl-C to end");
  assertMatch(load, /^\d\d:\d\d:\d\d loadavg: /);
  assertEquals(header, "PID     USER     COMM                 HITS   MISSES  DIRTIES READ_HIT%");
  assertMatch(row, new RegExp(`^${pid} +root +pages +0 +11 +0 +0\\.00%$`));
  assertEquals(rest, []);
});
