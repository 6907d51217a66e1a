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
  type OptionsOf,
  possibleCpus,
  switchArguments,
  targetOptions,
  toolMain,
  topOptions,
  WAIT_KINDS,
} from "#lib/tool/mod.ts";
import { WaitCounter } from "./runqlat/counter.ts";
import { derived, heading, members, unitOf } from "./runqlat/members.ts";

export type { RunQueueLatency } from "./runqlat/members.ts";

/** Groups and names in a second where waits are distinguished: a group has an entry for each CPU that it waits for. */
const MAX_GROUPS = 16_384;

/** What CPUs count in otherwise: in two sets, for each kind of wait. */
const FEW_GROUPS = 2 * WAIT_KINDS.length;

const options = {
  ...targetOptions,
  ...intervalOptions,
  ...topOptions,
  timestamp: flag("T", "Show the time above each table"),
  milliseconds: flag("m", "Show histograms of milliseconds, not of microseconds"),
  nanoseconds: flag("N", "Show histograms of nanoseconds"),
  pids: flag("P", "Show a histogram for each process"),
  tids: flag("L", "Show a histogram for each thread"),
  pidnss: flag("", "Show a histogram for each pid namespace"),
  cgroups: flag("", "Show a histogram for each cgroup (v2)"),
  cpus: flag("", "Show a histogram for each CPU"),
  kinds: flag("", "Show a histogram for each reason to wait: woken, new, preempted"),
  summary: flag("", "Show a row in place of each histogram: average and percentiles"),
};

type Options = OptionsOf<typeof options>;

/** Whether there are as many groups as there are processes, threads, or cgroups. */
const areMany = ({ pids, tids, pidnss, cgroups }: Options) => pids || tids || pidnss || cgroups;

export const { tool, start: runqlat } = countTool({
  name: "runqlat",
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
  derived,
  title: () => "Tracing run queue latency... Hit Ctrl-C to end.",
  columns: ({ summary, top, pids, tids, pidnss, cgroups, cpus, kinds }) =>
    !summary && !top ? [] : [
      pids && "pid",
      tids && "tid",
      (pids || tids) && "comm",
      pidnss && "pidns",
      cgroups && "cgroup_id",
      cpus && "cpu",
      kinds && "kind",
      "count",
      "avg_us",
      "p50_us",
      "p90_us",
      "p99_us",
      "max_us",
    ],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: (options) =>
    options.summary ? undefined : { of: "histogram", unit: unitOf(options).unit },
  heading,
  own: (options) => options,
  open: () => Runqlat.open(),
  prepare({ rodata, progs, maps }, options) {
    Object.assign(rodata, switchArguments());
    rodata.unit_ns = BigInt(unitOf(options).ns);
    rodata.by_pid = options.pids;
    rodata.by_tid = options.tids;
    rodata.by_pidns = options.pidnss;
    rodata.by_cgroup = options.cgroups;
    rodata.by_kind = options.kinds;
    maps.counts.maxEntries = areMany(options) ? MAX_GROUPS : FEW_GROUPS * possibleCpus();
    if (options.pids || options.tids) maps.names.maxEntries = MAX_GROUPS;
    loadHooks(progs, { wakeup: true, wakeup_new: true, switch: true });
  },
  counter: (skeleton, { cpus }) => new WaitCounter(skeleton, cpus),
  // Groups or, after some hours, the 32 bits of a slot.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
