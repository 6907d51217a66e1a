#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * runqlen: how many tasks wait for a CPU, by samples of the run queues.
 *
 * As a command: `sudo tools/runqlen.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = runqlen({ interval: 1, cpus: true });
 * for await (const table of trace.batches()) console.log(table[0].cpu, table[0].max_len);
 * ```
 */
import { Runqlen } from "#skel/runqlen.ts";
import {
  countTool,
  ExitCode,
  ExitError,
  flag,
  integer,
  intervalOperands,
  intervalOptions,
  option,
  possibleCpus,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import { findsVariable } from "#lib/tool/kernel_variables.ts";
import { CpuClocks, cpuNodes, OneClock } from "#lib/tool/timers.ts";
import { mostCounts, QueueCounter } from "./runqlen/counter.ts";
import { members } from "./runqlen/members.ts";
import { heading, occupancyLine, unclaimedLine } from "./runqlen/text.ts";

export type { RunQueueLength } from "./runqlen/members.ts";

export const { tool, start: runqlen } = countTool({
  name: "runqlen",
  group: "CPU",
  brief: "Show how many tasks wait for a CPU, by samples of the run queues",
  examples: [
    ["runqlen", "a histogram of all CPUs, at the end (Ctrl-C)"],
    ["runqlen 1 10", "one each second, ten times"],
    ["runqlen -C", "one for each CPU"],
    ["runqlen -O 1", "how often tasks waited, in percent"],
    ["runqlen -CT --summary 1", "a row for each CPU, with the time"],
    ["runqlen --class", "those of real time and others on their own"],
    ["runqlen --unclaimed 1", "CPUs that are idle while tasks wait for others"],
  ],
  options: {
    cpus: flag("C", "Show a histogram for each CPU"),
    frequency: option("f", "FREQ", "Look this often a second", integer(1, 10_000), 99),
    runqocc: flag("O", "Show how often tasks waited, in percent, and no histogram"),
    timestamp: flag("T", "Show the time above each table"),
    host: flag("H", "Show the queues of the host, not of a cgroup: these are shown always"),
    class: flag("", "Show a histogram for each class of scheduling"),
    numa: flag("", "Show a histogram for each NUMA node"),
    unclaimed: flag("", "Show CPUs that are idle while tasks wait for others"),
    summary: flag("", "Show a row in place of a histogram"),
    ...intervalOptions,
    ...topOptions,
  },
  operands: intervalOperands,
  demanding: [{ unclaimed: true }],
  members,
  title: () => "Sampling run queue length... Hit Ctrl-C to end.",
  columns: ({ summary, top, numa, cpus, class: by_class, unclaimed }) =>
    summary || top
      ? [
        numa && "node",
        cpus && "cpu",
        by_class && "class",
        "samples",
        "avg_len",
        "max_len",
        "occupancy",
        unclaimed && "cpu_percent",
        unclaimed && "unclaimed_percent",
        unclaimed && "bound_percent",
      ]
      : [],
  order: ({ cpus, numa }) => cpus ? "cpu" : numa ? "node" : "-avg_len",
  stamp: ({ timestamp }) => timestamp,
  text(rows, { summary, runqocc, unclaimed }) {
    if (summary) return undefined;
    if (unclaimed) return rows.map(unclaimedLine).join("");
    return runqocc ? rows.map(occupancyLine).join("") : undefined;
  },
  histogram: ({ summary }) =>
    summary ? undefined : { of: "histogram", unit: "runqlen", linear: { base: 0, step: 1 } },
  heading,
  open: () => Runqlen.open(),
  prepare({ rodata, progs, maps }, options) {
    const { cpus, class: by_class, unclaimed } = options;
    if (unclaimed && (cpus || by_class)) {
      throw new ExitError(
        ExitCode.Usage,
        "CPUs are compared with others: --unclaimed excludes -C and --class",
      );
    }
    const all = progs.snapshot.autoload = findsVariable("runqueues");
    if (unclaimed && !all) {
      throw new ExitError(
        ExitCode.Unavailable,
        "--unclaimed compares CPUs, and this kernel lets no program find the run queues of others",
        {
          hint:
            "it needs Linux 6.1 or later, with types of per-CPU variables and CONFIG_KALLSYMS_ALL",
        },
      );
    }
    progs.sample.autoload = !all;
    rodata.by_class = by_class;
    rodata.with_unclaimed = unclaimed;
    rodata.nr_cpus = possibleCpus();
    maps.counts.maxEntries = mostCounts(possibleCpus(), options);
    if (unclaimed && options.numa) {
      rodata.nr_nodes = Math.max(...cpuNodes().values(), 0) + 1;
      maps.nodes.maxEntries = possibleCpus();
    }
  },
  attach({ progs, maps }, { frequency, unclaimed, numa }) {
    if (unclaimed && numa) { for (const [cpu, node] of cpuNodes()) maps.nodes.update(cpu, node); }
    return progs.snapshot.autoload
      ? new OneClock(progs.snapshot, frequency)
      : new CpuClocks(progs.sample, frequency);
  },
  counter: (skeleton, options) => new QueueCounter(skeleton, options, cpuNodes()),
  // Lengths are as many as there are samples, at most.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
