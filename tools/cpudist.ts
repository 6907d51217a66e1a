#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * cpudist: how long tasks are on a CPU at a time, or off CPU, as a histogram.
 *
 * As a command: `sudo tools/cpudist.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = cpudist({ interval: 1, pids: true });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].max_ns);
 * ```
 */
import { Cpudist } from "#skel/cpudist.ts";
import {
  countTool,
  ExitCode,
  ExitError,
  flag,
  intervalOperands,
  intervalOptions,
  loadHooks,
  mostThreads,
  switchArguments,
  targetOptions,
  toolMain,
  topOptions,
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
import { heading, members, MOST_KINDS } from "./cpudist/members.ts";

export type { CpuTimes } from "./cpudist/members.ts";

const options = {
  ...targetOptions,
  ...intervalOptions,
  ...topOptions,
  offcpu: flag("O", "Show the time that tasks are off CPU"),
  include_idle: flag("I", "Show idle tasks too"),
  ...taskTimeOptions,
  states: flag("", "Show a histogram for each state in which tasks leave their CPUs"),
  ...summaryOptions,
};

export const { tool, start: cpudist } = countTool({
  name: "cpudist",
  group: "CPU",
  brief: "Show how long tasks are on a CPU at a time, or off CPU, as a histogram",
  examples: [
    ["cpudist", "times on a CPU in one histogram, at the end (Ctrl-C)"],
    ["cpudist -O", "times off CPU"],
    ["cpudist 1 10", "a histogram every second, ten of them"],
    ["cpudist -mT 1", "in milliseconds, with the time"],
    ["cpudist -P", "one histogram for each process"],
    ["cpudist -p 185", "times of one process only"],
    ["cpudist -O --states --summary", "off CPU, by why tasks wait"],
    ["cpudist -P --summary --top", "a row for each process, in place"],
  ],
  options,
  operands: intervalOperands,
  demanding: [{ pids: true, tids: true, pidnss: true, cgroups: true, states: true }],
  members,
  derived: microsecondMembers,
  title: ({ offcpu }) => `Tracing ${offcpu ? "off" : "on"}-CPU time... Hit Ctrl-C to end.`,
  columns: ({ summary, top, states, ...options }) =>
    summary || top ? taskTimeColumns(options, states && "state") : [],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: (options) =>
    options.summary ? undefined : { of: "histogram", unit: unitOf(options).unit },
  heading,
  own: (options) => options,
  open: () => Cpudist.open(),
  prepare(opened, options) {
    const { rodata, maps, progs } = opened;
    const { offcpu, include_idle, states } = options;
    if (offcpu && include_idle) {
      throw new ExitError(
        ExitCode.Usage,
        "Idle tasks are never off CPU: -O and -I exclude each other",
      );
    }
    Object.assign(rodata, switchArguments());
    rodata.include_idle = include_idle;
    setTaskTimes(opened, options, states ? MOST_KINDS : undefined);
    if (offcpu) maps.absences.maxEntries = mostThreads();
    loadHooks(progs, { slice: !offcpu, switch: offcpu });
    progs.seed_absences.autoload = false; // a time that began before the trace is not known
  },
  counter: (skeleton, { cpus }) => new TaskTimeCounter(skeleton, cpus),
  // Groups or, after some hours, the 32 bits of a slot.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
