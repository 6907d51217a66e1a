import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { type Signal, sigsnoop } from "../../tools/sigsnoop.ts";
import { kernelTest, runTool, startCommand } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { straced } from "./straced.ts";

const workload = new URL("../../build/tests/signals", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof sigsnoop>[0]>;

/** Runs kinds of tests/workloads/signals.c: its pid, and its receiver's. */
async function runSignals(...kinds: string[]): Promise<{ pid: number; receiver: number }> {
  const child = new Deno.Command(workload, { args: kinds, stdout: "piped" }).spawn();
  const { stdout, success } = await child.output();
  assert(success);
  return { pid: child.pid, receiver: Number(new TextDecoder().decode(stdout)) };
}

/** What the tool shows while these kinds run, and nothing of it lost. */
async function signalsOf(options: Options, ...kinds: string[]) {
  using trace = sigsnoop(options);
  const processes = await runSignals(...kinds);
  trace.stop();
  const events: Signal[] = [];
  for await (const event of trace) events.push(event);
  const { ring = 0n, map = 0n, missed = 0n } = trace.losses;
  assertEquals(ring + map + missed, 0n);
  return { ...processes, events };
}

const SIGNAL = 32 + 5;
const comm = "signals";

kernelTest("31 signals by kill, and those of the other calls, each once", {}, async () => {
  const kinds = ["kill", "tkill", "tgkill", "pidfd", "procfd", "queue", "thread", "group"];
  const { events, pid, receiver } = await signalsOf({ comm, signals: [SIGNAL] }, ...kinds);
  assertEquals(counted(events, ({ code, group, result }) => [code, group, result]), {
    "SI_USER true delivered": 31 + 7 + 3 + 1,
    "SI_TKILL false delivered": 13 + 11,
    "SI_QUEUE true delivered": 5,
    "SI_QUEUE false delivered": 17,
  });
  for (const event of events) {
    const { target_pid, target_tid, target_comm, target_uid, uid, from, signal } = event;
    assertEquals([event.pid, event.tid, event.comm, uid], [pid, pid, comm, 0]);
    assertEquals([target_pid, target_tid, target_uid], [receiver, receiver, 0]);
    assertEquals([target_comm, from, signal], ["receiver", "process", "SIGRTMIN+5"]);
    const { fatal, syscall, argument, error, latency_ns, handler } = event;
    assertEquals(fatal, false);
    assertEquals([syscall, argument, error, latency_ns, handler], Array(5).fill(undefined));
  }
});

kernelTest("-k shows each call of six, also what it cannot or does not send", {}, async () => {
  const sent = ["kill", "tkill", "tgkill", "pidfd", "procfd", "queue", "thread"];
  const kinds = [...sent, "nobody", "dead", "zero", "closed", "group"];
  const { events, receiver } = await signalsOf({ kill: true, comm }, ...kinds);
  const by = ({ syscall, signal, target_comm, error }: Signal) => [
    ...[syscall, signal, target_comm, error],
  ];
  assertEquals(counted(events, by), {
    "kill SIGRTMIN+5 receiver -": 31,
    "tkill SIGRTMIN+5 receiver -": 13,
    "tgkill SIGRTMIN+5 receiver -": 11,
    "pidfd_send_signal SIGRTMIN+5 receiver -": 7 + 3,
    "rt_sigqueueinfo SIGRTMIN+5 receiver -": 5,
    "rt_tgsigqueueinfo SIGRTMIN+5 receiver -": 17,
    "kill SIGRTMIN+5 receiver EPERM": 3,
    "kill SIGRTMIN+5 - ESRCH": 2,
    "kill signal 0 receiver -": 1,
    "pidfd_send_signal SIGRTMIN+5 - EBADF": 2,
    "kill SIGRTMIN+5 - -": 1,
  });
  const targets = events.filter(({ target_comm }) => target_comm !== undefined);
  assertEquals(new Set(targets.map(({ target_pid }) => target_pid)), new Set([receiver]));
  const group = events.at(-1)!;
  assertEquals([group.argument, group.target_pid], [-receiver, undefined]);
  assertEquals(new Set(events.map(({ from }) => from)), new Set(["process"]));
  assertEquals(new Set(events.map(({ code, result }) => code ?? result)), new Set([undefined]));
});

kernelTest("-k shows the calls of 32-bit programs", {}, async () => {
  if (Deno.build.arch !== "x86_64") return;
  const { events, receiver } = await signalsOf({ kill: true, comm }, "compat");
  const by = ({ syscall, signal, target_pid }: Signal) => [syscall, signal, target_pid];
  assertEquals(counted(events, by), { [`kill SIGRTMIN+5 ${receiver}`]: 19 });
});

kernelTest("-x shows the calls that fail alone", {}, async () => {
  const kinds = ["kill", "nobody", "dead", "zero", "closed"];
  const { events } = await signalsOf({ failed: true, comm }, ...kinds);
  assertEquals(counted(events, ({ uid, error }) => [uid, error]), {
    "65534 EPERM": 3,
    "0 ESRCH": 2,
    "0 EBADF": 2,
  });
  const user = await signalsOf({ kill: true, comm, uid: 65534 }, ...kinds);
  assertEquals(user.events.map(({ error }) => error), Array(3).fill("EPERM"));
});

kernelTest("-k counts what strace counts", {}, async () => {
  const kinds = ["kill", "tkill", "pidfd", "queue", "thread", "nobody", "dead", "zero"];
  const { events } = await signalsOf({ kill: true, comm }, ...kinds);
  const calls = [
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
  ];
  const args = ["strace", "-f", "-qq", "-e", `trace=${calls}`, "-e", "signal=none"];
  const { stderr } = await startCommand([...args, workload, ...kinds]).finish(60_000);
  const theirs: Record<string, number> = {};
  for (const line of straced(stderr)) {
    const [, name, error = "-"] = /(\w+)\(.*\) += (?:0|-1 (\w+))/.exec(line)!;
    theirs[`${name} ${error}`] = (theirs[`${name} ${error}`] ?? 0) + 1;
  }
  assertEquals(counted(events, ({ syscall, error }) => [syscall, error]), theirs);
});

kernelTest("a target in another pid namespace is known by the host's pid", {}, async () => {
  const { events } = await signalsOf({ kill: true, comm }, "inside");
  assertEquals(events.map(({ argument }) => argument), Array(5).fill(2));
  const [{ target_pid, pid }] = events;
  assert(target_pid !== undefined && target_pid !== 2 && target_pid > pid!);
  assertEquals(new Set(events.map(({ target_pid }) => target_pid)), new Set([target_pid]));
});

kernelTest("what the kernel sends is not put down to whom it interrupted", {}, async () => {
  const { events, pid } = await signalsOf({ signals: [11, 14] }, "timer", "fault");
  const timers = events.filter((e) => e.signal === "SIGALRM" && e.target_pid === pid);
  const faults = events.filter((e) => e.target_comm === "victim");
  const by = (e: Signal) => [e.signal, e.code, e.from, e.pid, e.tid, e.comm, e.uid, e.fatal];
  // An interrupt may come where the kernel runs no program.
  assert(timers.length >= 1 && timers.length <= 5);
  assertEquals(Object.keys(counted(timers, by)), ["SIGALRM SI_KERNEL kernel - - - - false"]);
  assertEquals(counted(faults, by), { "SIGSEGV SEGV_ACCERR kernel - - - - false": 1 });
  // Senders are asked for, and there is none.
  const targeted = await signalsOf({ signals: [11, 14], uid: 0 }, "timer", "fault");
  assertEquals(targeted.events.filter((e) => e.target_pid === targeted.pid), []);
});

kernelTest(
  "a child that ends has sent its SIGCHLD, and --no-chld leaves that out",
  {},
  async () => {
    const { events, pid } = await signalsOf({}, "fatal");
    const children = events.filter((e) => e.signal === "SIGCHLD" && e.target_pid === pid);
    assertEquals(counted(children, ({ code, from }) => [code, from]), {
      "CLD_KILLED kernel": 3,
      "CLD_EXITED kernel": 1,
    });
    assertEquals(new Set(children.map((child) => child.pid)).size, 4);
    const without = await signalsOf({ no_chld: true }, "fatal");
    const own = without.events.filter((e) => e.pid === without.pid);
    assertEquals(counted(own, ({ signal, fatal }) => [signal, fatal]), { "SIGTERM true": 3 });
  },
);

kernelTest("what is ignored, or pending already, is no delivery", {}, async () => {
  const { events } = await signalsOf({ comm, no_chld: true }, "ignored", "blocked");
  assertEquals(counted(events, ({ signal, result }) => [signal, result]), {
    "SIGWINCH ignored": 7,
    "SIGUSR1 delivered": 1,
    "SIGUSR1 pending": 22,
  });
});

kernelTest("-p is the sender, -T the target", {}, async () => {
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  const { pid } = child;
  using by = sigsnoop({ pid: [Deno.pid], no_chld: true });
  using to = sigsnoop({ tpid: pid, no_chld: true });
  using call = sigsnoop({ tpid: pid, kill: true });
  using others = sigsnoop({ tpid: Deno.pid, kill: true });
  await runSignals("kill");
  Deno.kill(pid, "SIGKILL");
  await child.status;
  for (const [trace, count] of [[by, 1], [to, 1], [call, 1], [others, 0]] as const) {
    trace.stop();
    const events: Signal[] = [];
    for await (const event of trace) {
      // Deno may try once more when the process is gone.
      if (event.signal === "SIGKILL" && event.error === undefined) events.push(event);
    }
    assertEquals(events.map((e) => [e.pid, e.target_pid]), Array(count).fill([Deno.pid, pid]));
  }
});

kernelTest("--latency shows when a signal is handled, and by what", {}, async () => {
  using trace = sigsnoop({ latency: true, comm, no_chld: true });
  const kinds = ["kill", "tkill", "ignored", "blocked", "fatal", "hold"];
  const child = new Deno.Command(workload, { args: kinds, stdin: "piped", stdout: "null" }).spawn();
  const events: Signal[] = [];
  for await (const event of trace) {
    if (event.pid !== child.pid) continue;
    events.push(event);
    // All but the blocked one, which is shown at the end.
    if (events.length === 31 + 13 + 7 + 22 + 3) {
      await child.stdin.close();
      await child.status;
      trace.stop();
    }
  }
  const by = ({ signal, result, handler, latency_ns }: Signal) => [
    ...[signal, result, handler, latency_ns !== undefined],
  ];
  assertEquals(counted(events, by), {
    "SIGRTMIN+5 delivered on_signal true": 31 + 13,
    "SIGWINCH ignored - false": 7,
    "SIGUSR1 pending - false": 22,
    "SIGTERM delivered SIG_DFL true": 3,
    "SIGUSR1 delivered - false": 1,
  });
  for (const { latency_ns } of events) assert(latency_ns === undefined || latency_ns > 0n);
});

kernelTest("--latency is of signals, not of calls", {}, () => {
  assertThrows(() => sigsnoop({ latency: true, kill: true }), ExitError, "--latency is of signals");
});

kernelTest("the table is the C tool's; -n names signals, killsnoop is -k", {}, async () => {
  const { stdout, stderr, code } = await runTool("sigsnoop", ["--comm", comm, "-s", "37,KILL"], {
    workload: () => runSignals("kill"),
    until: /(.*receiver.*\n){31}/,
  });
  assertEquals([stderr, code], ["", 0]);
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertEquals(
    header.trimEnd(),
    "TIME     PID     COMM             SIG          TPID    TCOMM            RESULT",
  );
  assertEquals(rows.length, 31);
  const row = /^\d\d:\d\d:\d\d \d+ +signals {10}37 {11}\d+ +receiver {9}delivered *$/;
  for (const line of rows) assertMatch(line, row);
  const command = [Deno.execPath(), "run", "-A", "tools/denobpf.ts", "killsnoop"];
  await using alias = startCommand([...command, "-n", "--signal", "RTMIN+5", "--comm", comm]);
  await alias.until("\n");
  await runSignals("nobody", "zero", "group", "dead");
  await alias.until(/ESRCH(.*\n)+.*ESRCH/);
  const calls = (await alias.stop()).stdout.trimEnd().split("\n").slice(1);
  assertEquals(calls.map((line) => line.trimEnd().replace(/.* /, "")), [
    "EPERM",
    "EPERM",
    "EPERM",
    "0",
    "ESRCH",
    "ESRCH",
  ]);
  assertMatch(calls[3], / SIGRTMIN\+5 {3}-\d+ +- /);
});

kernelTest("a name that is no signal ends with 64", {}, async () => {
  const { code, stderr } = await runTool("sigsnoop", ["-s", "SIGNONE"]);
  assertEquals(code, 64);
  assertMatch(stderr, /"SIGNONE" is no signal/);
});
