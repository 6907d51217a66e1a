#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * runqlat: how long tasks that could run wait for a CPU, as a histogram.
 *
 * As a command: `sudo tools/runqlat.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = runqlat({ interval: 1, pids: true });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].max_ns);
 * ```
 */
import { Runqlat } from "#skel/runqlat.ts";
import {
  countTool,
  flag,
  intervalOperands,
  intervalOptions,
  loadHooks,
  switchArguments,
  targetOptions,
  toolMain,
  topOptions,
  WAIT_KINDS,
} from "#lib/tool/mod.ts";
import {
  microsecondMembers,
  setTaskTimes,
  summaryOptions,
  taskTimeColumns,
  TaskTimeCounter,
  taskTimeOptions,
  unitOf,
} from "#lib/tool/task_times.ts";
import { heading, members } from "./runqlat/members.ts";

export type { RunQueueLatency } from "./runqlat/members.ts";

const options = {
  ...targetOptions,
  ...intervalOptions,
  ...topOptions,
  ...taskTimeOptions,
  kinds: flag("", "Show a histogram for each reason to wait: woken, new, preempted"),
  ...summaryOptions,
};

export const { tool, start: runqlat } = countTool({
  name: "runqlat",
  group: "CPU",
  brief: "Show how long tasks wait for a CPU, as a histogram",
  examples: [
    ["runqlat", "all waits in one histogram, at the end (Ctrl-C)"],
    ["runqlat 1 10", "a histogram every second, ten of them"],
    ["runqlat -mT 1", "in milliseconds, with the time"],
    ["runqlat -P", "one histogram for each process"],
    ["runqlat --pidnss", "one for each pid namespace"],
    ["runqlat -p $(pidof dd)", "waits of one process only"],
    ["runqlat -P --summary --top", "a row for each process, in place"],
    ["runqlat --cpus --kinds --summary", "where tasks wait, and why"],
  ],
  options,
  operands: intervalOperands,
  demanding: [{ pids: true, tids: true, pidnss: true, cgroups: true, kinds: true }],
  members,
  derived: microsecondMembers,
  title: () => "Tracing run queue latency... Hit Ctrl-C to end.",
  columns: ({ summary, top, kinds, ...options }) =>
    summary || top ? taskTimeColumns(options, kinds && "kind") : [],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: (options) =>
    options.summary ? undefined : { of: "histogram", unit: unitOf(options).unit },
  heading,
  own: (options) => options,
  open: () => Runqlat.open(),
  prepare(opened, options) {
    Object.assign(opened.rodata, switchArguments());
    setTaskTimes(opened, options, options.kinds ? WAIT_KINDS.length : undefined);
    loadHooks(opened.progs, { wakeup: true, wakeup_new: true, switch: true });
  },
  counter: (skeleton, { cpus }) => new TaskTimeCounter(skeleton, cpus),
  // Groups or, after some hours, the 32 bits of a slot.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
