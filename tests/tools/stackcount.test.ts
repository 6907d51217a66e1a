/**
 * stackcount against what a program says of itself: ways.c calls goal() by five ways, as often as their names say,
 * and on each passes a USDT probe and makes a system call.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError, possibleCpus } from "#lib/tool/mod.ts";
import { stackcount, type StackTimes } from "../../tools/stackcount.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { hasFeature, kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { Asked } from "./asked.ts";
import { GETPGID, root, run } from "./funccount_rows.ts";

const ways = `${root}ways`;
const functions = `${root}functions`;
const goal = `${ways}:goal`;

const TIMES = [2, 3, 5, 7, 11];

type Options = NonNullable<Parameters<typeof stackcount>[0]>;

/** The rows of a trace that lasts while something is done, the rarest first, and what was lost. */
async function traced(options: Options, work: () => Promise<unknown>) {
  using trace = stackcount({ ppid: Deno.pid, ...options });
  const all = Array.fromAsync(trace);
  await work();
  trace.stop();
  const rows = (await all).sort((a, b) => a.count - b.count);
  return { rows, losses: trace.losses };
}

/** The same of the process ways, of which nothing may be lost. */
async function waysOf(options: Options, ...args: string[]): Promise<StackTimes[]> {
  await using asked = await Asked.start("ways", ...args);
  const { rows, losses } = await traced(options, () => asked.work());
  assertEquals([losses.map, losses.rows], [0n, 0n]);
  return rows;
}

/** How often each way was taken, the rarest first: what is above main() is the C library's. */
function byWay(rows: readonly StackTimes[], leaf: string): string[] {
  const counts = new Map<string, number>();
  for (const { user, count } of rows) {
    const [innermost, way, ...callers] = user!.slice(user!.indexOf(leaf));
    const name = [innermost, way, ...callers.slice(0, 2)].join(";");
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].sort(([, a], [, b]) => a - b).map(([name, count]) => `${name} ${count}`);
}

const expected = (leaf: string, each = 1) =>
  TIMES.map((times) => `${leaf};way${times};go;main ${times * each}`);

kernelTest(
  "each way to a function is counted, with the caller of its first instruction",
  {},
  async () => {
    const rows = await waysOf({ pattern: goal });
    assertEquals(byWay(rows, "goal"), expected("goal"));
    for (const { user, kernel, func, owner, truncated, pid, comm, cpu } of rows) {
      assertEquals([user![0], kernel, func, owner], ["goal", undefined, "goal", ways]);
      assertEquals([truncated, pid, comm, cpu], [false, undefined, undefined, undefined]);
    }
  },
);

kernelTest("a caller that the kernel finds is there once", {}, async () => {
  // way2() and the others begin with `push %rbp`, by which some kernels know that a function begins.
  const rows = await waysOf({ pattern: `${ways}:way?*` });
  assertEquals(
    rows.map(({ user, count }) => `${user!.slice(0, 3)} ${count}`).sort(),
    TIMES.map((times) => `way${times},go,main 1`).sort(),
  );
});

kernelTest("threads do not disturb each other", {}, async () => {
  const rows = await waysOf({ pattern: goal }, "13");
  const counts = new Map<string, number>();
  for (const { user, count } of rows) {
    counts.set(user![1], (counts.get(user![1]) ?? 0) + count);
  }
  assertEquals(
    [...counts].sort(([, a], [, b]) => a - b),
    TIMES.map((times) => [`way${times}`, 13 * times]),
  );
});

kernelTest("tables between calls lose and double nothing", {}, async () => {
  await using asked = await Asked.start("ways");
  const { rows, losses } = await traced({ pattern: goal, interval: 0.03 }, async () => {
    for (let i = 0; i < 101; i++) await asked.work();
  });
  assertEquals(byWay(rows, "goal"), expected("goal", 101));
  assertEquals([losses.map, losses.rows], [0n, 0n]);
});

kernelTest(
  "stacks of several processes are one by their names, unless -P is given",
  {},
  async () => {
    await using one = await Asked.start("ways");
    await using other = await Asked.start("ways");
    const both = () => Promise.all([one.work(), other.work()]);
    const together = await traced({ pattern: goal }, both);
    assertEquals(byWay(together.rows, "goal"), expected("goal", 2));
    const apart = await traced({ pattern: goal, perpid: true }, both);
    for (const { pid } of [one, other]) {
      const rows = apart.rows.filter((row) => row.pid === pid);
      assertEquals(byWay(rows, "goal"), expected("goal"));
      assert(rows.every(({ comm }) => comm === "ways"));
    }
    const chosen = await traced({ pattern: ":goal", pid: [one.pid], by: ["pid"] }, both);
    assertEquals(byWay(chosen.rows, "goal"), expected("goal"));
    assert(chosen.rows.every(({ pid, comm }) => pid === one.pid && comm === undefined));
  },
);

kernelTest("--by distinguishes threads, CPUs and cgroups", {}, async () => {
  const rows = await waysOf({ pattern: goal, by: ["tid", "cgroup"] }, "5");
  assertEquals(new Set(rows.map(({ tid }) => tid)).size, 5);
  assert(rows.every(({ cgroup_id, pid }) => BigInt(cgroup_id!) > 0n && pid === undefined));
  const cpus = await waysOf({ pattern: goal, by: ["cpu", "comm"] }, "5");
  assertEquals(cpus.reduce((sum, { count }) => sum + count, 0), 5 * 28);
  assert(cpus.every(({ cpu, comm }) => cpu! < possibleCpus() && comm === "ways"));
});

kernelTest("USDT probes are at their places, where a function has its frame", {}, async () => {
  const rows = await waysOf({ pattern: `u:${ways}:ask*` });
  const counts = Object.fromEntries(rows.map(({ user, count }) => [user![1], count]));
  assertEquals(counts, Object.fromEntries(TIMES.map((times) => [`way${times}`, times])));
  assert(rows.every(({ user, func }) => user![0] === "ask" && func === "denobpf:asked"));
});

kernelTest(
  "tracepoints have stacks of the kernel and of the process",
  { needs: ["tracefs"] },
  async () => {
    const options = { pattern: "t:syscalls:sys_enter_getpgid", comm: "ways" };
    // syscall(2) has no frame, so ask() is not found.
    const rows = await waysOf(options);
    assertEquals(rows.map(({ count }) => count), TIMES);
    for (const { user, count } of rows) assert(user!.includes(`way${count}`), `${user}`);
    const user = await waysOf({ ...options, user_stacks_only: true });
    assertEquals(user.map(({ count }) => count), TIMES);
    assert(user.every(({ kernel }) => kernel === undefined));
    const kernel = await waysOf({ ...options, kernel_stacks_only: true });
    assertEquals(kernel.map(({ count, user }) => [count, user]), [[28, undefined]]);
    const execs = await traced(
      { pattern: "t:sched:sched_process_exec", comm: "call", kernel_stacks_only: true },
      () => run("call", 1, 2, 3),
    );
    assertEquals(execs.rows.map(({ count }) => count), [1]);
    assert(execs.rows[0].kernel!.some((name) => /execve/.test(name)), `${execs.rows[0].kernel}`);
  },
);

kernelTest("a hook that stacks do not name is shown if it is one of several", {
  needs: ["tracefs"],
}, async () => {
  await using asked = await Asked.start("ways");
  const one = "t:syscalls:sys_enter_getpgid";
  for (
    const [pattern, first] of [[one, "  syscall"], [
      "t:syscalls:sys_enter_getpg*",
      "  syscalls:sys_enter_getpgid",
    ]]
  ) {
    const { stdout, code } = await runTool("stackcount", ["-U", "-p", `${asked.pid}`, pattern], {
      workload: () => asked.work(),
      until: "Tracing",
    });
    assertEquals([code, stdout.split("\n")[1]], [0, first]);
  }
});

kernelTest("without cookies there may be 16 tracepoints", { needs: ["tracefs"] }, async () => {
  const options = { pattern: "t:sched:*", comm: "call" };
  if (!hasFeature("attach_cookie")) {
    const error = assertThrows(
      () => stackcount(options),
      ExitError,
      "no cookies, which Linux 5.15",
    );
    return assertEquals(error.exitCode, 69);
  }
  const { rows } = await traced(options, () => run("call", 1, 2, 3));
  assert(rows.some(({ func, count }) => func === "sched:sched_process_exit" && count === 1));
});

kernelTest("-r, -x and --max choose functions", {}, async () => {
  const all = () => run("functions");
  const some = await traced({ regexp: true, pattern: `${functions}:f[1-3]$` }, all);
  const shown = (rows: readonly StackTimes[]) =>
    rows.map(({ func, count }) => `${func} ${count}`).sort();
  assertEquals(shown(some.rows).slice(0, 2), ["f1 3", "f2 5"]);
  const left = await traced({ except: ["f3*", "f6"], pattern: `${functions}:f?`, max: 5 }, all);
  assertEquals(shown(left.rows), ["f1 3", "f2 5", "f4 11", "f5 13"]);
  const error = assertThrows(() => stackcount({ pattern: `${functions}:f?`, max: 3 }), ExitError);
  assertMatch(error.message, /There are 7 to trace, more than 3/);
});

kernelTest("-c counts on one CPU, --cgroup and --uid what is theirs", {}, async () => {
  const pinned = () => new Deno.Command("taskset", { args: ["-c", "0", functions] }).output();
  const options = { pattern: `${functions}:f1` };
  const counts = ({ rows }: { rows: readonly StackTimes[] }) => rows.map(({ count }) => count);
  assertEquals(counts(await traced({ ...options, cpu: 0 }, pinned)), [3]);
  assertEquals(counts(await traced({ ...options, cpu: 1009 }, pinned)), []);
  assertEquals(counts(await traced({ ...options, uid: 65534 }, pinned)), []);
  await using cgroup = new Cgroup();
  const inside = await traced({ ...options, cgroup: cgroup.path, ppid: undefined }, async () => {
    await run("functions");
    const [program, ...args] = cgroup.command(functions);
    await new Deno.Command(program, { args }).output();
  });
  assertEquals(counts(inside), [3]);
});

kernelTest("--perf-max-stack-depth takes this many frames, the caller among them", {}, async () => {
  const rows = await waysOf({ pattern: goal, perf_max_stack_depth: 2 });
  assertEquals(
    rows.map(({ user, count, truncated }) => [user, count, truncated]),
    TIMES.map((times) => [["goal", `way${times}`], times, true]),
  );
  const one = await waysOf({ pattern: goal, perf_max_stack_depth: 1 });
  assertEquals(one.map(({ user, count }) => [user, count]), [[["goal"], 28]]);
});

kernelTest("the function has its name, also in a process that has ended", {}, async () => {
  const { rows } = await traced(
    { pattern: `${functions}:f[1-3]$`, regexp: true },
    () => run("functions"),
  );
  const counts = new Map<string, number>();
  for (const { user, count } of rows) counts.set(user![0], (counts.get(user![0]) ?? 0) + count);
  assertEquals([...counts].sort(), [["f1", 3], ["f2", 5], ["f3", 7]]);
});

kernelTest("stacks without room are reported, and counted without their names", {}, async () => {
  await using asked = await Asked.start("ways");
  const { rows, losses } = await traced(
    { pattern: goal, stack_storage_size: 2 },
    () => asked.work(),
  );
  assertEquals(losses.map, BigInt(5 + 7 + 11));
  const missed = rows.filter(({ user }) => user![0] === "[Missed User Stack]");
  assertEquals(missed.map(({ count }) => count), [5 + 7 + 11]);
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 28);
});

kernelTest(
  "the most frequent stack is the last one, as the Python tool shows them",
  {},
  async () => {
    await using asked = await Asked.start("ways");
    const start = async (...args: string[]) => {
      await using tool = startTool("stackcount", ["-p", `${asked.pid}`, ...args]);
      await tool.until("Hit Ctrl-C to end.\n");
      await asked.work();
      return await tool.stop();
    };
    const plain = await start(goal);
    assertEquals([plain.code, plain.stderr], [0, ""]);
    const [title, ...lines] = plain.stdout.split("\n");
    assertEquals(title, `Tracing 1 functions for "${goal}"... Hit Ctrl-C to end.`);
    assertEquals(lines.slice(0, 4), ["  goal", "  way2", "  go", "  main"]);
    assertMatch(plain.stdout, / {4}2\n\n {2}goal\n {2}way3\n[^]* {4}11\n+$/);
    const first = await start("-Ps", "--rows", "1", "-T", goal);
    assertMatch(
      first.stdout,
      /\n\d\d:\d\d:\d\d\n {2}goal\+0x0\n {2}way11\+0x[\da-f]+\n[^]* {4}ways \[\d+\]\n {4}11\n+$/,
    );
  },
);

kernelTest("folded stacks begin with the outermost function", { needs: ["tracefs"] }, async () => {
  await using asked = await Asked.start("ways");
  const args = ["-fd", "-i", "0.1", "--by", "comm", "-p", `${asked.pid}`];
  await using tool = startTool("stackcount", [...args, "t:sched:sched_switch"]);
  while (!tool.stdout.includes("\n")) await asked.work();
  const { stdout, code } = await tool.stop();
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines) assertMatch(line, /^ways;[^;].*;-;.+ \d+$/);
  assert(lines.some((line) => /;(__)?read;-;.*read.*schedule \d+$/.test(line)), stdout);
});

kernelTest("-D ends a trace", {}, async () => {
  const { code, stdout } = await runTool("stackcount", ["-D", "0", `${functions}:never`]);
  assertEquals([code, stdout], [
    0,
    `Tracing 1 functions for "${functions}:never"... Hit Ctrl-C to end.\n`,
  ]);
});

kernelTest("-d marks where the kernel's part ends", { needs: ["tracefs"] }, async () => {
  await using asked = await Asked.start("ways");
  const args = ["-d", "-p", `${asked.pid}`, "-i", "1000", "t:sched:sched_switch"];
  const options = { workload: () => asked.work(), until: "Tracing" };
  const { stdout } = await runTool("stackcount", args, options);
  assertMatch(stdout, /schedule\n( {2}.*\n)* {2}--\n {2}(__)?read\n/);
});

kernelTest("what cannot be counted is an error", {}, async () => {
  for (
    const [options, message] of [
      [{ pattern: goal, kernel_stacks_only: true }, /processes are not in the kernel at functions/],
      [
        { pattern: "t:sched:sched_switch", kernel_stacks_only: true, user_stacks_only: true },
        /-U and -K exclude each other/,
      ],
      [{ pattern: `${functions}:x*` }, /No function of ".*functions" matches/],
      [{ pattern: `${functions}:f?`, except: ["f*"] }, /Nothing is left of/],
    ] as const
  ) {
    const error = assertThrows(() => stackcount(options), ExitError);
    assertEquals(error.exitCode, 64);
    assertMatch(error.message, message);
  }
  const { code, stderr } = await runTool("stackcount", ["--by", "kstack", "--max", "3", "c:f"]);
  assertEquals([code, stderr], [
    64,
    'stackcount: --by: "kstack" is not one of pid, tid, comm, cpu, cgroup\n',
  ]);
});

kernelTest("stacks at functions of the kernel begin with them", { needs: ["kprobe"] }, async () => {
  for (const pattern of [GETPGID, GETPGID.replace("getpgid", "getpgi*")]) {
    const rows = await waysOf({ pattern, comm: "ways" });
    assertEquals(rows.map(({ count }) => count), TIMES);
    for (const { kernel, user, count, func } of rows) {
      assertEquals([kernel![0], func], [GETPGID, GETPGID]);
      assert(user!.includes(`way${count}`), `${user}`);
      assert(kernel!.includes("do_syscall_64") || Deno.build.arch !== "x86_64", `${kernel}`);
    }
  }
  const rows = await waysOf({
    pattern: GETPGID,
    comm: "ways",
    kernel_stacks_only: true,
    offset: true,
  });
  assertEquals(rows.map(({ count }) => count), [28]);
  assert(rows[0].kernel![0].startsWith(`${GETPGID}+0x`));
});

kernelTest("without kprobes a function of the kernel ends with 69, in one line", {}, async () => {
  if (hasFeature("kprobe")) return;
  const { code, stdout, stderr } = await runTool("stackcount", ["vfs_read"]);
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [69, "", 1]);
});
