/**
 * offcputime against what the kernel itself counts: how often a thread has blocked and was preempted (proc(5),
 * /proc/PID/status), how long it has run and waited for a CPU (/proc/PID/schedstat).
 */
import { assert, assertEquals, assertMatch, assertStringIncludes, fail } from "@std/assert";
import { Offcputime } from "#skel/offcputime.ts";
import {
  loadHooks,
  loadSkeleton,
  mostThreads,
  runIterator,
  switchArguments,
} from "#lib/tool/mod.ts";
import { type OffCpuTime, offcputime } from "../../tools/offcputime.ts";
import {
  delay,
  fewerIfSlow,
  kernelTest,
  patient,
  runExecs,
  runTool,
  startTool,
} from "../kernel/harness.ts";
import { blockedIn, CLOCK_NANOSLEEP, startSleeper } from "./asked.ts";
import { isOfKernel } from "./kernel_thread.ts";
import { LoopDevice } from "./loop_device.ts";
import { tolerance, tookAsLong, TRIES, Turns } from "./turns.ts";

type Options = NonNullable<Parameters<typeof offcputime>[0]>;

const S = "S".charCodeAt(0);
const now = () => performance.now() * 1e6;

/** What is traced while something is done, and how long that was at least and at most, in nanoseconds. */
async function traced<T>(options: Options, work: () => Promise<T>) {
  const begin = now();
  using trace = offcputime(options);
  const begun = now();
  const result = await work();
  const end = now();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  return { rows, result, least: end - begun, most: now() - begin, losses: trace.losses };
}

function sum(rows: readonly OffCpuTime[], name: "count" | "total_ns" | "queued_ns"): number {
  return rows.reduce((total, row) => total + Number(row[name]), 0);
}

/** The time of sleeps that were not put off by another thread. */
const sleeping = (rows: readonly OffCpuTime[]) =>
  rows.filter(({ kernel, state }) => kernel!.includes("hrtimer_nanosleep") && state !== "R");

kernelTest("each sleep is a time off CPU, by the stack of who sleeps", {}, async () => {
  await using sleeper = await startSleeper();
  const { rows, most, losses } = await traced({ pid: [sleeper.pid] }, () => sleeper.work());
  const sleeps = sleeping(rows);
  assertEquals(sum(sleeps, "count"), 23);
  assert(sum(sleeps, "total_ns") >= 23 * 10e6 && sum(sleeps, "total_ns") <= most);
  for (const row of sleeps) {
    assertEquals([row.comm, row.pid, row.tid], ["sleeps", sleeper.pid, sleeper.pid]);
    assert(row.max_ns >= 10e6 && row.max_ns <= row.total_ns && !row.still_off && !row.truncated);
    assert(row.user!.includes("rest") && row.user!.includes("main"), `${row.user}`);
    assertEquals(Number(row.blocked_ns) + Number(row.queued_ns), Number(row.total_ns));
  }
  // It has blocked in read(2) before the trace and once more.
  const reading = rows.filter(({ state, kernel }) => state !== "R" && kernel!.includes("vfs_read"));
  assertEquals(sum(reading, "count"), 2);
  assertEquals(reading.filter(({ still_off }) => still_off).length, 1);
  assert(sum(rows, "total_ns") <= most, "no time is counted twice");
  assertEquals(losses.map, 0n);
});

kernelTest("nothing is lost or counted twice where sets are taken over", {}, async () => {
  await using sleeper = await startSleeper();
  using trace = offcputime({ pid: [sleeper.pid] });
  const read = Array.fromAsync(trace);
  let rounds = 0;
  // Sets are taken over once a second, and at the end.
  for (const begin = now(); now() - begin < 2.2e9; rounds++) await sleeper.work();
  trace.stop();
  const rows = await read;
  assertEquals(sum(sleeping(rows), "count"), 23 * rounds);
  const reading = rows.filter(({ state, kernel }) => state !== "R" && kernel!.includes("vfs_read"));
  assertEquals(sum(reading, "count"), rounds + 1);
  assert(rows.every(({ kernel }) => !kernel!.includes("[Missed Kernel Stack]")));
  assertEquals([trace.losses.map, trace.losses.rows], [0n, 0n]);
});

for (const what of ["wake", "preempt"] as const) {
  kernelTest(`times are those that the kernel itself counts: ${what}`, {}, async () => {
    await using turns = await Turns.start(what);
    const options = { tid: [turns.pid], min_block_time: 0 };
    for (let time = 0; time < TRIES; time++) {
      const { rows, result, least, most } = await traced(options, () => turns.take());
      const preempted = rows.filter(({ state }) => state === "R");
      assertEquals(sum(preempted, "count"), result.preempted);
      const blocked = rows.filter(({ state }) => state !== "R");
      assertEquals(sum(blocked, "count"), result.woken + 1, "it was blocked before");
      assertEquals(rows.filter(({ still_off }) => still_off).length, 1);
      const waits = sum(rows, "count");
      const off = sum(rows, "total_ns") + result.ran_ns;
      const apart = Math.max(least - off, off - most);
      if (
        tookAsLong(waits, sum(rows, "queued_ns"), result) && apart <= tolerance(waits, result)
      ) return;
    }
    fail("they never were");
  });
}

kernelTest("a thread that is blocked all the time is shown with all of it", {}, async () => {
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  await blockedIn(child.pid, CLOCK_NANOSLEEP);
  const { rows, least, most } = await traced({ pid: [child.pid] }, () => delay(patient(50)));
  child.kill();
  await child.status;
  assertEquals(rows.length, 1);
  const [{ comm, state, count, still_off, total_ns, queued_ns, kernel, user }] = rows;
  assertEquals([comm, state, Number(count), still_off, Number(queued_ns)], [
    "sleep",
    "S",
    1,
    true,
    0,
  ]);
  assert(total_ns >= least && total_ns <= most, `${total_ns} ns, not ${least} to ${most}`);
  assert(kernel!.includes("hrtimer_nanosleep"));
  assertEquals(user, ["[Missed User Stack]"], "the kernel reads no other task's");
});

kernelTest("threads that have ended leave no entry behind", {}, async () => {
  const opened = Offcputime.open();
  const no_stacks = { kernel_stacks: false, user_stacks: false };
  Object.assign(opened.rodata, switchArguments(), no_stacks, { targ_ppid: Deno.pid });
  opened.maps.absences.maxEntries = 41;
  loadHooks(opened.progs, { switch: true, wakeup: true });
  opened.progs.seed_absences.autoattach = false;
  using skeleton = loadSkeleton(opened).attach();
  const pids = new Set(await runExecs({ count: fewerIfSlow(211, 53) }));
  // The parent may have been answered before the last switch.
  const left = () => [...skeleton.maps.absences].filter(([tid]) => pids.has(tid));
  while (left().length > 0) await delay(1);
  assertEquals(skeleton.bss.lost_map, 0n);
});

kernelTest(
  "the iterator adds no time of a thread that has moved while it was at work",
  {},
  async () => {
    await using sleeper = await startSleeper();
    const opened = Offcputime.open();
    const no_stacks = { kernel_stacks: false, user_stacks: false };
    Object.assign(opened.rodata, switchArguments(), no_stacks, { targ_by_tid: true });
    opened.maps.absences.maxEntries = mostThreads();
    loadHooks(opened.progs, { switch: true, wakeup: true });
    opened.progs.seed_absences.autoattach = false;
    using skeleton = loadSkeleton(opened);
    skeleton.bss.seeding = true;
    skeleton.attach();
    await sleeper.work(); // as a thread that is not wanted
    skeleton.maps.targ_tids.update(sleeper.pid, true);
    runIterator(skeleton.progs.seed_absences);
    assertEquals(skeleton.maps.absences.lookup(sleeper.pid)?.since, 0n);
    skeleton.bss.seeding = false;
    await sleeper.work();
    const counts = [...skeleton.maps.times].filter(([, { count }]) => count > 0n);
    const sleeps = counts.reduce(
      (sum, [{ place }, { count }]) => place.state === S ? sum + count : sum,
      0n,
    );
    assertEquals(sleeps, 23n, "the wait before them had begun unseen");
    const left = skeleton.maps.absences.lookup(sleeper.pid);
    assert(left!.since > 0n, "it waits for its input");
  },
);

kernelTest("no time is made up, and stacks begin with the scheduler", {}, async () => {
  const { rows, most, losses } = await traced(
    { min_block_time: 0, ppid: Deno.pid },
    () => runExecs(),
  );
  assert(rows.length > 0);
  for (const { kernel, tid, total_ns } of rows) {
    assert(tid > 0 && total_ns <= most);
    assert(!kernel!.includes("do_task_dead"), "it has ended");
    assert(!/^(bpf_prog_|bpf_trace_run|__bpf_|__traceiter_)/.test(kernel![0] ?? ""), `${kernel}`);
  }
  assertEquals(losses.map, 0n);
});

kernelTest("-m and -M leave out times that are shorter or longer", {}, async () => {
  // The timer of a sleep is set a while before the thread leaves its CPU.
  await using sleeper = await startSleeper();
  const options = { pid: [sleeper.pid] };
  const long = await traced({ ...options, min_block_time: 10_000 }, () => sleeper.work());
  assertEquals(sum(sleeping(long.rows), "count"), 23);
  const short = await traced({ ...options, max_block_time: 9_999 }, () => sleeper.work());
  assertEquals(sleeping(short.rows), []);
  assert(short.rows.every(({ max_ns }) => max_ns <= 9_999_000));
});

kernelTest("--state chooses times by the state that they begin in", {}, async () => {
  await using turns = await Turns.start("preempt");
  const { rows, result } = await traced(
    { tid: [turns.pid], min_block_time: 0, state: ["R"] },
    () => turns.take(),
  );
  assertEquals(sum(rows, "count"), result.preempted);
  assert(rows.every(({ state }) => state === "R"));
  const wrong = await runTool("offcputime", ["--state", "X"]);
  assertEquals(wrong.code, 64);
  assertStringIncludes(wrong.stderr, "R, S, D, I, T, t, P, iowait, preempted, 0, 1, 2");
  const numbers = ["--state", "1,2", "-o", "json", "0.1"];
  const { stdout } = await runTool("offcputime", numbers);
  const states = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).state);
  assert(states.length > 0 && states.every((state) => "SD".includes(state)), `${states}`);
});

kernelTest("a wait for a disk is in iowait", {}, async () => {
  using loop = new LoopDevice();
  const dd = ["dd", `if=${loop.path}`, "of=/dev/null", "bs=4096", "count=101", "iflag=direct"];
  const { rows } = await traced(
    { ppid: Deno.pid, comm: "dd", state: ["iowait"] },
    // at this priority it is not preempted by who serves the request
    () => new Deno.Command("chrt", { args: ["-f", "1", ...dd] }).output(),
  );
  assert(rows.length > 0);
  assert(rows.every(({ state, iowait }) => iowait && "DW".includes(state)));
});

kernelTest("-u and -k choose threads of processes and of the kernel", {}, async () => {
  await using sleeper = await startSleeper();
  const users = await traced({ user_threads_only: true }, () => sleeper.work());
  assert(users.rows.some(({ pid }) => pid === sleeper.pid));
  assert(users.rows.every(({ tid }) => isOfKernel(tid) !== true));
  const kernels = await traced({ kernel_threads_only: true }, () => sleeper.work());
  assert(kernels.rows.length > 0);
  assert(kernels.rows.every(({ tid, user }) => isOfKernel(tid) !== false && user!.length === 0));
  for (const [args, what] of [["-uk", "-u and -k"], ["-UK", "-U and -K"]]) {
    const { stderr, code } = await runTool("offcputime", [args]);
    assertEquals([stderr, code], [`offcputime: ${what} exclude each other\n`, 64]);
  }
});

kernelTest("--uid chooses threads of a user, as -u is the C tool's", {}, async () => {
  const child = new Deno.Command("sleep", { args: ["1000"], uid: 54_323 }).spawn();
  await blockedIn(child.pid, CLOCK_NANOSLEEP);
  const { rows } = await traced({ uid: 54_323 }, () => delay(1));
  child.kill();
  await child.status;
  assertEquals(rows.map(({ pid }) => pid), [child.pid]);
});

kernelTest("-U and -K leave the other stack out", {}, async () => {
  await using sleeper = await startSleeper();
  const options = { pid: [sleeper.pid] };
  const user = await traced({ ...options, user_stacks_only: true }, () => sleeper.work());
  assert(user.rows.length > 0 && user.rows.every((row) => !row.kernel && row.user));
  const kernel = await traced({ ...options, kernel_stacks_only: true }, () => sleeper.work());
  assert(kernel.rows.length > 0 && kernel.rows.every((row) => row.kernel && !row.user));
});

kernelTest("frames are as many as --perf-max-stack-depth says", {}, async () => {
  await using sleeper = await startSleeper();
  const options = { pid: [sleeper.pid], perf_max_stack_depth: 2 };
  const { rows } = await traced(options, () => sleeper.work());
  assert(
    rows.length > 0 && rows.every(({ kernel, truncated }) => kernel!.length <= 2 && truncated),
  );
});

kernelTest("stacks without room are reported, and their times counted", {}, async () => {
  await using sleeper = await startSleeper();
  const { rows, losses } = await traced(
    { pid: [sleeper.pid], stack_storage_size: 1 },
    () => sleeper.work(),
  );
  assert(losses.map! > 0n);
  const missed = rows.filter(({ kernel, user }) =>
    `${kernel},${user}`.includes("[Missed Kernel Stack]")
  );
  assert(missed.length > 0);
  const slept = rows.filter(({ state }) => state !== "R");
  assertEquals(sum(slept, "count"), 23 + 2, "two times in read(2)");
});

kernelTest("stacks are shown as the C tool shows them, or folded", {}, async () => {
  await using sleeper = await startSleeper();
  const { pid } = sleeper;
  const run = async (...args: string[]) => {
    await using tool = startTool("offcputime", [...args, "-t", `${pid}`]);
    await tool.until("Hit Ctrl-C to end.\n").catch(() => {});
    await sleeper.work();
    return await tool.stop();
  };
  const drawn = await run("-d");
  assert(
    drawn.stdout.startsWith(`Tracing off-CPU time (us) of TID [${pid}]... Hit Ctrl-C to end.\n`),
  );
  assertMatch(
    drawn.stdout,
    new RegExp(`\\n {4}hrtimer_nanosleep\\n(.+\\n)+ {4}--\\n {4}syscall\\n {4}rest\\n`),
  );
  assertMatch(drawn.stdout, new RegExp(`^ {4}- {16}sleeps \\(${pid}\\)\n {8}\\d+$`, "m"));
  const args = ["-fa", "-p", `${pid}`, "0.5"];
  const [folded] = await Promise.all([runTool("offcputime", args), sleeper.work()]);
  assertEquals([folded.stderr, folded.code], ["", 0]);
  for (const line of folded.stdout.trimEnd().split("\n")) {
    assertMatch(line, /^sleeps(;[^;\n]+)+ \d+$/);
  }
  assertMatch(folded.stdout, /_\[k\];__schedule_\[k\] \d+$|\[Missed User Stack\]/m);
});

kernelTest("the title says what is traced, and --rows limits what is shown", {}, async () => {
  const titles = [
    [["-k", "0.1"], "kernel threads for 0.1 secs."],
    [["-p", `1,${Deno.pid}`, "0"], `PID [1, ${Deno.pid}] for 0 secs.`],
  ] as const;
  for (const [args, title] of titles) {
    const { stdout } = await runTool("offcputime", [...args, "-K", "--rows", "1"]);
    assertEquals(stdout.split("\n")[0], `Tracing off-CPU time (us) of ${title}`);
    assertEquals(stdout.match(/^ {8}\d+$/gm)?.length, 1);
  }
});
