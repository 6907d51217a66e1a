/**
 * wakeuptime against workloads that know who wakes up whom, and against how often the kernel has blocked a thread
 * (voluntary_ctxt_switches in /proc/PID/status, proc(5)).
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Wakeuptime } from "#skel/wakeuptime.ts";
import { loadHooks, loadSkeleton, switchArguments } from "#lib/tool/mod.ts";
import { type WakeupTime, wakeuptime } from "../../tools/wakeuptime.ts";
import { Asked, blockedIn, READ, startSleeper } from "./asked.ts";
import {
  delay,
  fewerIfSlow,
  kernelTest,
  patient,
  runExecs,
  runTool,
  startTool,
} from "../kernel/harness.ts";
import { isOfKernel } from "./kernel_thread.ts";
import { LoopDevice } from "./loop_device.ts";
import { Turns } from "./turns.ts";

type Options = NonNullable<Parameters<typeof wakeuptime>[0]>;

const ROUNDS = 499;

/** Two processes that wake each other up: see tests/workloads/wakes.c. */
async function startWakes(...args: string[]) {
  const ping = await Asked.start("wakes", `${ROUNDS}`, ...args);
  const [, pong] = (await ping.says()).split(" ").map(Number);
  await blockedIn(pong, READ);
  return { ping, pong };
}

/** What is traced while something is done, and how long that was at most, in nanoseconds. */
async function traced<T>(options: Options, work: () => Promise<T>) {
  const begin = performance.now();
  using trace = wakeuptime(options);
  const read = Array.fromAsync(trace);
  const result = await work();
  trace.stop();
  const rows = await read;
  return { rows, result, most: (performance.now() - begin) * 1e6, losses: trace.losses };
}

function sum(rows: readonly WakeupTime[], name: "count" | "total_ns" = "count"): number {
  return rows.reduce((total, row) => total + Number(row[name]), 0);
}

const has = ({ kernel }: WakeupTime, name: string) => kernel!.includes(name);
const byPipe = (row: WakeupTime) => has(row, "vfs_write") && row.context === "task";

kernelTest("the waker is the task that wakes up, with the stacks it has", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const options = { pid: [ping.pid, pong], min_block_time: 0 };
  const { rows, losses } = await traced(options, () => ping.work());
  const directions = [["pong", pong, "ping", ping.pid], ["ping", ping.pid, "pong", pong]] as const;
  for (const [comm, pid, waker_comm, waker_pid] of directions) {
    const woken = rows.filter((row) =>
      row.pid === pid && row.waker_pid === waker_pid && byPipe(row)
    );
    assertEquals(sum(woken), ROUNDS);
    for (const row of woken) {
      assertEquals([row.comm, row.waker_comm, row.context], [comm, waker_comm, "task"]);
      assertEquals([row.interrupted_pid, row.truncated], [undefined, false]);
      assertEquals(row.kernel![0], "try_to_wake_up", "not the way to the program");
      assert(row.user!.includes("wake"), `${row.user}`);
      assert(row.max_ns <= row.total_ns);
    }
  }
  assertEquals([losses.map, losses.rows], [0n, 0n]);
});

kernelTest(
  "nothing is lost or counted twice where sets are taken over, or in tables",
  {},
  async () => {
    const { ping, pong } = await startWakes();
    await using _ping = ping;
    for (const interval of [0, 0.03]) {
      let rounds = 0;
      const { rows } = await traced({ pid: [pong], min_block_time: 0, interval }, async () => {
        // Sets are taken over once a second, and at the end.
        for (const begin = performance.now(); performance.now() - begin < 1200; rounds += ROUNDS) {
          await ping.work();
        }
      });
      assertEquals(sum(rows.filter(byPipe)), rounds);
      assert(rows.filter(byPipe).every(({ waker_pid }) => waker_pid === ping.pid));
    }
  },
);

/** How often a process has blocked. */
function blocked(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]);
}

/** Ends of sleeps. Kernels of some sandboxes do not show what interrupts process 1. */
const timersIn = (rows: readonly WakeupTime[]) =>
  rows.filter((row) => has(row, "hrtimer_wakeup") || row.waker_comm === "[unseen]");

const LINE = new TextEncoder().encode("\n");

/** Does something for a process that is blocked, and waits until it has blocked again. */
async function hasBlocked(pid: number, work: () => Promise<unknown>): Promise<void> {
  const before = blocked(pid);
  await work();
  while (blocked(pid) === before) await delay(1);
}

kernelTest("a thread that is woken up when it is about to block has a waker too", {}, async () => {
  const { ping, pong } = await startWakes("free");
  await using _ping = ping;
  const { rows, result } = await traced({ pid: [pong], min_block_time: 0 }, async () => {
    const before = blocked(pong);
    for (let i = 0; i < 7; i++) await ping.work();
    await blockedIn(pong, READ);
    return blocked(pong) - before;
  });
  assertEquals(sum(rows), result, "each time that it has blocked, it was woken up");
});

kernelTest("a thread that was preempted is not taken for blocked", {}, async () => {
  await using turns = await Turns.start("preempt");
  const { rows, result } = await traced(
    { pid: [turns.pid], min_block_time: 0 },
    () => turns.take(),
  );
  assert(result.preempted >= 101);
  assertEquals(sum(rows), result.woken);
  assert(rows.every(({ waker_pid }) => waker_pid === turns.parent));
});

kernelTest("a timer is not blamed on the task that it interrupts", {}, async () => {
  await using sleeper = await startSleeper();
  const { rows, most } = await traced({ pid: [sleeper.pid] }, () => sleeper.work());
  const timers = timersIn(rows);
  assertEquals(sum(timers), 23);
  assert(sum(timers, "total_ns") >= 23 * 10e6 && sum(timers, "total_ns") <= most);
  for (const row of timers.filter((row) => has(row, "hrtimer_wakeup"))) {
    assertEquals([row.waker_comm, row.waker_pid, row.context], ["[irq]", undefined, "irq"]);
    assert(row.interrupted_comm !== undefined && row.interrupted_pid !== undefined);
    assert(row.max_ns >= 10e6 && row.user!.length === 0);
    assertMatch(row.kernel!.at(-1)!, /interrupt|irq/, "the rest is the interrupted task's");
  }
  const asked = rows.filter(byPipe);
  assertEquals([sum(asked), asked[0].waker_pid], [1, Deno.pid]);
});

kernelTest("what comes from the network is a softirq's", {}, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const loop = `exec 3<>/dev/tcp/127.0.0.1/${(listener.addr as Deno.NetAddr).port}
    while read -r line <&3; do :; done`;
  const child = new Deno.Command("bash", { args: ["-c", loop] }).spawn();
  {
    using connection = await listener.accept();
    await blockedIn(child.pid, READ);
    const { rows } = await traced({ pid: [child.pid], min_block_time: 0 }, async () => {
      for (let i = 0; i < 23; i++) {
        await hasBlocked(child.pid, () => connection.write(LINE));
      }
    });
    const received = rows.filter((row) => has(row, "sock_def_readable"));
    assertEquals(sum(received), 23);
    for (const row of received) {
      assertEquals([row.waker_comm, row.context, row.user], ["[softirq]", "softirq", []]);
    }
  }
  await child.status;
});

kernelTest("-m and -M leave out times that are shorter or longer", {}, async () => {
  await using sleeper = await startSleeper();
  const timers = async (options: Options) => {
    const { rows } = await traced({ pid: [sleeper.pid], ...options }, () => sleeper.work());
    return sum(timersIn(rows));
  };
  assertEquals(await timers({ min_block_time: 10_000 }), 23);
  assertEquals(await timers({ max_block_time: 9_999 }), 0);
});

kernelTest("two processes of one name are two, and -u goes with -p", {}, async () => {
  await using one = await startSleeper();
  await using other = await startSleeper();
  const options = { pid: [one.pid, other.pid], user_threads_only: true };
  const { rows } = await traced(options, async () => {
    await one.work();
    await other.work();
  });
  for (const { pid } of [one, other]) {
    assertEquals(sum(timersIn(rows.filter((row) => row.pid === pid))), 23);
  }
});

kernelTest("-u leaves out threads of the kernel", {}, async () => {
  using loop = new LoopDevice();
  const dd = [`if=${loop.path}`, "of=/dev/null", "bs=4096", "count=101", "iflag=direct"];
  // A thread of the kernel serves the requests.
  const read = () => new Deno.Command("dd", { args: dd, stderr: "null" }).output();
  const all = await traced({ min_block_time: 0 }, read);
  assert(all.rows.some(({ pid }) => isOfKernel(pid)));
  const users = await traced({ min_block_time: 0, user_threads_only: true }, read);
  assert(users.rows.length > 0 && !users.rows.some(({ pid }) => isOfKernel(pid)));
});

kernelTest("--uid chooses threads of a user, as -u is the C tool's", {}, async () => {
  const args = ["-c", "read line; read line"];
  const child = new Deno.Command("sh", { args, uid: 54_323, stdin: "piped" }).spawn();
  await blockedIn(child.pid, READ);
  const stdin = child.stdin.getWriter();
  const { rows } = await traced({ uid: 54_323 }, async () => {
    await hasBlocked(child.pid, () => stdin.write(LINE));
  });
  await stdin.close();
  await child.status;
  assert(rows.length > 0 && rows.every(({ pid }) => pid === child.pid));
});

kernelTest("threads that have ended leave no entry behind", {}, async () => {
  const opened = Wakeuptime.open();
  Object.assign(opened.rodata, switchArguments(), { targ_ppid: Deno.pid });
  opened.maps.absences.maxEntries = 41;
  opened.maps.wakers.maxEntries = 1024;
  loadHooks(opened.progs, { switch: true, waking: true });
  opened.progs.seed_absences.autoattach = false;
  using skeleton = loadSkeleton(opened).attach();
  const pids = new Set(await runExecs({ count: fewerIfSlow(211, 53) }));
  // The parent may have been answered before the last switch.
  const left = () => [...skeleton.maps.absences].filter(([tid]) => pids.has(tid));
  while (left().length > 0) await delay(1);
  assertEquals(skeleton.bss.lost_map, 0n);
});

kernelTest(
  "-U and -K leave the other stack out, and interrupts are known with both",
  {},
  async () => {
    await using sleeper = await startSleeper();
    const options = { pid: [sleeper.pid] };
    const user = await traced({ ...options, user_stacks_only: true }, () => sleeper.work());
    assert(user.rows.length > 0 && user.rows.every((row) => !row.kernel && row.user));
    assert(user.rows.some(({ context }) => context === "irq"));
    const kernel = await traced({ ...options, kernel_stacks_only: true }, () => sleeper.work());
    assert(kernel.rows.length > 0 && kernel.rows.every((row) => row.kernel && !row.user));
    const { stderr, code } = await runTool("wakeuptime", ["-UK"]);
    assertEquals([stderr, code], ["wakeuptime: -U and -K exclude each other\n", 64]);
  },
);

kernelTest("without all frames it is not known that a task has woken up", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const { rows } = await traced({ pid: [pong], perf_max_stack_depth: 2 }, () => ping.work());
  assertEquals(sum(rows.filter(({ waker_pid }) => waker_pid === ping.pid)), ROUNDS);
  for (const { kernel, context } of rows) {
    assert(kernel!.length <= 2);
    assertEquals(context, undefined);
  }
  assert(rows.some(({ truncated }) => truncated));
});

kernelTest("stacks without room are reported, and their times counted", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  const { rows, losses } = await traced(
    { pid: [pong], stack_storage_size: 1, min_block_time: 0 },
    () => ping.work(),
  );
  assert(losses.map! > 0n);
  assertEquals(sum(rows.filter(({ waker_pid }) => waker_pid === ping.pid)), ROUNDS);
  const missed = rows.map(({ kernel, user }) => `${kernel},${user}`);
  assert(missed.some((stacks) => stacks.includes("[Missed ")), `${missed}`);
});

kernelTest("rows are shown as the C tool shows them", {}, async () => {
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  await using tool = startTool("wakeuptime", ["-d", "-p", `${pong}`, "--rows", "1"]);
  await tool.until("Hit Ctrl-C to end.\n");
  await ping.work();
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^Tracing blocked time \(us\) by kernel stack\.\.\. Hit Ctrl-C to end\.\n/);
  assertMatch(
    stdout,
    /^\ttarget: {10}pong\n\ttry_to_wake_up\n(\t.+\n)+\t--\n\tsyscall\n(\t.+\n)*\twake\n(\t.+\n)+\t {10}waker: ping\n\t\d+$/m,
  );
});

const LINE_OF_PONG =
  /^ping;.*;wake;.*syscall;-;.*vfs_write_\[k\];.*;try_to_wake_up_\[k\];pong \d+$/m;

kernelTest("tables come at intervals, and folded rows are the Python tool's", {}, async () => {
  const args = ["-i", "0.3", "--count", "2", "-K", "--rows", "1"];
  const { stdout, code } = await runTool("wakeuptime", args);
  assertEquals([stdout.match(/^\d\d:\d\d:\d\d$/gm)?.length, code], [2, 0]);
  const { stdout: timed } = await runTool("wakeuptime", ["0.1"]);
  assertEquals(timed.split("\n")[0], "Tracing blocked time (us) by kernel stack for 0.1 secs.");
  const { stdout: long } = await runTool("wakeuptime", ["--duration", "0.1"]);
  assertEquals(long.split("\n")[0], timed.split("\n")[0]);
  const { ping, pong } = await startWakes();
  await using _ping = ping;
  await using tool = startTool("wakeuptime", ["-fda", "-p", `${pong}`, "-i", "0.3"]);
  const isShown = () => LINE_OF_PONG.test(tool.stdout);
  while (!isShown()) {
    await ping.work();
    await Promise.race([tool.until(isShown), delay(patient(100))]);
  }
  const { stdout: folded } = await tool.stop();
  // What the kernel has not shown has no stack.
  for (const line of folded.trimEnd().split("\n")) assertMatch(line, /^[^;]+;(.*;)?pong \d+$/);
});
