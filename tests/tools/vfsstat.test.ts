/** vfsstat against workloads that make a known number of calls, on a file system of their own. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type FileSystemCalls, vfsstat } from "../../tools/vfsstat.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { hasFeature, kernelTest, runTool, startCommand, startTool } from "../kernel/harness.ts";
import { countedRows, countingTest } from "../kernel/left_out.ts";
import { withoutLosses } from "../kernel/running_tool.ts";
import { ext4, runFiles, workload } from "./file_calls.ts";

const needs = ["fentry"] as const;

type Options = NonNullable<Parameters<typeof vfsstat>[0]>;

const CALLS = [
  "reads",
  "writes",
  "fsyncs",
  "opens",
  "creates",
  "unlinks",
  "mkdirs",
  "rmdirs",
  "renames",
  "getattrs",
  "statfses",
] as const;

type Calls = Readonly<Record<typeof CALLS[number], number>>;

/** All rows of a trace while something is done. */
function rowsOf(options: Options, work: () => Promise<void>): Promise<FileSystemCalls[]> {
  return countedRows(vfsstat({ interval: 600, ...options }), work);
}

const total = (rows: readonly FileSystemCalls[]) =>
  Object.fromEntries(
    CALLS.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]),
  ) as Calls;

/** What processes of the workload call besides what its own start takes. */
async function callsOf(options: Options, cwd: string, ...kinds: string[]): Promise<Partial<Calls>> {
  const only = { ppid: Deno.pid, comm: "files", ...options };
  const start = total(await rowsOf(only, () => runFiles(cwd)));
  const all = total(await rowsOf(only, () => runFiles(cwd, ...kinds)));
  return Object.fromEntries(
    CALLS.map((name) => [name, all[name] - start[name]]).filter(([, count]) => count !== 0),
  );
}

countingTest("calls are counted once each, in one table or in many", { needs }, async () => {
  using disk = ext4();
  for (const interval of [600, 0.05]) {
    assertEquals(await callsOf({ interval }, disk.path, "make", "sync", "read", "vector"), {
      reads: 41 + 37,
      writes: 1 + 23,
      fsyncs: 23, // each of these writes is synchronous
      opens: 4,
      ...interval === 600 && { creates: 1 }, // the file is there then
    });
  }
  assertEquals(await callsOf({}, disk.path, "fsync", "stat", "open"), {
    fsyncs: 5,
    opens: 3 + 19,
    getattrs: 17,
  });
});

countingTest("reads and writes of io_uring count when they end", {
  needs: ["fentry", "io_uring_request"],
}, async () => {
  using disk = ext4();
  await runFiles(disk.path, "make");
  assertEquals(await callsOf({}, disk.path, "uring", "cached", "uwrite"), {
    reads: 11 + 3,
    writes: 7,
    opens: 3,
  });
});

/** What the commands of a script call, in a cgroup of their own. */
async function callsOfScript(cwd: string, script: string): Promise<Calls> {
  await using cgroup = new Cgroup();
  const rows = await rowsOf({ cgroup: cgroup.path }, async () => {
    const { code, stderr } = await startCommand(cgroup.command("sh", "-c", script), { cwd })
      .finish();
    assertEquals([stderr, code], ["", 0]);
  });
  return total(rows);
}

/** The words that are names with these numbers. */
const names = (name: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `${name}${from + at}`).join(" ");

countingTest("names that are made, changed and removed are counted", { needs }, async () => {
  using disk = ext4();
  const calls = await callsOfScript(
    disk.path,
    `set -e
    for file in ${names("file", 0, 23)}; do : > $file; done
    for file in ${names("file", 0, 11)}; do mv $file renamed-$file; done
    rm ${names("file", 11, 23)}
    mkdir ${names("folder", 0, 7)}
    rmdir ${names("folder", 0, 5)}`,
  );
  const { creates, renames, unlinks, mkdirs, rmdirs } = calls;
  assertEquals([creates, renames, unlinks, mkdirs, rmdirs], [23, 11, 12, 7, 5]);
  // libraries may ask for a file system, too
  const [file, system] = [
    await callsOfScript(disk.path, "stat ."),
    await callsOfScript(disk.path, "stat -f ."),
  ];
  assertEquals(system.statfses - file.statfses, 1);
});

countingTest("a file that is opened and there already is not created", { needs }, async () => {
  using disk = ext4();
  Deno.writeTextFileSync(`${disk.path}/file`, "");
  const script = "for time in 1 2 3 4 5 6 7; do : >> file; done";
  const [calls, start] = [
    await callsOfScript(disk.path, script),
    await callsOfScript(disk.path, ":"),
  ];
  assertEquals([calls.opens - start.opens, calls.creates], [7, 0]);
});

countingTest("-P has a row for each process, --cgroups for each cgroup", { needs }, async () => {
  using disk = ext4();
  await using cgroup = new Cgroup();
  const id = BigInt(Deno.statSync(cgroup.path).ino!);
  await runFiles(disk.path, "make");
  const rows = await rowsOf({ pids: true, cgroups: true, comm: "files" }, async () => {
    for (let time = 0; time < 3; time++) {
      const command = startCommand(cgroup.command(workload, "stat"), { cwd: disk.path });
      assertEquals((await command.finish()).code, 0);
    }
  });
  const ours = rows.filter(({ cgroup_id }) => BigInt(cgroup_id!) === id);
  assertEquals(new Set(ours.map(({ pid }) => pid)).size, 3);
  for (const { comm, uid, user, getattrs } of ours) {
    assertEquals([comm, uid, user], ["files", 0, "root"]);
    assert(getattrs >= 17);
  }
  const [whole] = await rowsOf({}, () => Promise.resolve());
  const { pid, comm, cgroup_id, fs } = whole;
  assertEquals([pid, comm, cgroup_id, fs], [undefined, undefined, undefined, undefined]);
});

kernelTest("a row each interval, as C has it, also where nothing happens", { needs }, async () => {
  const nobody = ["--comm", "nobody at all"];
  const { stdout, stderr, code } = await runTool("vfsstat", [...nobody, "0.2", "3"]);
  assertEquals([withoutLosses(stderr), code], ["", 0]);
  const [header, ...rows] = stdout.trimEnd().split("\n");
  const columns = "  READ/s  WRITE/s  FSYNC/s   OPEN/s CREATE/s UNLINK/s  MKDIR/s  RMDIR/s";
  assertEquals(header, `TIME       ${columns}`);
  assertEquals(rows.length, 3);
  for (const row of rows) assertMatch(row, /^\d\d:\d\d:\d\d: ( +0\.0){8}$/);
  const all = await runTool("vfsstat", [...nobody, "--all", "-P", "--cgroups", "--fs", "0.2", "1"]);
  assertMatch(
    all.stdout,
    /^TIME +PID +COMM +CGROUP +FS +READ\/s .* RMDIR\/s RENAME\/s GETATTR\/s STATFS\/s\n$/,
  );
});

countingTest("--fs has a row for each type of file system", { needs }, async () => {
  using disk = ext4();
  await using cgroup = new Cgroup();
  const script = `${workload} make sync read vector stat && mkdir folder && mv folder gone &&
    rmdir gone && rm file && stat -f .`;
  const rows = await rowsOf({ fs: true, cgroup: cgroup.path }, async () => {
    const command = startCommand(cgroup.command("sh", "-c", script), { cwd: disk.path });
    assertEquals((await command.finish()).code, 0);
  });
  assertEquals(rows.filter(({ fs }) => fs === "ext4").length, 1, Deno.inspect(rows));
  const { opens, getattrs, ...calls } = total(rows.filter(({ fs }) => fs === "ext4"));
  assertEquals(calls, {
    reads: 41 + 37,
    writes: 1 + 23,
    fsyncs: 23,
    creates: 1,
    unlinks: 1,
    mkdirs: 1,
    rmdirs: 1,
    renames: 1,
    statfses: 1,
  });
  assert(opens >= 5 && getattrs >= 17); // what commands look at before they do anything
  assert(rows.some(({ fs }) => fs !== "ext4"), "they are loaded from another file system");
});

kernelTest("--rows limits rows, and --top wants a terminal", { needs }, async () => {
  using disk = ext4();
  const args = ["-P", "--rows", "1", "--ppid", String(Deno.pid), "--comm", "files", "600"];
  await using tool = startTool("vfsstat", args);
  await tool.until("\n");
  for (let time = 0; time < 3; time++) await runFiles(disk.path, "make");
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^TIME [^\n]+\n\d\d:\d\d:\d\d: +\d+ +files [^\n]+\n$/);
  const { stderr, code } = await runTool("vfsstat", ["--top"]);
  assertEquals(code, 64);
  assertMatch(stderr, /terminal/);
});

kernelTest("rates are of the time that has passed", { needs }, async () => {
  using disk = ext4();
  await runFiles(disk.path, "make");
  const fields = ["--fields", "reads,interval_ns,reads_rate"];
  const args = ["--ppid", String(Deno.pid), "--comm", "files", ...fields, "600"];
  await using tool = startTool("vfsstat", args);
  await tool.until("\n");
  await runFiles(disk.path, "read");
  const { stdout } = await tool.stop();
  const [reads, interval, rate] = stdout.trimEnd().split("\n")[1].trim().split(/ +/).map(Number);
  assert(reads >= 41 && interval > 0);
  assert(Math.abs(rate - reads / (interval / 1e9)) <= 0.05 + 1e-6, stdout);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  const { code, stderr } = await runTool("vfsstat", ["--seconds", "0"]);
  assertMatch(stderr, /^vfsstat: Cannot attach vfsstat: .* neither fentry nor kprobes.*\n$/);
  assertEquals(code, 69);
});
