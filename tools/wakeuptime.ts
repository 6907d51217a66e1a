#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * wakeuptime: for how long threads are blocked, by who wakes them up and the stacks with which that is done.
 *
 * As a command: `sudo tools/wakeuptime.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = wakeuptime({ duration: 10, pid: [1234] });
 * for await (const { waker_comm, kernel, total_ns } of trace) console.log(total_ns, waker_comm, kernel);
 * ```
 */
import { Wakeuptime } from "#skel/wakeuptime.ts";
import {
  flag,
  intervalOptions,
  loadHooks,
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
  blockTimeOptions,
  depthOptions,
  seedAbsences,
  setOffCpu,
  setStacks,
  sideOptions,
  sidesOf,
  stackOptions,
  stackTool,
  storageOptions,
} from "#lib/tool/stacks.ts";
import { WakeupCounter } from "./wakeuptime/counter.ts";
import { drawn, members, path } from "./wakeuptime/members.ts";

export type { WakeupTime } from "./wakeuptime/members.ts";

const options = {
  ...withLetters(targetOptions, { uid: "" }), // -u is the C tool's
  ...stackOptions,
  ...withLetters(intervalOptions, { duration: "" }), // -d is that of the Python tools
  ...without(topOptions, "top"),
  user_threads_only: flag("u", "Trace threads of processes only"),
  ...blockTimeOptions,
  ...sideOptions,
  ...storageOptions,
  ...depthOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

/** A thread that leaves its CPU in this state is not blocked, and nobody needs to wake it up. */
const RUNNABLE = stateBits(["R"]);

export const { tool, start: wakeuptime } = stackTool({
  name: "wakeuptime",
  group: "CPU",
  brief: "Show who wakes up blocked threads, by stacks, and for how long they were blocked",
  examples: [
    ["wakeuptime", "all threads, until Ctrl-C"],
    ["wakeuptime 5", "for five seconds"],
    ["wakeuptime -u", "threads of processes only"],
    ["wakeuptime -p 185", "those of one process, woken up by any task"],
    ["wakeuptime -f 30 > out.folded", "folded stacks, for flame graphs"],
    ["wakeuptime -m 1000", "times of a millisecond and more"],
    ["wakeuptime -c system.slice", "those of one cgroup"],
  ],
  options,
  operands,
  members,
  measure: "total_ns",
  shown: (ns) => Math.floor(Number(ns) / 1000),
  drawn,
  path,
  title,
  own: sidesOf,
  open: () => Wakeuptime.open(),
  prepare(opened, options) {
    const { rodata, maps, progs } = opened;
    setOffCpu(opened, options);
    setStacks(rodata, options);
    rodata.user_threads_only = options.user_threads_only;
    rodata.targ_states = ~RUNNABLE & rodata.targ_states;
    maps.wakers.maxEntries = maps.absences.maxEntries;
    loadHooks(progs, { switch: true, waking: true });
  },
  attach: beginSeed,
  attached: seedAbsences,
  counter: (skeleton, options) => new WakeupCounter(skeleton, options.perf_max_stack_depth),
  fills: () => true,
});

/** The line of the C tool. */
function title({ duration }: Options): string {
  const until = duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
  return `Tracing blocked time (us) by kernel stack${until}`;
}

if (import.meta.main) await toolMain(tool);
