import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Fsslower } from "#skel/fsslower.ts";
import { ExitCode, ExitError, ValueError } from "#lib/tool/mod.ts";
import { attachKprobe } from "#lib/mod.ts";
import { type FileCall, fsslower, tool } from "../../tools/fsslower.ts";
import { ext4, runFiles, workload } from "./file_calls.ts";
import { delay, hasFeature, kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { run } from "./loop_device.ts";
import { counted } from "./counted.ts";

type Options = NonNullable<Parameters<typeof fsslower>[0]>;

const BLOCK = 4096n;
const WHOLE = 53n * BLOCK;
const needs = ["fentry"] as const;

/** The calls for the workload's file while `work` runs, and how many were lost. */
async function callsOf(options: Options, work: () => Promise<unknown>) {
  using trace = fsslower({ min: 0, comm: "files", ...options });
  await work();
  trace.stop();
  const calls: FileCall[] = [];
  for await (const call of trace) calls.push(call);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  return { calls: calls.filter(({ name }) => name === "file"), lost: ring + map + missed };
}

const KINDS = [
  "make",
  "sync",
  "append",
  "read",
  "vector",
  "splice",
  "fsync",
  "stat",
  "open",
  "map",
];

/** What these kinds do, on any file system. */
const PLAIN = {
  [`write ${WHOLE} -`]: 1,
  "write 4096 -": 23 + 7,
  "fsync 4096 -": 23,
  "read 4096 -": 41 + 37 + 31,
  "fsync - -": 5 + 1,
  "getattr - -": 17,
  "open - -": KINDS.length + 19,
  "fault - -": 3,
};

const summary = ({ op, bytes, error }: FileCall) => [op, bytes, error];

kernelTest("each call of a file system is shown, exactly", { needs }, async () => {
  using disk = ext4();
  const kinds = [...KINDS, "aio", "uring", "cached", "odd"];
  const { calls, lost } = await callsOf({ type: ["ext4"] }, () => runFiles(disk.path, ...kinds));
  assertEquals(counted(calls, summary), {
    ...PLAIN,
    "read 4096 -": 41 + 37 + 31 + 3 + 13 + 11,
    "read - EINVAL": 2,
    "open - -": kinds.length + 19,
  });
  assertEquals(lost, 0n);
  const { ino } = Deno.statSync(`${disk.path}/file`);
  for (const { fs, path, pid, tid, latency_ns, ...call } of calls) {
    assertEquals([fs, path, call.ino, pid], ["ext4", `${disk.path}/file`, BigInt(ino!), tid]);
    assert(latency_ns > 0n);
  }
});

kernelTest("a call says where in the file, and how the file is open", { needs }, async () => {
  using disk = ext4();
  const kinds = ["make", "append", "read", "aio", "map"];
  const { calls } = await callsOf({ type: ["ext4"], op: ["read", "write", "fault"] }, () => {
    return runFiles(disk.path, ...kinds);
  });
  const [, ...appends] = calls.filter(({ op }) => op === "write");
  assertEquals(
    appends.map(({ offset_bytes, flags }) => [offset_bytes, flags?.includes("O_APPEND")]),
    Array.from({ length: 7 }, (_, i) => [WHOLE + BigInt(i) * BLOCK, true]),
  );
  const isDirect = ({ flags }: FileCall) => flags!.includes("O_DIRECT");
  const reads = calls.filter((call) => call.op === "read" && !isDirect(call));
  assertEquals(
    reads.map(({ offset_bytes, requested_bytes }) => [offset_bytes, requested_bytes]),
    Array.from({ length: 41 }, (_, i) => [BigInt(i + 1) * BLOCK, BLOCK]),
  );
  const aios = calls.filter(isDirect);
  assertEquals(
    aios.map(({ offset_bytes, bytes }) => [offset_bytes, bytes]),
    Array.from({ length: 13 }, (_, i) => [BigInt(i) * BLOCK, BLOCK]),
  );
  // The disk may be faster than the function returns.
  assert(!calls.some((call) => call.async && !isDirect(call)));
  const faults = calls.filter(({ op }) => op === "fault").map(({ offset_bytes }) => offset_bytes);
  assertEquals([...new Set(faults)], [3n * BLOCK, 11n * BLOCK, 19n * BLOCK]);
});

kernelTest("any file system is traced, and one by a path on it", { needs }, async () => {
  using disk = ext4();
  const elsewhere = Deno.makeTempDirSync();
  const [, major, minor] = new RegExp(`^\\d+ \\d+ (\\d+):(\\d+) \\S+ ${disk.path} `, "m")
    .exec(Deno.readTextFileSync("/proc/self/mountinfo"))!;
  const mount = Number(major) << 20 | Number(minor);
  const { calls, lost } = await callsOf({ mount }, async () => {
    await runFiles(elsewhere, "make", "read");
    await runFiles(disk.path, ...KINDS);
  });
  assertEquals(counted(calls, summary), PLAIN);
  assertEquals(lost, 0n);
  assertEquals(new Set(calls.map(({ dev }) => dev)), new Set([`${major}:${minor}`]));
  Deno.removeSync(elsewhere, { recursive: true });
});

kernelTest("pipes are shown on demand", { needs }, async () => {
  using disk = ext4();
  using trace = fsslower({ min: 0, comm: "files", op: ["read"], all_files: true, cgroup: "/" });
  await runFiles(disk.path, "make", "splice");
  trace.stop();
  const pipes: FileCall[] = [];
  for await (const call of trace) if (call.fs === "pipefs") pipes.push(call);
  assertEquals(counted(pipes, ({ op, bytes, offset_bytes }) => [op, bytes, offset_bytes]), {
    "read 4096 -": 31,
  });
});

kernelTest("23 calls that wait at the same time are slow, and no other is", { needs }, async () => {
  using disk = ext4();
  await runFiles(disk.path, "make");
  const { calls, lost } = await callsOf({ min: 100, op: ["write"] }, async () => {
    run("fsfreeze", "--freeze", disk.path);
    const writing = new Deno.Command(workload, { args: ["threads"], cwd: disk.path }).spawn();
    while (waitingThreads(writing.pid) < 23) await delay(20);
    await delay(200);
    run("fsfreeze", "--unfreeze", disk.path);
    await writing.status;
  });
  for (const { latency_ns } of calls) assert(latency_ns > 200_000_000n, `${latency_ns}`);
  assertEquals([calls.length, lost], [23, 0n]);
});

/** How many threads of a process sleep in the kernel and cannot be interrupted: proc_pid_stat(5). */
function waitingThreads(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)]
    .filter(({ name }) => /\) D /.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/stat`)))
    .length;
}

kernelTest("probes say the same where there are no types", { needs: ["kprobe"] }, async () => {
  using disk = ext4();
  const opened = Fsslower.open();
  for (const name of ["kprobe_read", "kretprobe_read", "kprobe_complete"] as const) {
    opened.progs[name].autoload = true;
  }
  using skeleton = opened.load();
  const { kprobe_read, kretprobe_read, kprobe_complete } = skeleton.progs;
  attachKprobe(kprobe_complete, "aio_complete_rw");
  attachKprobe(kretprobe_read, "ext4_file_read_iter", { retprobe: true });
  attachKprobe(kprobe_read, "ext4_file_read_iter");
  await runFiles(disk.path, "make", "read", "vector", "aio");
  const shown: Record<string, number> = {};
  skeleton.maps.events.consume(({ $comm, ret }) => {
    if (String($comm) === "files") shown[`${ret}`] = (shown[`${ret}`] ?? 0) + 1;
  });
  assertEquals(shown, { "4096": 41 + 37 + 13 });
  assertEquals([skeleton.bss.lost, skeleton.bss.lost_map], [0n, 0n]);
});

kernelTest(
  "two file systems at a time, of which one may be a module",
  { needs: ["fentry", "disposable"] },
  async () => {
    using disk = ext4();
    // The root of a machine of tests/vm is an overlay over virtiofs, whose functions are those of fuse.
    using trace = fsslower({ type: ["ext4", "fuse"], min: 0, op: ["read"] });
    await runFiles(disk.path, "make", "read");
    run("dd", `if=${workload}`, "of=/dev/null", "bs=512", "count=23");
    trace.stop();
    const calls: FileCall[] = [];
    for await (const call of trace) calls.push(call);
    const wanted = calls.filter(({ comm, name }) =>
      comm === "files" && name === "file" || comm === "dd" && name === "files"
    );
    assertEquals(counted(wanted, ({ comm, fs, bytes }) => [comm, fs, bytes]), {
      "files ext4 4096": 41,
      "dd virtiofs 512": 23,
    });
  },
);

kernelTest("fsslower counts what strace counts", { needs }, async () => {
  using disk = ext4();
  const kinds = ["make", "sync", "read", "vector", "splice", "fsync"];
  const { calls } = await callsOf({ type: ["ext4"], op: ["read", "write", "fsync"] }, () => {
    return runFiles(disk.path, ...kinds);
  });
  const names = "write,pwrite64,pread64,preadv,splice,fsync";
  const { stderr } = await new Deno.Command("strace", {
    args: ["-P", `${disk.path}/file`, "-e", `trace=${names}`, workload, ...kinds],
    cwd: disk.path,
    stderr: "piped",
  }).output();
  const lines = new TextDecoder().decode(stderr).split("\n");
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  const writes = count(/^p?write/);
  const shown = counted(calls, ({ op }) => [op]);
  assertEquals([shown.read, shown.write], [count(/^(pread|splice)/), writes]);
  // Each write with O_SYNC syncs what it has written.
  assertEquals(shown.fsync, count(/^fsync/) + count(/^pwrite/));
});

kernelTest("the table is the C tool's; other names stand for options", { needs }, async () => {
  using disk = ext4();
  const args = ["-m", "0", "--op", "W,fsync", "--comm", "files"];
  const table = async (command: string[], ...more: string[]) => {
    await using tool = startCommand([Deno.execPath(), "run", "-A", ...command, ...args, ...more]);
    await tool.until("\n");
    await runFiles(disk.path, "make", "append", "fsync");
    await tool.until(/ F (.*\n)+.* F (.*\n)+.* F (.*\n)+.* F (.*\n)+.* F .*\n/);
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([stderr, code], ["", 0]);
    return stdout.trimEnd().split("\n");
  };
  const [header, ...rows] = await table(["tools/denobpf.ts", "ext4slower"], "--duration", "600");
  assertEquals(header, "TIME     COMM             PID     T BYTES   OFF_KB   LAT(ms) FILENAME");
  assertEquals(rows.length, 1 + 7 + 5);
  assertMatch(rows[0], /^\d\d:\d\d:\d\d files {12}\d+ +W 217088 {2}0 +\d+\.\d\d file$/);
  assertMatch(rows[2], /^\d\d:\d\d:\d\d files {12}\d+ +W 4096 {4}216 +\d+\.\d\d file$/);
  assertMatch(rows[12], /^\d\d:\d\d:\d\d files {12}\d+ +F - {7}0 +\d+\.\d\d file$/);
  const whole = await table(["tools/fsslower.ts"], "-t", "any", "-F", "--mount", disk.path, "0");
  assertEquals(whole.length, 1 + 1 + 7 + 5);
  assert(whole[1].endsWith(` ${disk.path}/file`));
});

kernelTest("a file system that is not there is refused", { needs }, () => {
  const error = assertThrows(() => fsslower({ type: ["zfs"], op: ["open"] }), ExitError);
  assertEquals([error.exitCode, error.hint], [
    ExitCode.Unavailable,
    "if it is a module, load it: modprobe zfs",
  ]);
  assertMatch(error.message, /^Cannot attach fsslower: this kernel has no zfs now/);
});

kernelTest("a kernel that lets no function be traced is named in one line", {}, async () => {
  if (hasFeature("fentry") || hasFeature("kprobe")) return;
  for (const args of [["--seconds", "0"], ["-t", "ext4", "--seconds", "0"]]) {
    const { code, stderr } = await runTool("fsslower", args);
    assertMatch(stderr, /^fsslower: Cannot attach fsslower: .* neither fexit nor kprobes.*\n$/);
    assertEquals(code, 69);
  }
});

kernelTest("values that are wrong are refused", {}, () => {
  const { type, op, mount, min } = tool.options;
  const wrong = (value: string, { parse }: { parse: (text: string) => unknown }) =>
    assertThrows(() => parse(value), ValueError).message;
  assertMatch(wrong("ext5", type as never), /"ext5" is not one of any, bcachefs/);
  assertMatch(wrong("X", op as never), /"X" is not one of R, W, O, F, G, P, read/);
  assertMatch(wrong("/nonexistent", mount as never), /"\/nonexistent" cannot be looked at/);
  assertMatch(wrong("-1", min as never), /"-1" is not a number/);
  const types = ["ext4", "xfs", "nfs"] as const;
  const error = assertThrows(() => fsslower({ type: types }), ExitError);
  assertEquals(error.exitCode, ExitCode.Usage);
  assertMatch(error.message, /^ext4, xfs, nfs are too many: 2 file systems/);
});
