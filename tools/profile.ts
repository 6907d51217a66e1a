#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * profile: where CPUs spend their time, by samples of the stacks of the kernel and of processes.
 *
 * As a command: `sudo tools/profile.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = profile({ duration: 10, pid: [1234] });
 * for await (const { comm, user, samples } of trace) console.log(samples, comm, user[0]);
 * ```
 */
import { Profile } from "#skel/profile.ts";
import {
  type Counted,
  type EventOf,
  flag,
  integer,
  intervalOptions,
  list,
  MAX_PID,
  membersOf,
  option,
  optional,
  type OptionsOf,
  seconds,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import {
  CpuClocks,
  depthOptions,
  onlineCpu,
  onlineCpus,
  setStacks,
  sideOptions,
  sidesOf,
  stackMembers,
  stackOptions,
  stackTool,
} from "#lib/tool/stacks.ts";
import { SampleCounter, type Samples } from "./profile/counter.ts";

const options = {
  ...targetOptions,
  ...stackOptions,
  ...withLetters(intervalOptions, { duration: "" }), // -d is the C tool's
  ...without(topOptions, "top"),
  tid: list("L", "TID,...", "Sample these threads only", integer(1, MAX_PID)),
  frequency: option("F", "HZ", "Sample each CPU this often a second", integer(1, 10_000), 49),
  ...sideOptions,
  include_idle: flag("I", "Sample idle CPUs too"),
  cpu: option("C", "CPU", "Sample this CPU only", onlineCpu),
  ...depthOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

/** What of the options readers of members need. */
const own = (options: Options) => ({ frequency: options.frequency, ...sidesOf(options) });

const member = membersOf<Counted<Samples, ReturnType<typeof own>>>();

const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  comm: member.text({ brief: "Name of the thread", width: -16 }, (r) => r.comm),
  /** 0 where a CPU is idle. */
  pid: member.integer({ brief: "Process; 0 where a CPU is idle", width: -7 }, (r) => r.pid),
  samples: member.integer({ brief: "How often it was seen there", width: 8 }, (r) => r.samples),
  /** The time that the samples stand for. */
  cpu_ns: member.integer(
    { brief: "CPU time that these samples stand for", width: 14 },
    (r) => Math.round(r.samples * 1e9 / r.$own.frequency),
  ),
  percent: member.decimal(
    { brief: "Percent of all samples in the table", width: 7, decimals: 2 },
    (r) => 100 * r.samples / r.all,
  ),
  ...stackMembers,
};

/** Samples of one stack. */
export type StackSamples = EventOf<typeof members>;

export const { tool, start: profile } = stackTool({
  name: "profile",
  group: "CPU",
  brief: "Show where CPUs spend their time, by samples of stacks",
  examples: [
    ["profile", "all CPUs at 49 Hz, until Ctrl-C"],
    ["profile -F 99 10", "99 times a second, for ten seconds"],
    ["profile -f 30 > out.folded", "folded stacks, for flame graphs"],
    ["profile -p $(pidof dd) -U", "one process, without the kernel's functions"],
    ["profile -C 0 -I", "one CPU, also while it is idle"],
    ["profile -c system.slice", "one cgroup"],
  ],
  options,
  operands,
  members,
  measure: "samples",
  title,
  own,
  open: () => Profile.open(),
  prepare({ rodata, maps }, options) {
    setStacks(rodata, options);
    rodata.include_idle = options.include_idle;
    if (options.tid.length > 0) {
      rodata.targ_by_tid = true;
      maps.targ_tids.maxEntries = options.tid.length;
    }
    maps.events.maxEntries = ringSize(options);
  },
  attach({ progs, maps }, { frequency, cpu, tid }) {
    for (const one of tid) maps.targ_tids.update(one, true);
    return new CpuClocks(progs.profile, frequency, cpu);
  },
  counter: (skeleton, options) => new SampleCounter(skeleton, options.perf_max_stack_depth),
  fills: () => true,
});

/** The line of the C tool. */
function title({ frequency, pid, tid, cpu, duration, ...options }: Options): string {
  const whose = pid.length > 0 ? `PID [${pid.join(", ")}]` : undefined;
  const threads = tid.length > 0 ? `TID [${tid.join(", ")}]` : "all threads";
  const { kernel, user } = sidesOf(options);
  const stacks = [user && "user", kernel && "kernel"].filter(Boolean).join(" + ");
  const where = cpu === undefined ? "" : ` on CPU#${cpu}`;
  const until = duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
  return `Sampling at ${frequency} Hertz of ${whose ?? threads} by ${stacks} stack${where}${until}`;
}

/** Bytes for the samples of four seconds, with 60 frames each: the ring is read once a second. */
function ringSize({ frequency }: Options): number {
  const bytes = 4 * frequency * onlineCpus().length * 60 * 8;
  return Math.min(2 ** 28, Math.max(2 ** 18, 2 ** Math.ceil(Math.log2(bytes))));
}

if (import.meta.main) await toolMain(tool);
