import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Sync, syncsnoop } from "../../tools/syncsnoop.ts";
import { kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { straced } from "./straced.ts";

const workload = new URL("../../build/tests/syncs", import.meta.url).pathname;
const isX86 = Deno.build.arch === "x86_64";

type Options = NonNullable<Parameters<typeof syncsnoop>[0]>;

/** Runs kinds of tests/workloads/syncs.c in this folder, and returns its pid. */
async function runSyncs(cwd: string, ...kinds: string[]): Promise<number> {
  const child = new Deno.Command(workload, { args: kinds, cwd }).spawn();
  assert((await child.status).success);
  return child.pid;
}

/** What the tool shows while these kinds run in a folder of their own, and nothing of it lost. */
async function syncsOf(options: Options, ...kinds: string[]) {
  const folder = Deno.makeTempDirSync();
  using trace = syncsnoop({ comm: "syncs", ...options });
  const pid = await runSyncs(folder, ...kinds);
  trace.stop();
  const syncs: Sync[] = [];
  for await (const sync of trace) syncs.push(sync);
  const { ring = 0n, map = 0n } = trace.losses;
  assertEquals(ring + map, 0n);
  const { ino } = Deno.statSync(`${folder}/file`);
  Deno.removeSync(folder, { recursive: true });
  return { syncs, pid, path: `${folder}/file`, ino: BigInt(ino!) };
}

const KINDS = ["fsync", "fdatasync", "syncfs", "range", "msync", "closed"];

kernelTest("each call that syncs is shown with its file, exactly", {}, async () => {
  const { syncs, pid, path, ino } = await syncsOf({}, ...KINDS, "sync");
  const by = (s: Sync) => [s.syscall, s.path && "file", s.offset_bytes, s.length_bytes, s.error];
  assertEquals(counted(syncs, by), {
    "fsync file - - -": 23,
    "fdatasync file - - -": 7,
    "syncfs file - - -": 3,
    "sync_file_range file 8192 4096 -": 5,
    "msync - - 4096 -": 11,
    "fsync - - - EBADF": 2,
    "sync - - - -": 1,
  });
  for (const sync of syncs) {
    assertEquals([sync.pid, sync.tid, sync.uid, sync.comm], [pid, pid, 0, "syncs"]);
    assert(sync.latency_ns! > 0n);
    const hasFile = sync.path !== undefined;
    assertEquals([sync.path, sync.ino], hasFile ? [path, ino] : [undefined, undefined]);
    assertEquals([sync.fs === undefined, sync.dev === undefined], [!hasFile, !hasFile]);
    const hasFd = !["sync", "msync"].includes(sync.syscall);
    assertEquals(sync.fd, hasFd ? (sync.error ? -1 : 3) : undefined);
  }
});

kernelTest("syncsnoop counts what strace counts", {}, async () => {
  const { syncs } = await syncsOf({}, ...KINDS);
  const folder = Deno.makeTempDirSync();
  const calls = "sync,fsync,fdatasync,syncfs,msync,sync_file_range";
  const args = [
    "-c",
    'cd "$0" && exec "$@"',
    folder,
    "strace",
    "-f",
    "-qq",
    "-e",
    `trace=${calls}`,
  ];
  const { stderr } = await startCommand(["sh", ...args, workload, ...KINDS]).finish(60_000);
  Deno.removeSync(folder, { recursive: true });
  const theirs: Record<string, number> = {};
  for (const line of straced(stderr)) {
    const [, name, error = "-"] = /^(\w+)\(.*\) += (?:0|-1 (\w+))/.exec(line)!;
    theirs[`${name} ${error}`] = (theirs[`${name} ${error}`] ?? 0) + 1;
  }
  assertEquals(counted(syncs, ({ syscall, error }) => [syscall, error]), theirs);
});

kernelTest("calls of 32-bit programs are shown, with the halves of their numbers", {}, async () => {
  if (!isX86) return;
  const { syncs } = await syncsOf({}, "compat");
  const by = (s: Sync) => [s.syscall, s.offset_bytes, s.length_bytes, s.error];
  assertEquals(counted(syncs, by), {
    "fsync - - -": 13,
    [`sync_file_range ${5n << 32n} ${3n << 32n} -`]: 2,
  });
});

kernelTest("-x shows what fails, -m what takes long", {}, async () => {
  const { syncs } = await syncsOf({ failed: true }, ...KINDS);
  assertEquals(syncs.map(({ error }) => error), ["EBADF", "EBADF"]);
  const { syncs: long } = await syncsOf({ min: 3_600_000 }, ...KINDS);
  assertEquals(long, []);
  const { syncs: short } = await syncsOf({ min: 0.000001 }, "fdatasync");
  assertEquals(short.length, 7);
});

kernelTest("the first columns are those of the C tool", {}, async () => {
  const folder = Deno.makeTempDirSync();
  const { stdout, stderr, code } = await runTool("syncsnoop", ["--comm", "syncs"], {
    workload: () => runSyncs(folder, "fsync", "msync", "closed"),
    until: /(.* syncs .*\n){36}/,
  });
  Deno.removeSync(folder, { recursive: true });
  assertEquals([stderr, code], ["", 0]);
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(
    header,
    "TIME(s)            COMM             CALL             PID       LAT(ms) ERROR    PATH",
  );
  assertEquals(rows.length, 23 + 11 + 2);
  assertMatch(rows[0], /^\d+\.\d{6} +syncs {12}fsync {12}\d+ +\d+\.\d{3} - {8}\/.*\/file$/);
  assertMatch(rows[23], /^\d+\.\d{6} +syncs {12}msync {12}\d+ +\d+\.\d{3} - {8}-$/);
  assertMatch(rows[35], /^\d+\.\d{6} +syncs {12}fsync {12}\d+ +\d+\.\d{3} EBADF {4}-$/);
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
  assert(Math.abs(parseFloat(rows[0]) - uptime) < 600);
});

kernelTest("a time that is none ends with 64", {}, async () => {
  const { code, stderr } = await runTool("syncsnoop", ["-m", "-1"]);
  assertEquals(code, 64);
  assertMatch(stderr, /"-1" is not a number/);
});
