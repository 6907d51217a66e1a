import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Stat, statsnoop } from "../../tools/statsnoop.ts";
import { blockedIn, READ } from "./asked.ts";
import { kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { straced } from "./straced.ts";

const workload = new URL("../../build/tests/stats", import.meta.url).pathname;
const isX86 = Deno.build.arch === "x86_64";

type Options = NonNullable<Parameters<typeof statsnoop>[0]>;

/** What the tool shows while these kinds of tests/workloads/stats.c run in a folder of their own. */
async function statsOf(options: Options, ...kinds: string[]) {
  const folder = Deno.makeTempDirSync();
  const child = new Deno.Command(workload, { args: kinds, cwd: folder, stdin: "piped" }).spawn();
  await blockedIn(child.pid, READ);
  using trace = statsnoop({ pid: [child.pid], ...options });
  await child.stdin.close();
  assert((await child.status).success);
  trace.stop();
  const stats: Stat[] = [];
  for await (const stat of trace) stats.push(stat);
  const { ring = 0n, map } = trace.losses;
  assertEquals(map ?? 0n, 0n);
  Deno.removeSync(folder, { recursive: true });
  return { stats, pid: child.pid, folder, lost: Number(ring) };
}

const whole = ({ syscall, full_path, error }: Stat) => [syscall, full_path, error];

const KINDS = ["stat", "lstat", "fstat", "dirfd", "empty", "cwd", "statx", "statfs", "closed"];

kernelTest("each call is shown with what it is about, exactly", {}, async () => {
  const { stats, pid, folder } = await statsOf({}, ...KINDS);
  assertEquals(counted(stats, whole), {
    ...isX86 && { "stat /etc/hostname -": 23, [`lstat ${folder}/link ENOENT`]: 19 },
    [`fstat ${folder}/file -`]: 7,
    "newfstatat /etc/hostname -": 5 + 3,
    [`newfstatat ${folder} -`]: 2,
    [`statx ${folder}/file -`]: 11,
    "statfs /etc -": 13,
    "fstatfs /etc -": 17,
    "fstat - EBADF": 1,
    "newfstatat - EBADF": 2,
  });
  for (const stat of stats) {
    assertEquals([stat.pid, stat.tid, stat.uid, stat.comm], [pid, pid, 0, "stats"]);
    assertEquals([stat.path_truncated, stat.dev, stat.mnt_id], [false, undefined, undefined]);
  }
});

kernelTest("names and descriptors are shown as they were passed", {}, async () => {
  const { stats } = await statsOf({}, "dirfd", "empty", "statx", "fails", "closed");
  const by = (s: Stat) => [
    s.path === "" ? '""' : s.path,
    s.dirfd === undefined ? "-" : s.dirfd < 0 ? s.dirfd : "folder",
    s.fd,
    (s.flags ?? []).join("|") || "-",
  ];
  assertEquals(counted(stats, by), {
    "hostname folder - -": 5,
    '"" folder - AT_EMPTY_PATH': 3,
    "file - - AT_SYMLINK_NOFOLLOW|AT_STATX_DONT_SYNC": 11,
    "/nonexistent/file - - -": 29,
    "absent folder - AT_SYMLINK_NOFOLLOW": 2,
    "- - - -": 3,
    "- - -1 -": 1,
    "absent -1 - -": 2,
  });
});

kernelTest("devices and mounts are shown where a call is about them", {}, async () => {
  const { stats } = await statsOf({}, "ustat", "mounts");
  assertEquals(counted(stats, ({ syscall, dev, mnt_id }) => [syscall, dev, mnt_id]), {
    ...isX86 && { "ustat 259:300 -": 2 },
    "statmount - 7777": 3,
    "listmount - 7777": 2,
  });
});

kernelTest("calls of 32-bit programs are shown", {}, async () => {
  if (!isX86) return;
  const { stats } = await statsOf({}, "compat");
  assertEquals(counted(stats, whole), {
    "stat64 /etc/hostname -": 13,
    "fstatat64 /etc/hostname -": 7,
    "statfs64 /etc/hostname -": 11,
  });
});

kernelTest("-x shows what fails", {}, async () => {
  const { stats } = await statsOf({ failed: true }, "fails", "dirfd", "closed");
  assertEquals(counted(stats, ({ error, path }) => [error, path]), {
    "ENOENT /nonexistent/file": 29,
    "ENOENT absent": 2,
    "EFAULT -": 3,
    "EBADF -": 1,
    "EBADF absent": 2,
  });
});

kernelTest("--access shows access and readlink as well", {}, async () => {
  assertEquals((await statsOf({}, "access")).stats, []);
  const { stats, pid } = await statsOf({ access: true }, "access", "dirfd");
  assertEquals(counted(stats, whole), {
    ...isX86 && { "access /etc/hostname -": 5, "readlink /proc/self/cwd -": 31 },
    "faccessat /etc/hostname -": 3,
    "faccessat2 /etc/absent ENOENT": 2,
    "readlinkat /proc/self/cwd -": 7,
    [`readlinkat /proc/${pid}/cwd -`]: 3,
    "newfstatat /etc/hostname -": 5,
  });
});

kernelTest("--summary counts by path and error, the most first", {}, async () => {
  const { stats, folder } = await statsOf({ summary: true }, "dirfd", "empty", "fails", "statx");
  assertEquals(stats.map(({ count, error, full_path }) => [count, error, full_path]), [
    [29, "ENOENT", "/nonexistent/file"],
    [11, "ENOENT", `${folder}/file`],
    [8, undefined, "/etc/hostname"],
    [3, "EFAULT", undefined],
    [2, "ENOENT", "/etc/absent"],
  ]);
});

kernelTest("what does not fit the ring is counted", {}, async () => {
  const { stats, lost } = await statsOf({}, "storm");
  assertEquals(stats.length + lost, 20_011);
});

kernelTest("statsnoop counts what strace counts", {}, async () => {
  const kinds = [...KINDS, "fails", "ustat"];
  const { stats } = await statsOf({}, ...kinds);
  const folder = Deno.makeTempDirSync();
  const calls = "%stat,%lstat,%fstat,%statfs,%fstatfs,ustat,read";
  const script = ["sh", "-c", 'cd "$0" && exec "$@" </dev/null', folder];
  const strace = ["strace", "-f", "-qq", "-e", `trace=${calls}`, workload, ...kinds];
  const { stderr } = await startCommand([...script, ...strace]).finish(60_000);
  Deno.removeSync(folder, { recursive: true });
  const theirs: Record<string, number> = {};
  const lines = straced(stderr);
  // What the dynamic loader asks about comes before it waits.
  for (const line of lines.slice(lines.findIndex((line) => line.startsWith("read(0,")) + 1)) {
    const [, name, error = "-"] = /^(\w+)\(.*\) += (?:0|-1 (\w+))/.exec(line)!;
    theirs[`${name} ${error}`] = (theirs[`${name} ${error}`] ?? 0) + 1;
  }
  assertEquals(counted(stats, ({ syscall, error }) => [syscall, error]), theirs);
});

kernelTest("columns are those of the C tool", {}, async () => {
  const { stdout, stderr, code } = await runTool("statsnoop", ["--comm", "stats"], {
    workload: () => new Deno.Command(workload, { args: ["dirfd", "closed"] }).output(),
    until: /(.*EBADF.*\n){3}/,
  });
  assertEquals([stderr, code], ["", 0]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines[0], "PID     COMM                 RET  ERR     PATH");
  const rows = lines.filter((line) => / (\/etc\/hostname|absent|-)$/.test(line));
  assertMatch(rows[0], /^\d+ +stats {16}0 {4}0 {7}\/etc\/hostname$/);
  assertMatch(rows.at(-3)!, /^\d+ +stats {16}-1 {3}EBADF {3}-$/);
  assertMatch(rows.at(-1)!, /^\d+ +stats {16}-1 {3}EBADF {3}absent$/);
});

kernelTest("-t and -s show the time since boot, and the system call", {}, async () => {
  const { stdout } = await runTool("statsnoop", ["-t", "-s", "--comm", "stats"], {
    workload: () => new Deno.Command(workload, { args: ["closed"] }).output(),
    until: /(.*EBADF.*\n){3}/,
  });
  const lines = stdout.trimEnd().split("\n");
  assertEquals(
    lines[0],
    "TIME(s)        PID     COMM                 RET  ERR     SYSCALL    PATH",
  );
  assertMatch(lines.at(-1)!, /^\d+\.\d{6} +\d+ +stats {16}-1 {3}EBADF {3}newfstatat absent$/);
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
  assert(Math.abs(parseFloat(lines.at(-1)!) - uptime) < 600);
});
