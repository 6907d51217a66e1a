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
  type EventOf,
  loadHooks,
  optional,
  seconds,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import {
  blockTimeBounds,
  seedAbsences,
  sidesOf,
  stackMembers,
  stackOptions,
  stackTool,
} from "#lib/tool/stacks.ts";
import {
  beginOffCpu,
  OffCpuCounter,
  offCpuMembers,
  offCpuOptions,
  offCpuTimeMembers,
  offCpuTitle,
  setOffCpuTimes,
} from "#lib/tool/off_cpu_times.ts";

const options = {
  ...withLetters(targetOptions, { uid: "" }), // -u is the C tool's
  ...stackOptions,
  ...without(topOptions, "top"),
  ...offCpuOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

const members = { ...offCpuMembers, ...offCpuTimeMembers, ...stackMembers };

/** Time of one thread off CPU, with one stack. */
export type OffCpuTime = EventOf<typeof members>;

export const { tool, start: offcputime } = stackTool({
  name: "offcputime",
  group: "CPU",
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
  title: (options) => `Tracing off-CPU time (us) of ${offCpuTitle(options)}`,
  own: sidesOf,
  open: () => Offcputime.open(),
  prepare(opened, options, shown) {
    setOffCpuTimes(opened, options);
    loadHooks(opened.progs, {
      switch: true,
      wakeup: shown.has("queued_ns") || shown.has("blocked_ns"),
    });
  },
  attach: beginOffCpu,
  attached: seedAbsences,
  counter: (skeleton, options) =>
    new OffCpuCounter(skeleton, blockTimeBounds(options), options.perf_max_stack_depth),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
