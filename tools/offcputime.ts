#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * offcputime: where threads wait, by the stacks with which they leave their CPUs, and for how long.
 *
 * As a command: `sudo tools/offcputime.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = offcputime({ duration: 10, pid: [1234] });
 * for await (const { comm, kernel, total_ns } of trace) console.log(total_ns, comm, kernel?.[0]);
 * ```
 */
import { Offcputime } from "#skel/offcputime.ts";
import {
  type Counted,
  type EventOf,
  flag,
  integer,
  list,
  loadHooks,
  MAX_PID,
  membersOf,
  type OffCpuState,
  offCpuState,
  optional,
  type OptionsOf,
  seconds,
  stateBits,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import {
  beginSeed,
  blockTimeBounds,
  blockTimeOptions,
  depthOptions,
  excludeEachOther,
  seedAbsences,
  setOffCpu,
  setStacks,
  sideOptions,
  sidesOf,
  stackMembers,
  stackOptions,
  stackTool,
  storageOptions,
} from "#lib/tool/stacks.ts";
import { type OffCpu, OffCpuCounter } from "./offcputime/counter.ts";

const options = {
  ...withLetters(targetOptions, { uid: "" }), // -u is the C tool's
  ...stackOptions,
  ...without(topOptions, "top"),
  tid: list("t", "TID,...", "Trace these threads only", integer(1, MAX_PID)),
  user_threads_only: flag("u", "Trace threads of processes only"),
  kernel_threads_only: flag("k", "Trace threads of the kernel only"),
  ...blockTimeOptions,
  state: list("", "STATE,...", "Trace threads that leave in these states only", offCpuState),
  ...sideOptions,
  ...storageOptions,
  ...depthOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

const member = membersOf<Counted<OffCpu>>();

const members = {
  /** The end of the trace, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the trace", width: -8 }, (r) => r.$time),
  comm: member.text({ brief: "Name of the thread", width: -16 }, (r) => r.comm),
  pid: member.integer({ brief: "Process", width: -7 }, (r) => r.pid),
  tid: member.integer({ brief: "Thread", width: -7 }, (r) => r.tid),
  /** `R` for a thread that waits for a CPU; `S`, `D`, `I`, `T`, `t`, `P` and `W` as ps(1) has them. */
  state: member.text(
    { brief: "State in which it left the CPU: R if it could go on", width: -5 },
    (r) => r.state,
  ),
  iowait: member.boolean({ brief: "Whether it waited for a disk", width: -6 }, (r) => r.iowait),
  count: member.integer(
    { brief: "How often it was off CPU there", width: 8 },
    (r) => r.time.count,
  ),
  /** Nanoseconds in all. */
  total_ns: member.integer({ brief: "Time off CPU", width: 14 }, (r) => r.time.total_ns),
  /** Nanoseconds until it could go on. */
  blocked_ns: member.integer(
    { brief: "Part of it in which the thread was blocked", width: 14 },
    (r) => r.time.total_ns - r.time.queued_ns,
  ),
  /** Nanoseconds from then on. */
  queued_ns: member.integer(
    { brief: "Part of it in which the thread waited for a CPU", width: 14 },
    (r) => r.time.queued_ns,
  ),
  /** Nanoseconds. */
  max_ns: member.integer({ brief: "The longest of these times", width: 14 }, (r) => r.time.max_ns),
  /** Then the time until the end of the trace counts. */
  still_off: member.boolean(
    { brief: "Whether it is off CPU there still", width: -9 },
    (r) => r.still_off,
  ),
  ...stackMembers,
};

/** Time of one thread off CPU, with one stack. */
export type OffCpuTime = EventOf<typeof members>;

export const { tool, start: offcputime } = stackTool({
  name: "offcputime",
  brief: "Show where threads wait off CPU, by their stacks, and for how long",
  examples: [
    ["offcputime", "all threads, until Ctrl-C"],
    ["offcputime 5", "for five seconds"],
    ["offcputime -f 30 > out.folded", "folded stacks, for flame graphs"],
    ["offcputime -m 1000 -u", "times of a millisecond and more, of processes"],
    ["offcputime --state D", "threads that wait for a disk or a lock, and take no signals"],
    ["offcputime -p 185", "one process"],
    ["offcputime -c system.slice", "one cgroup"],
  ],
  options,
  operands,
  members,
  measure: "total_ns",
  shown: (ns) => Math.floor(Number(ns) / 1000),
  title,
  own: sidesOf,
  open: () => Offcputime.open(),
  prepare(opened, options, shown) {
    const { rodata, maps, progs } = opened;
    const { state, tid } = options;
    setOffCpu(opened, options);
    setStacks(rodata, options);
    excludeEachOther(options, "user_threads_only", "kernel_threads_only", "-u and -k");
    rodata.user_threads_only = options.user_threads_only;
    rodata.kernel_threads_only = options.kernel_threads_only;
    rodata.targ_iowait = state.includes("iowait");
    if (state.length > 0) rodata.targ_states = stateBits(lettersOf(state));
    rodata.targ_by_tid = tid.length > 0;
    if (tid.length > 0) maps.targ_tids.maxEntries = tid.length;
    loadHooks(progs, { switch: true, wakeup: shown.has("queued_ns") || shown.has("blocked_ns") });
  },
  attach(skeleton, { tid }) {
    for (const one of tid) skeleton.maps.targ_tids.update(one, true);
    beginSeed(skeleton);
  },
  attached: seedAbsences,
  counter: (skeleton, options) =>
    new OffCpuCounter(skeleton, blockTimeBounds(options), options.perf_max_stack_depth),
  fills: () => true,
});

/** The letters of these states. Where another CPU wakes the thread up already, Linux before 5.18 shows `W` alone. */
function lettersOf(states: readonly OffCpuState[]): string[] {
  const letters = states.filter((name) => name !== "iowait");
  const sleeping = letters.includes("S") || letters.includes("D");
  return sleeping ? [...letters, "W"] : letters;
}

/** The line of the C tool. */
function title({ pid, tid, duration, ...options }: Options): string {
  const whose = tid.length > 0 ? `TID [${tid.join(", ")}]` : undefined;
  const processes = pid.length > 0 ? `PID [${pid.join(", ")}]` : undefined;
  const { user_threads_only, kernel_threads_only } = options;
  const threads = user_threads_only ? "user threads" : kernel_threads_only ? "kernel threads" : "";
  const until = duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
  return `Tracing off-CPU time (us) of ${processes ?? whose ?? (threads || "all threads")}${until}`;
}

if (import.meta.main) await toolMain(tool);
