import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { NATIVE_ABI, syscallNumbers } from "#lib/sys/syscalls.ts";
import { type SyscallCount, syscount } from "../../tools/syscount.ts";
import {
  delay,
  fewerIfSlow,
  hasFeature,
  kernelTest,
  type Output,
  runTool,
  startCommand,
  startTool,
} from "../kernel/harness.ts";

const workload = new URL("../../build/tests/syscalls", import.meta.url).pathname;

/** A row as `-o json` prints it; the members that tests look at. */
interface Row {
  time: string;
  pid: number | null;
  comm: string | null;
  syscall: string | null;
  abi: string | null;
  error: string | null;
  count: number;
  total_ns: number | null;
  avg_ns: number | null;
  min_ns: number | null;
  max_ns: number | null;
  running: number | null;
  histogram: number[] | null;
}

function parse({ stdout, stderr, code }: Output): Row[] {
  assertEquals([stderr, code], ["", 0]);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** What syscount counts of kinds of tests/workloads/syscalls.c, which it runs itself. */
async function rowsOf(kinds: string[], ...options: string[]): Promise<Row[]> {
  const args = ["-o", "json", ...options, "--", workload, ...kinds];
  return parse(await runTool("syscount", args, { timeoutMs: 60_000 }));
}

/**
 * {@link rowsOf}, and how many calls of the whole host syscount says it was not shown: from Linux 7.0 on
 * reading the maps of -P keeps its program from being shown some. Before that there are none.
 */
async function lossyRowsOf(
  kinds: string[],
  ...options: string[]
): Promise<{ rows: Row[]; lost: number }> {
  const args = ["-o", "json", ...options, "--", workload, ...kinds];
  const output = await runTool("syscount", args, { timeoutMs: 60_000 });
  const told = hasFeature("preemptible_tracepoints")
    ? /^syscount: lost (\d+) events in all \(not shown to a busy program\)$/m.exec(output.stderr)
    : null;
  const rows = parse(told === null ? output : { ...output, stderr: "" });
  return { rows, lost: Number(told?.[1] ?? 0) };
}

/** What is missing has been told. */
function assertMissing(missing: number, lost: number): void {
  assert(missing >= 0 && missing <= lost, `${missing} are missing, and ${lost} reported as lost`);
}

/** All calls of one name, in all rows. */
function count(rows: Row[], syscall: string): number {
  return rows.filter((row) => row.syscall === syscall)
    .reduce((sum, row) => sum + row.count, 0);
}

/** A workload that waits for a line, until it is asked to go on. */
class Waiting implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;

  constructor(...kinds: string[]) {
    this.child = new Deno.Command(workload, { args: kinds, stdin: "piped", stdout: "piped" })
      .spawn();
    this.#stdin = this.child.stdin.getWriter();
    this.#stdout = this.child.stdout.getReader();
  }

  async read(): Promise<string> {
    const { value } = await this.#stdout.read();
    return new TextDecoder().decode(value).trimEnd();
  }

  async go(): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#stdin.close().catch(() => {});
    await this.#stdout.cancel();
    await this.child.status;
  }
}

/** Starts syscount and lets a workload run that waits first; gives the tool's whole output. */
async function whileTracing(kinds: string[], options: (pid: number) => string[]): Promise<Output> {
  await using waiting = new Waiting("wait", ...kinds);
  await using tool = startTool("syscount", options(waiting.child.pid));
  await tool.until("Ctrl+C to quit.\n");
  await waiting.go();
  await waiting.child.status;
  return await tool.stop();
}

/** The rows of the only table in an output, in words. */
function table({ stdout, stderr, code }: Output): string[][] {
  assertEquals([stderr, code], ["", 0]);
  const lines = stdout.split("\n");
  assertMatch(lines[1], /^\[\d\d:\d\d:\d\d\]$/);
  assertEquals(lines.slice(-2), ["", ""]);
  return lines.slice(3, -2).map((line) => line.trim().split(/ +/));
}

kernelTest("every call of a command is counted, exactly", {}, async () => {
  const rows = await rowsOf(["count"]);
  assertEquals([count(rows, "getppid"), count(rows, "getuid")], [1013, 499]);
  assertEquals([count(rows, "execve"), count(rows, "exit_group")], [1, 1]);
  assert(rows.every((row) => row.abi !== "i386" && row.total_ns === null && row.pid === null));
});

kernelTest("nothing is lost or counted twice between two tables", {}, async () => {
  for (const options of [[], ["-L"], ["-P", "-S"], ["-P", "-S", "-L"]]) {
    let tables = 0;
    // As many calls as it takes here until there are several tables.
    for (let calls = 300_007; tables <= 2; calls *= 2) {
      const { rows, lost } = await lossyRowsOf([`many=${calls}`], "-i", "0.02", ...options);
      assertMissing(calls - count(rows, "getppid"), lost);
      tables = new Set(rows.map((row) => row.time)).size;
    }
  }
});

kernelTest("30,000 threads leave nothing uncounted", {}, async () => {
  const threads = fewerIfSlow(30_000, 3001);
  for (const options of [[], ["-L"], ["-P", "-S"]]) {
    const { rows, lost } = await lossyRowsOf([`threads=${threads}`], ...options);
    for (const name of ["getppid", "exit"]) assertMissing(threads - count(rows, name), lost);
  }
});

kernelTest("exit and exit_group are counted, with times as well", {}, async () => {
  for (const options of [[], ["-L"]]) {
    const rows = await rowsOf(["group"], ...options);
    // The workload itself is the sixth process that ends.
    assertEquals([count(rows, "exit"), count(rows, "exit_group")], [35, 6]);
    assertEquals(count(rows, "getppid"), 35);
  }
});

kernelTest("calls of 32-bit programs are named by their own table", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const rows = await rowsOf(["compat"]);
  const compat = rows.filter((row) => row.abi === "i386").map((row) => [row.syscall, row.count]);
  assertEquals(compat, [["getppid", 401], ["getpid", 307]]);
  assertEquals(count(rows, "writev") + count(rows, "semget"), 0);
  const { stdout } = await runTool("syscount", ["--", workload, "compat"]);
  assertMatch(stdout, /^getppid\[i386\] +401$/m);
});

kernelTest("a number that there is not is shown as it is", {}, async () => {
  assertEquals(count(await rowsOf(["unknown"]), "[unknown: 9999]"), 17);
});

kernelTest("numbers that no 64-bit program has are not taken for x32's", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const odd = (await rowsOf(["odd"])).filter((row) => row.count === 19);
  assertEquals(odd.map((row) => [row.syscall, row.abi]).sort(), [
    ["[unknown: -1]", "x86_64"],
    ["[unknown: 512]", "x86_64"],
    ["[unknown: 547]", "x86_64"],
    ["getpid", "x32"],
  ]);
});

kernelTest("made-up numbers share a row, so that no other call is lost", {}, async () => {
  for (const options of [[], ["-P", "-S"]]) {
    const { rows, lost } = await lossyRowsOf(["flood"], ...options);
    const unknown = rows.filter((row) => row.syscall!.startsWith("[unknown"));
    assertMissing(10_007 - unknown.reduce((sum, row) => sum + row.count, 0), lost);
    assert(unknown.length <= 65, `${unknown.length} rows`);
    assertMissing(10_007 - 64 - count(rows, "[unknown]"), lost);
    assertMissing(499 - count(rows, "getuid"), lost);
  }
});

kernelTest("a call that is still blocked is counted, with the time so far", {}, async () => {
  await using waiting = new Waiting("wait", "block", "wait");
  const { pid } = waiting.child;
  await using tool = startTool("syscount", ["-L", "-p", `${pid}`]);
  await tool.until("Ctrl+C to quit.\n");
  const before = performance.now();
  await waiting.go();
  while (!blocksInPause(pid)) await delay(1);
  const blocked = performance.now();
  await delay(200);
  const least = performance.now() - blocked;
  const rows = table(await tool.stop());
  const row = rows.find(([name]) => name === "pause")!;
  assertEquals(row[1], "1");
  const milliseconds = Number(row[2]) / 1000;
  const most = performance.now() - before;
  assert(milliseconds >= least && milliseconds <= most, `${least}, ${milliseconds}, ${most} ms`);
});

/** Whether a thread of the process is in pause(2) at this moment: man 5 proc, /proc/PID/syscall. */
function blocksInPause(pid: number): boolean {
  const [pause] = syscallNumbers(NATIVE_ABI, "pause");
  return [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/syscall`).startsWith(`${pause} `)
  );
}

kernelTest("over several tables a blocked call counts once, and its time adds up", {}, async () => {
  await using waiting = new Waiting("wait", "block", "wait");
  const args = ["-L", "-p", `${waiting.child.pid}`, "--syscall", "pause", "-o", "csv"];
  await using tool = startTool("syscount", [...args, "-i", "0.1"]);
  await tool.until("time,pid");
  const before = Date.now() * 1e6;
  await waiting.go();
  await tool.until((stdout) => stdout.split("\n").length > 7);
  const { stdout } = await tool.stop();
  const [header, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(","));
  const column = (name: string) => rows.map((row) => Number(row[header.indexOf(name)]));
  assertEquals(column("count").reduce((a, b) => a + b), 1);
  assert(column("running").every((running) => running === 1));
  const total = column("total_ns").reduce((a, b) => a + b);
  const times = rows.map((row) => Date.parse(row[header.indexOf("time")]) * 1e6);
  // The counters are taken at some moment between the times of two tables, before which CSV has milliseconds.
  const MS = 1e6;
  const last = times.at(-1)!;
  assert(total <= last - before + MS, stdout);
  assert(total - column("total_ns")[0] >= times.at(-2)! - times[0] - MS, stdout);
  column("total_ns").slice(2).forEach((ns, at) => {
    assert(ns > 0 && ns <= times[at + 2] - times[at] + MS, stdout);
  });
});

kernelTest("-L measures, and --stats shows average, shortest and longest", {}, async () => {
  const rows = await rowsOf(["sleep"], "--stats");
  const sleep = rows.find((row) => row.syscall === "nanosleep")!;
  assertEquals([sleep.count, sleep.running], [11, 0]);
  assert(sleep.min_ns! >= 10e6 && sleep.max_ns! >= sleep.min_ns!);
  assert(sleep.avg_ns! >= sleep.min_ns! && sleep.avg_ns! <= sleep.max_ns!);
  assert(Math.abs(sleep.total_ns! - 11 * sleep.avg_ns!) <= 11);
  assertEquals(rows[0].total_ns, Math.max(...rows.map((row) => row.total_ns!)));
  const { stdout } = await runTool("syscount", ["--stats", "-m", "--", workload, "sleep"]);
  assertStringIncludes(stdout, "TIME (ms)     AVG (ms)     MIN (ms)     MAX (ms)\n");
  const [, , , average] = /^nanosleep.*$/m.exec(stdout)![0].split(/ +/);
  assert(Number(average) >= 10 && Number(average) < 1000);
});

kernelTest("--histogram has every call in the bucket of its duration", {}, async () => {
  const rows = await rowsOf(["sleep"], "--histogram");
  const { histogram, count } = rows.find((row) => row.syscall === "nanosleep")!;
  assertEquals(histogram!.reduce((a, b) => a + b), count);
  assertEquals(histogram!.slice(0, 23).every((count) => count === 0), true); // 2^23 ns: 8.4 ms
  const { stdout } = await runTool("syscount", ["--histogram", "--", workload, "sleep"]);
  assertMatch(stdout, /\n\nnanosleep\n {5}nsecs +: count {4}distribution\n( +\d+ -> \d+ +: \d+)/);
});

kernelTest("-x, -e and --errors count calls that fail", {}, async () => {
  const failed = (rows: Row[]) =>
    rows.filter((row) => ["close", "openat"].includes(row.syscall!))
      .map((row) => [row.syscall, row.error, row.count]);
  assertEquals(failed(await rowsOf(["errors"], "-x")), [
    ["close", null, 211],
    ["openat", null, 101],
  ]);
  for (const errno of ["ENOENT", "enoent", "2"]) {
    assertEquals(failed(await rowsOf(["errors"], "-e", errno)), [["openat", null, 101]]);
  }
  assertEquals(failed(await rowsOf(["errors"], "--errors")), [
    ["close", "EBADF", 211],
    ["openat", "ENOENT", 101],
  ]);
  const timed = (await rowsOf(["errors"], "-x", "-L")).find((row) => row.syscall === "close")!;
  assertEquals(timed.count, 211);
  assert(timed.total_ns! > 0 && timed.avg_ns! * 211 <= timed.total_ns!);
  const { stdout } = await runTool("syscount", ["--errors", "--", workload, "errors"]);
  assertMatch(stdout, /^SYSCALL +ERROR +COUNT\nclose +EBADF +211\n/m);
});

kernelTest("-P counts by process, and -S by system call as well", {}, async () => {
  const byProcess = await rowsOf(["processes", "shell"], "-P");
  assert(byProcess.every((row) => row.syscall === null));
  assertEquals(byProcess.map((row) => row.comm).sort(), [
    ...Array(4).fill("syscalls"),
    "true",
  ]);
  const rows = await rowsOf(["processes"], "-P", "-S");
  const getppid = rows.filter((row) => row.syscall === "getppid");
  assertEquals(getppid.map((row) => row.count), [107, 103, 101]);
  assertEquals(new Set(getppid.map((row) => row.pid)).size, 3);
});

kernelTest("a process's row has the name of its first thread, after its exec", {}, async () => {
  const { stdout } = await runTool("syscount", ["-P", "--", "sh", "-c", "/bin/true; :"]);
  assertMatch(stdout, /^PID {4}COMM {15}COUNT\n/m);
  assertMatch(stdout, /^\d+ +sh +\d+$/m);
  assertMatch(stdout, /^\d+ +true +\d+$/m);
});

kernelTest("-p, --ppid and -t choose whose calls are counted", {}, async () => {
  const one = table(await whileTracing(["count"], (pid) => ["-p", `${pid}`, "-p", "1"]));
  assertEquals(one.find(([name]) => name === "getppid"), ["getppid", "1013"]);
  const children = table(await whileTracing(["processes"], (pid) => ["--ppid", `${pid}`]));
  assertEquals(children.find(([name]) => name === "getppid"), ["getppid", "311"]);

  await using waiting = new Waiting("tid");
  const tid = await waiting.read();
  await using tool = startTool("syscount", ["-t", tid]);
  await tool.until("Ctrl+C to quit.\n");
  await waiting.go();
  await waiting.child.status;
  const thread = table(await tool.stop());
  assertEquals(thread.find(([name]) => name === "getppid"), ["getppid", "601"]);
});

kernelTest("-c counts the calls of a cgroup", {}, async () => {
  const cgroup = `${cgroupMount()}/denobpf-syscount-${Deno.pid}`;
  Deno.mkdirSync(cgroup);
  try {
    const output = await whileTracing(["count"], (pid) => {
      Deno.writeTextFileSync(`${cgroup}/cgroup.procs`, `${pid}`);
      return ["-c", cgroup];
    });
    assertEquals(table(output).find(([name]) => name === "getppid"), ["getppid", "1013"]);
    const none = await runTool("syscount", ["-c", cgroup, "-d", "0.2"]);
    assertEquals(none.stdout, "Tracing syscalls, printing top 10... Ctrl+C to quit.\n");
  } finally {
    Deno.removeSync(cgroup);
  }
});

kernelTest(
  "a command is followed inside a pid namespace too",
  { needs: ["pid_namespace"] },
  async () => {
    const tool = `${Deno.execPath()} run --cached-only --allow-ffi --allow-read tools/syscount.ts`;
    const { stdout } = await startCommand(
      ["unshare", "-pf", "--mount-proc", ...tool.split(" "), "--", workload, "count", "processes"],
    ).finish();
    assertMatch(stdout, /^getppid {20}1324$/m);
  },
);

kernelTest("--syscall counts the named calls alone, 32-bit ones as well", {}, async () => {
  const rows = await rowsOf(["count", "compat"], "--syscall", "getuid,getppid");
  assertEquals(rows.map((row) => [row.syscall, row.count]), [
    ["getppid", 1013],
    ["getuid", 499],
    ...(Deno.build.arch === "x86_64" ? [["getppid", 401]] : []),
  ]);
});

kernelTest("-T limits the rows; so do --rows N and, as with the C tool, --top N", {}, async () => {
  for (const option of [["-T", "3"], ["--rows=3"], ["--top", "3"], ["--top=3"]]) {
    const output = await runTool("syscount", [...option, "--", workload, "count"]);
    assertStringIncludes(output.stdout, "Tracing syscalls, printing top 3... Ctrl+C to quit.\n");
    assertEquals(table(output).length, 3);
  }
});

kernelTest("-i and -d print this many tables, and a signal the last one", {}, async () => {
  const tables = (stdout: string) => stdout.match(/^\[\d\d:\d\d:\d\d\]$/gm)!.length;
  const { stdout } = await runTool("syscount", ["-i", "0.2", "-d", "1"]);
  assertEquals(tables(stdout), 5);
  assertEquals(tables((await runTool("syscount", ["-d", "0.3"])).stdout), 1);
  assertEquals(tables((await runTool("syscount", ["--events", "2", "-i", "0.1"])).stdout), 2);
  const stopped = await runTool("syscount", [], { until: "Ctrl+C to quit.\n", signal: "SIGTERM" });
  assertEquals([tables(stopped.stdout), stopped.code], [1, 0]);
});

kernelTest("--sort orders the rows", {}, async () => {
  const names = (await rowsOf(["count"], "--sort", "syscall")).map((row) => row.syscall!);
  assertEquals(names, names.toSorted());
});

kernelTest(
  "a command's exit code is the tool's, and so is the signal that ends it",
  {},
  async () => {
    const run = async (...command: string[]) =>
      (await runTool("syscount", ["--", ...command])).code;
    assertEquals(await run("sh", "-c", "exit 37"), 37);
    assertEquals(await run("sh", "-c", "kill -9 $$"), 137);
    // The tool ignores these two, its command does not.
    assertEquals(await run("sh", "-c", "kill -USR1 $$"), 138);
    assertEquals(await run("sh", "-c", "kill -PIPE $$"), 141);
    assertEquals(await run("true"), 0);
    // As shells and env(1) have it.
    for (
      const [command, expected, why] of [
        ["/no/such/command", 127, "No such file or directory (ENOENT)"],
        ["/tmp", 126, "Permission denied (EACCES)"],
      ]
    ) {
      const { code, stderr } = await runTool("syscount", ["--", String(command)]);
      assertEquals([code, stderr], [expected, `syscount: Cannot run ${command}: ${why}\n`]);
    }
  },
);

kernelTest("a signal is passed on to the command, whose end is waited for", {}, async () => {
  const script = "trap 'echo trapped; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
  const { stdout, code } = await runTool("syscount", ["-P", "--", "sh", "-c", script], {
    until: "ready\n",
    signal: "SIGTERM",
  });
  assertStringIncludes(stdout, "trapped\n");
  assertMatch(stdout, /^\d+ +sh +\d+$/m);
  assertEquals(code, 5);
});

kernelTest("wrong options end with 64 and one line", {}, async () => {
  for (
    const [args, message] of [
      [["-e", "ENONE"], '--errno: "ENONE" is no errno; a number or a name such as ENOENT'],
      [["--syscall", "read,wirte"], '--syscall: "wirte" is no system call'],
      [["-c", "/no/such/cgroup"], '--cgroup: "/no/such/cgroup" is not a cgroup'],
      [["--sort", "cuont"], "--sort: there is no field"],
      [["--top"], "a live screen needs a terminal"],
    ] as const
  ) {
    const { code, stdout, stderr } = await runTool("syscount", args);
    assertEquals([code, stdout], [64, ""]);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});

kernelTest("-l lists the system calls as the C tool does", {}, async () => {
  const { stdout, code } = await runTool("syscount", ["-l"]);
  assertMatch(stdout, /^ {2}0: \w+\n {2}1: \w+\n/);
  assertMatch(stdout, /^435: clone3$/m);
  assertEquals(code, 0);
});

kernelTest("as a module it gives typed tables", {}, async () => {
  await using waiting = new Waiting("wait", "count");
  const { pid } = waiting.child;
  const tables: (readonly SyscallCount[])[] = [];
  {
    using trace = syscount({ pid: [pid], interval: 0.2, latency: true });
    await waiting.go();
    for await (const table of trace.batches()) {
      tables.push(table);
      if (tables.length === 3) trace.stop();
    }
    assertEquals(trace.lost, 0n);
  }
  assertEquals(tables.length, 4);
  const getppid = tables.flat().filter((row) => row.syscall === "getppid");
  assertEquals(getppid.reduce((sum, row) => sum + row.count, 0), 1013);
  assert(getppid[0].total_ns! > 0n && getppid[0].time > 1_600_000_000_000_000_000n);
});

kernelTest("an AbortSignal ends a trace", {}, async () => {
  using trace = syscount({ signal: AbortSignal.timeout(200) });
  let tables = 0;
  for await (const table of trace.batches()) tables += table.length > 0 ? 1 : 0;
  assertEquals(tables, 1);
});
