/**
 * What offcputime and offwaketime share: the user half of bpf/include/off_cpu_times.h. It stands apart from
 * stacks.ts, as few tools need it.
 *
 * @module
 */
import { membersOf } from "./members/members_of.ts";
import { flag, list, type OptionsOf } from "./options/declarations.ts";
import { integer, MAX_PID } from "./options/parsers.ts";
import type { Counted } from "./shapes/counts.ts";
import type { OffCpu } from "./off_cpu_counter.ts";
import { beginSeed, blockTimeOptions, setOffCpu } from "./off_cpu.ts";
import { type OffCpuState, offCpuState, stateBits } from "./sched.ts";
import {
  depthOptions,
  excludeEachOther,
  setStacks,
  sideOptions,
  storageOptions,
} from "./stack_parts.ts";

export { type OffCpu, OffCpuCounter } from "./off_cpu_counter.ts";

/** Which times are traced: options to be spread into those of a tool. */
export const offCpuOptions = {
  tid: list("t", "TID,...", "Trace these threads only", integer(1, MAX_PID)),
  user_threads_only: flag("u", "Trace threads of processes only"),
  kernel_threads_only: flag("k", "Trace threads of the kernel only"),
  ...blockTimeOptions,
  state: list("", "STATE,...", "Trace threads that leave in these states only", offCpuState),
  ...sideOptions,
  ...storageOptions,
  ...depthOptions,
};

/** The values of {@link offCpuOptions}. */
export type OffCpuOptions = OptionsOf<typeof offCpuOptions>;

/** An opened skeleton with off_cpu_times.h. */
type OpenedTimes = Parameters<typeof setOffCpu>[0] & {
  readonly rodata: Parameters<typeof setStacks>[0] & {
    user_threads_only: boolean;
    kernel_threads_only: boolean;
    targ_iowait: boolean;
    targ_states: bigint;
    targ_by_tid: boolean;
  };
  readonly maps: { readonly targ_tids: { maxEntries: number } };
};

/**
 * Sets before load which times count.
 * @throws {ExitError} (64) if options exclude each other
 */
export function setOffCpuTimes(opened: OpenedTimes, options: OffCpuOptions): void {
  const { rodata, maps } = opened;
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
}

/** The letters of these states. Where another CPU wakes the thread up already, Linux before 5.18 shows `W` alone. */
function lettersOf(states: readonly OffCpuState[]): string[] {
  const letters = states.filter((name) => name !== "iowait");
  const sleeping = letters.includes("S") || letters.includes("D");
  return sleeping ? [...letters, "W"] : letters;
}

/** A loaded skeleton with off_cpu_times.h. */
type LoadedTimes = Parameters<typeof beginSeed>[0] & {
  readonly maps: { readonly targ_tids: { update(tid: number, traced: boolean): unknown } };
};

/** Names the threads that are traced, to be called before the hooks are attached. */
export function beginOffCpu(skeleton: LoadedTimes, { tid }: Pick<OffCpuOptions, "tid">): void {
  for (const one of tid) skeleton.maps.targ_tids.update(one, true);
  beginSeed(skeleton);
}

/** The end of the title, as the C tool has it: `user threads for 5 secs.`. */
export function offCpuTitle(
  { pid, tid, duration, user_threads_only, kernel_threads_only }:
    & Pick<OffCpuOptions, "tid" | "user_threads_only" | "kernel_threads_only">
    & { readonly pid: readonly number[]; readonly duration: number | undefined },
): string {
  const whose = tid.length > 0 ? `TID [${tid.join(", ")}]` : undefined;
  const processes = pid.length > 0 ? `PID [${pid.join(", ")}]` : undefined;
  const threads = user_threads_only ? "user threads" : kernel_threads_only ? "kernel threads" : "";
  const until = duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
  return `${processes ?? whose ?? (threads || "all threads")}${until}`;
}

const member = membersOf<Counted<OffCpu>>();

/** Members that say whose time it is, and in which state it was spent. */
export const offCpuMembers = {
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
};

/** Members that say how long it was. */
export const offCpuTimeMembers = {
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
};
