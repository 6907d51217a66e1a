import { assert, assertEquals, assertMatch } from "@std/assert";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { exitOf } from "#lib/tool/mod.ts";
import { exitsnoop, type ProcessEnd } from "../../tools/exitsnoop.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";

const root = new URL("../../", import.meta.url).pathname;
const waits = `${root}build/tests/waits`;
const ends = `${root}build/tests/ends`;

/** What wait4(2) says of a child of tests/workloads/waits.c. */
interface Waited {
  readonly kind: string;
  readonly pid: number;
  readonly status: number;
  readonly cpu_ns: number;
  readonly max_rss_kib: number;
  readonly minor: number;
  readonly major: number;
}

async function output(command: readonly string[]): Promise<{ pid: number; lines: string[] }> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, { args, stdout: "piped", stderr: "null" }).spawn();
  const { stdout } = await child.output();
  return { pid: child.pid, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
}

/** The ends of children of waits.c, each beside what wait4(2) says of it, and the pid of their parent. */
async function waited(kinds: string[], options: Parameters<typeof exitsnoop>[0] = {}) {
  using trace = exitsnoop(options);
  const { pid, lines } = await output([waits, ...kinds]);
  trace.stop();
  const events: ProcessEnd[] = [];
  for await (const event of trace) if (event.ppid === pid) events.push(event);
  const children: Waited[] = lines.map((line) => {
    const [kind, ...numbers] = line.split(" ");
    const [pid, status, cpu_ns, max_rss_kib, minor, major] = numbers.map(Number);
    return { kind, pid, status, cpu_ns, max_rss_kib, minor, major };
  });
  return { parent: pid, children, events };
}

const KINDS = [
  ...Array(7).fill("fail"),
  ...Array(5).fill("abort"),
  ...Array(5).fill("killed"),
  ...Array(6).fill("leader"),
];

kernelTest("23 ends have the status that wait4 gets, each once", {}, async () => {
  const { children, events } = await waited(KINDS);
  assertEquals(
    events.map(({ pid, exit_code, signal, core_dumped }) => [pid, exit_code, signal, core_dumped]),
    children.map(({ pid, status }) => {
      const { exit_code, signal } = exitOf(status);
      return [pid, exit_code, signal, (status & 0x80) !== 0];
    }),
  );
  assertEquals(children.map(({ status }) => status), [
    ...Array(7).fill(3 << 8),
    ...Array(5).fill(6),
    ...Array(5).fill(9),
    ...Array(6).fill(7 << 8),
  ]);
});

kernelTest("a process lives as long as its last thread, and -x shows its failure", {}, async () => {
  const { events } = await waited(["leader"], { failed: true });
  assertEquals(events.length, 1);
  const [{ pid, tid, exit_code, duration_ns, comm }] = events;
  assertEquals([exit_code, comm], [7, "waits"]);
  assert(tid !== pid && duration_ns >= 50_000_000n);
});

kernelTest("the killer is who sent the signal that was deadly", {}, async () => {
  const { parent, events } = await waited(["killed", "handled", "abort", "alarm", "fail"]);
  const [killed, handled, abort, alarm, fail] = events;
  assertEquals([killed.killer_pid, killed.killer_comm], [parent, "waits"]);
  // The parent's SIGTERM was handled, and did not end it.
  assertEquals([handled.signal, handled.killer_pid], ["SIGTERM", handled.pid]);
  assertEquals([abort.signal, abort.killer_pid], ["SIGABRT", abort.pid]);
  assertEquals([alarm.signal, alarm.killer_pid], ["SIGALRM", undefined]);
  assertEquals([fail.signal, fail.killer_pid, fail.killer_comm], Array(3).fill(undefined));
});

kernelTest("memory, faults and CPU time are those of wait4", {}, async () => {
  const { children, events } = await waited(["spin", "touch", "fail"]);
  for (const [at, { kind, max_rss_kib, minor, major, cpu_ns }] of children.entries()) {
    const event = events[at];
    // What it does on its last way out, wait4 counts as well.
    assertEquals(event.max_rss_bytes, BigInt(max_rss_kib) * 1024n, kind);
    assert(event.minor_faults <= BigInt(minor) && event.minor_faults > 0n, kind);
    assert(event.major_faults <= BigInt(major), kind);
    assert(event.cpu_user_ns + event.cpu_system_ns <= BigInt(cpu_ns) + 1000n, kind);
  }
  const [spin, touch] = events;
  assert(spin.cpu_user_ns + spin.cpu_system_ns >= 100_000_000n, "both of its threads");
  assert(touch.max_rss_bytes! >= 32n << 20n);
  assert(touch.minor_faults >= 8n);
});

kernelTest("-T shows each thread, under its own name", {}, async () => {
  const { events } = await waited(["spin", "leader"], { threaded: true });
  assertEquals(events.map(({ pid, tid }) => pid === tid).sort(), [false, false, true, true]);
  const tids = new Set(events.map(({ tid }) => tid));
  assertEquals(tids.size, 4);
  assertEquals(new Set(events.map(({ max_rss_bytes }) => max_rss_bytes)), new Set([undefined]));
  const named = await runTool("exitsnoop", ["-T", "-x"], {
    workload: () => output([ends, "leader"]),
    until: / code 5\n/,
  });
  assertMatch(named.stdout, /^a thread +\d+ +\d+ +\d+ +\d\.\d\d {4}code 5$/m);
});

kernelTest("threads that all end at once are one end, 101 times", {}, async () => {
  using trace = exitsnoop();
  const { pid } = await output([ends, ...Array(101).fill("race")]);
  trace.stop();
  const pids: number[] = [];
  for await (const event of trace) if (event.ppid === pid) pids.push(event.pid);
  assertEquals([pids.length, new Set(pids).size], [101, 101]);
});

kernelTest(
  "the table has the columns of the C tool, and -t the time of the event",
  {},
  async () => {
    await using tool = startTool("exitsnoop", ["-t"]);
    await tool.until("EXIT_CODE");
    const { pid, lines } = await output([waits, "fail", "killed", "abort"]);
    await tool.until(new RegExp(`^\\S+ waits +${pid} `, "m"));
    const { stdout, stderr, code } = await tool.stop();
    assertEquals([code, stderr], [0, ""]);
    const [header, ...rows] = stdout.split("\n");
    assertEquals(header, "TIME     PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE");
    const shown = rows.filter((row) => row.slice(34).startsWith(`${pid} `));
    const outcomes = ["code 3", "signal 9 (SIGKILL)", "signal 6 (SIGABRT)"];
    assertEquals(
      shown.map((row) => row.replace(/^\S+ /, "").replace(/ \d+\.\d\d /, " 0.00 ")),
      lines.map((line, at) => {
        const child = line.split(" ")[1].padEnd(7);
        return `waits            ${child} ${String(pid).padEnd(7)} ${child} 0.00    ${
          outcomes[at]
        }`;
      }),
    );
  },
);

kernelTest("the arguments at the end are known from Linux 6.16 on", {}, async () => {
  const { events } = await waited(["fail", "leader"]);
  const known = kernelIsAtLeast(6, 16);
  for (const { args, args_truncated } of events) {
    assertEquals(args, known ? [waits, "fail", "leader"] : undefined);
    assertEquals(args_truncated, known ? false : undefined);
  }
});

kernelTest("a cgroup is shown, and alone if it is asked for", {}, async () => {
  await using cgroup = new Cgroup();
  const inside = cgroup.command("/bin/true");
  using trace = exitsnoop({ cgroup: cgroup.path });
  await output(["/bin/true"]);
  const { pid } = await output(inside);
  trace.stop();
  const events: ProcessEnd[] = [];
  for await (const event of trace) events.push(event);
  assertEquals(events.map(({ pid }) => pid), [pid]);
  assertEquals(events[0].cgroup, cgroup.path.slice(cgroup.path.lastIndexOf("/")));
  assertEquals(events[0].cgroup_id, BigInt(Deno.statSync(cgroup.path).ino!));
});

kernelTest("a cgroup that there is not ends with 64", {}, async () => {
  const { code, stderr } = await runTool("exitsnoop", ["-c", "/no/such"]);
  assertEquals(code, 64);
  assertMatch(stderr, /is not a cgroup/);
});
