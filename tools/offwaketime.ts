#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * offwaketime: where threads wait, by the stacks with which they leave their CPUs, and by who wakes them up with
 * which stacks.
 *
 * As a command: `sudo tools/offwaketime.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = offwaketime({ duration: 10, pid: [1234] });
 * for await (const { comm, waker_comm, total_ns } of trace) console.log(total_ns, comm, waker_comm);
 * ```
 */
import { Offwaketime } from "#skel/offwaketime.ts";
import {
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
  stackOptions,
  stackTool,
} from "#lib/tool/stacks.ts";
import {
  beginOffCpu,
  OffCpuCounter,
  offCpuOptions,
  offCpuTitle,
  setOffCpuTimes,
} from "#lib/tool/off_cpu_times.ts";
import { drawn, members, path } from "./offwaketime/members.ts";

export type { OffWakeTime } from "./offwaketime/members.ts";

const options = {
  ...withLetters(targetOptions, { uid: "" }), // -u is the Python tool's
  ...stackOptions,
  ...without(topOptions, "top"),
  ...offCpuOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

export const { tool, start: offwaketime } = stackTool({
  name: "offwaketime",
  group: "CPU",
  brief: "Show where threads wait off CPU, and who wakes them up, by the stacks of both",
  examples: [
    ["offwaketime", "all threads, until Ctrl-C"],
    ["offwaketime 5", "for five seconds"],
    ["offwaketime -f 30 > out.folded", "folded stacks, for flame graphs"],
    ["offwaketime -m 1000 -u", "times of a millisecond and more, of processes"],
    ["offwaketime --state D", "threads that wait for a disk or a lock, and take no signals"],
    ["offwaketime -p 185", "one process, woken up by any task"],
    ["offwaketime -K", "stacks of the kernel only"],
  ],
  options,
  operands,
  members,
  measure: "total_ns",
  shown: (ns) => Math.floor(Number(ns) / 1000),
  drawn,
  path,
  title: (options) => `Tracing blocked time (us) by user + kernel stack of ${offCpuTitle(options)}`,
  own: sidesOf,
  open: () => Offwaketime.open(),
  prepare(opened, options) {
    setOffCpuTimes(opened, options);
    opened.maps.wakers.maxEntries = opened.maps.absences.maxEntries;
    loadHooks(opened.progs, { switch: true, waking: true });
  },
  attach: beginOffCpu,
  attached: seedAbsences,
  counter: (skeleton, options) =>
    new OffCpuCounter(skeleton, blockTimeBounds(options), options.perf_max_stack_depth),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
