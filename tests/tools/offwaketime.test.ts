/** offwaketime against workloads that know who wakes up whom, and against offcputime and what the kernel counts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { offcputime } from "../../tools/offcputime.ts";
import { type OffWakeTime, offwaketime } from "../../tools/offwaketime.ts";
import { path } from "../../tools/offwaketime/members.ts";
import { Asked, blockedIn, CLOCK_NANOSLEEP, READ, startSleeper } from "./asked.ts";
import { delay, kernelTest, patient, runTool, startTool } from "../kernel/harness.ts";
import { isOfKernel } from "./kernel_thread.ts";
import { Turns } from "./turns.ts";

type Options = NonNullable<Parameters<typeof offwaketime>[0]>;

const ROUNDS = 499;

/** Two processes that wake each other up: see tests/workloads/wakes.c. */
async function startWakes() {
  const ping = await Asked.start("wakes", `${ROUNDS}`);
  const [, pong] = (await ping.says()).split(" ").map(Number);
  await blockedIn(pong, READ);
  return { ping, pong };
}

const now = () => performance.now() * 1e6;

/** What is traced while something is done, and how long that was at least and at most, in nanoseconds. */
async function traced<T>(options: Options, work: () => Promise<T>) {
  const begin = now();
  using trace = offwaketime(options);
  const begun = now();
  const read = Array.fromAsync(trace);
  const result = await work();
  const end = now();
  trace.stop();
  const rows = await read;
  return { rows, result, least: end - begun, most: now() - begin, losses: trace.losses };
}

function sum(
  rows: readonly Pick<OffWakeTime, "count" | "total_ns" | "queued_ns">[],
  name: "count" | "total_ns" | "queued_ns",
): number {
  return rows.reduce((total, row) => total + Number(row[name]), 0);
}

kernelTest("both stacks of each wake-up are those of the two that meet there", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const options = { pid: [ping.pid, pong], min_block_time: 0 };
  const { rows, losses } = await traced(options, () => ping.work());
  for (
    const [comm, pid, waker_comm, waker_pid] of [
      ["pong", pong, "ping", ping.pid],
      ["ping", ping.pid, "pong", pong],
    ]
  ) {
    const woken = rows.filter((row) =>
      row.pid === pid && row.waker_pid === waker_pid && row.waker_kernel!.includes("vfs_write")
    );
    assertEquals(sum(woken, "count"), ROUNDS);
    for (const row of woken) {
      assertEquals([row.comm, row.waker_comm, row.context, row.state], [
        comm,
        waker_comm,
        "task",
        "S",
      ]);
      assertEquals([row.interrupted_pid, row.still_off, row.truncated], [undefined, false, false]);
      assertEquals(row.waker_kernel![0], "try_to_wake_up", "not the way to the program");
      assert(row.waker_user!.includes("wake"), `${row.waker_user}`);
      assert(row.kernel!.includes("vfs_read"), `${row.kernel}`);
      // what blocked before the trace has no stack of the process
      assert(!row.user!.includes("wake"), `${row.user}`);
    }
  }
  assertEquals([losses.map, losses.rows], [0n, 0n]);
});

kernelTest("a timer is not blamed on the task that it interrupts", {}, async () => {
  await using sleeper = await startSleeper();
  const { rows, most } = await traced({ pid: [sleeper.pid] }, () => sleeper.work());
  const sleeps = rows.filter(({ kernel, state }) =>
    kernel!.includes("hrtimer_nanosleep") && state !== "R"
  );
  assertEquals(sum(sleeps, "count"), 23);
  assert(sum(sleeps, "total_ns") >= 23 * 10e6 && sum(sleeps, "total_ns") <= most);
  for (const row of sleeps) {
    // kernels of some sandboxes do not show what interrupts process 1
    if (row.waker_comm === "[unseen]") continue;
    assertEquals([row.waker_comm, row.waker_pid, row.context], ["[irq]", undefined, "irq"]);
    assert(row.interrupted_comm !== undefined && row.interrupted_pid !== undefined);
    assert(row.waker_kernel!.includes("hrtimer_wakeup") && row.waker_user!.length === 0);
    assert(row.user!.includes("rest"), `${row.user}`);
    assertEquals(Number(row.blocked_ns) + Number(row.queued_ns), Number(row.total_ns));
  }
});

for (const what of ["wake", "preempt"] as const) {
  kernelTest(`each time off CPU is counted, with a waker if it has one: ${what}`, {}, async () => {
    await using turns = await Turns.start(what);
    const options = { tid: [turns.pid], min_block_time: 0 };
    const { rows, result, most } = await traced(options, () => turns.take());
    const preempted = rows.filter(({ state }) => state === "R");
    assertEquals(sum(preempted, "count"), result.preempted);
    assert(preempted.every(({ waker_comm, waker_kernel }) => !waker_comm && !waker_kernel));
    assertEquals(sum(preempted, "queued_ns"), sum(preempted, "total_ns"));
    const blocked = rows.filter(({ state }) => state !== "R");
    assertEquals(sum(blocked, "count"), result.woken + 1, "it was blocked before");
    const [left, ...others] = blocked.filter(({ still_off }) => still_off);
    assertEquals([left.waker_comm, others], [undefined, []]);
    const woken = blocked.filter(({ still_off }) => !still_off);
    assert(woken.every(({ waker_pid }) => waker_pid === turns.parent));
    assert(woken.every(({ queued_ns, total_ns }) => queued_ns <= total_ns));
    assert(sum(rows, "total_ns") <= most, "no time is counted twice");
  });
}

kernelTest("the sum of all rows is that of offcputime", {}, async () => {
  await using sleeper = await startSleeper();
  const options = { pid: [sleeper.pid], min_block_time: 0 };
  using other = offcputime(options);
  const { rows } = await traced(options, () => sleeper.work());
  other.stop();
  const others = await Array.fromAsync(other);
  for (const state of ["S", "R"]) {
    const of = (all: readonly Pick<OffWakeTime, "state" | "count" | "total_ns" | "queued_ns">[]) =>
      all.filter((row) => row.state === state);
    assertEquals(sum(of(rows), "count"), sum(of(others), "count"), state);
  }
});

kernelTest(
  "a thread that is blocked all the time has no waker, and all of the time",
  {},
  async () => {
    const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
    await blockedIn(child.pid, CLOCK_NANOSLEEP);
    const { rows, least, most } = await traced({ pid: [child.pid] }, () => delay(patient(50)));
    child.kill();
    await child.status;
    assertEquals(rows.length, 1);
    const [{ still_off, total_ns, waker_comm, waker_pid, waker_kernel, context }] = rows;
    assertEquals([waker_comm, waker_pid, waker_kernel, context], Array(4).fill(undefined));
    assert(still_off && total_ns >= least && total_ns <= most);
  },
);

kernelTest("--state, -m and -M choose times, -u and -k threads", {}, async () => {
  await using sleeper = await startSleeper();
  const work = (options: Options) =>
    traced({ pid: [sleeper.pid], ...options }, () => sleeper.work());
  const asleep = ({ kernel }: OffWakeTime) => kernel!.includes("hrtimer_nanosleep");
  const long = (await work({ min_block_time: 10_000, state: ["S"] })).rows.filter(asleep);
  assertEquals(sum(long, "count"), 23);
  const short = await work({ max_block_time: 9_999 });
  assertEquals(short.rows.filter((row) => asleep(row) && row.state !== "R"), []);
  assert((await work({ user_threads_only: true })).rows.length > 0);
  const kernels = await traced({ kernel_threads_only: true }, () => sleeper.work());
  assert(kernels.rows.length > 0);
  assert(kernels.rows.every(({ tid }) => isOfKernel(tid) !== false));
});

kernelTest("-U and -K leave out stacks of both sides", {}, async () => {
  await using sleeper = await startSleeper();
  const options = { pid: [sleeper.pid] };
  const user = await traced({ ...options, user_stacks_only: true }, () => sleeper.work());
  assert(user.rows.some(({ context }) => context === "irq"), "it is known all the same");
  assert(user.rows.every((row) => !row.kernel && !row.waker_kernel && row.user));
  const kernel = await traced({ ...options, kernel_stacks_only: true }, () => sleeper.work());
  assert(kernel.rows.some((row) => row.kernel && row.waker_kernel));
  assert(kernel.rows.every((row) => !row.user && !row.waker_user));
  for (const [args, what] of [["-uk", "-u and -k"], ["-UK", "-U and -K"]]) {
    const { stderr, code } = await runTool("offwaketime", [args]);
    assertEquals([stderr, code], [`offwaketime: ${what} exclude each other\n`, 64]);
  }
});

kernelTest("frames and stacks are as many as there is room for", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const options = { pid: [pong], min_block_time: 0 };
  const few = await traced({ ...options, perf_max_stack_depth: 2 }, () => ping.work());
  for (const { kernel, waker_kernel, truncated, context } of few.rows) {
    assert(kernel!.length <= 2 && (waker_kernel ?? []).length <= 2 && truncated);
    assertEquals(context, undefined);
  }
  const { rows, losses } = await traced({ ...options, stack_storage_size: 1 }, () => ping.work());
  assert(losses.map! > 0n);
  const woken = rows.filter(({ waker_pid }) => waker_pid === ping.pid);
  assertEquals(sum(woken, "count"), ROUNDS);
  const missed = rows.map(({ waker_kernel, kernel }) => `${kernel},${waker_kernel}`);
  assert(missed.some((stacks) => stacks.includes("[Missed Kernel Stack]")), `${missed}`);
});

kernelTest("--uid chooses threads of a user, as -u is the Python tool's", {}, async () => {
  const child = new Deno.Command("sleep", { args: ["1000"], uid: 54_323 }).spawn();
  await blockedIn(child.pid, CLOCK_NANOSLEEP);
  const { rows } = await traced({ uid: 54_323 }, () => delay(1));
  child.kill();
  await child.status;
  assertEquals(rows.map(({ pid }) => pid), [child.pid]);
});

const TITLE = "Tracing blocked time (us) by user + kernel stack of";

kernelTest("rows are shown as the Python tool shows them, or folded", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const run = async (...args: string[]) => {
    await using tool = startTool("offwaketime", [...args, "-p", `${pong}`]);
    await tool.until("Hit Ctrl-C to end.\n");
    await ping.work();
    return (await tool.stop()).stdout;
  };
  const drawn = await run("-d");
  assert(drawn.startsWith(`${TITLE} PID [${pong}]... Hit Ctrl-C to end.\n`));
  const waker =
    ` {4}waker: {11}ping ${ping.pid}\n( {4}.+\n)* {4}wake\n( {4}.+\n)+ {4}-\n( {4}.+\n)+`;
  const border = ` {4}try_to_wake_up\n {4}-- {15}--\n( {4}.+\n)+`;
  assertMatch(drawn, new RegExp(`^${waker}${border} {4}target: {10}pong ${pong}\n {8}\\d+$`, "m"));
});

kernelTest("folded lines go from the thread to its waker", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const { rows } = await traced({ pid: [pong] }, () => ping.work());
  const shown = rows.map((row) =>
    path(row, { delimited: true, annotations: true }).map(({ name }) => name).join(";")
  );
  const line = /^pong;.*;-;.*vfs_read_\[k\];.*;--;try_to_wake_up_\[k\];.*;-;.*;wake;.*ping$/m;
  assertMatch(shown.join("\n"), line);
  const { stdout, stderr, code } = await runTool("offwaketime", ["-fa", "-p", `${pong}`, "0.1"]);
  assertEquals([stderr, code], ["", 0]);
  assertMatch(stdout, /^(pong(;[^;\n]+)+ \d+\n)+$/);
});

kernelTest("the title says what is traced, and --rows limits what is shown", {}, async () => {
  const titles = [
    [["-k", "0.1"], "kernel threads for 0.1 secs."],
    [["-t", `${Deno.pid}`, "0"], `TID [${Deno.pid}] for 0 secs.`],
  ] as const;
  for (const [args, title] of titles) {
    const { stdout } = await runTool("offwaketime", [...args, "-K", "--rows", "1"]);
    assertEquals(stdout.split("\n")[0], `${TITLE} ${title}`);
    assertEquals(stdout.match(/^ {8}\d+$/gm)?.length, 1);
  }
});
