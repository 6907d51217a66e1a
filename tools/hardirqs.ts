#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * hardirqs: how long the handlers of interrupts run, those of timers and between CPUs among them.
 *
 * As a command: `sudo tools/hardirqs.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = hardirqs({ interval: 1, cpus: true });
 * for await (const table of trace.batches()) console.log(table[0].name, table[0].total_ns);
 * ```
 */
import { Hardirqs } from "#skel/hardirqs.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  option,
  possibleCpus,
  readTextFile,
  targetOptions,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import {
  attachRawTracepoint,
  cpuNumber,
  irqTimeOptions,
  setIrqTimes,
  tracepointArguments,
  unitOf,
} from "#lib/tool/irq_times.ts";
import { allCounts, VECTORS } from "./hardirqs/interrupts.ts";
import { derived, heading, members } from "./hardirqs/members.ts";

export type { HardirqTime } from "./hardirqs/members.ts";

/** An irq comes to few CPUs in the time of a table, a vector to each. */
const CPUS_OF_IRQ = 4;

/** The vectors that this kernel has tracepoints for: none but on x86, and fewer in earlier ones. */
const vectors = () =>
  [...VECTORS.values()].filter(({ name }) => tracepointArguments(`${name}_entry`) !== undefined);

export const { tool, start: hardirqs } = countTool({
  name: "hardirqs",
  group: "CPU",
  brief: "Show how long the handlers of interrupts run",
  examples: [
    ["hardirqs", "the time of each handler, at the end (Ctrl-C)"],
    ["hardirqs 1 10", "each second, ten times"],
    ["hardirqs -d", "a histogram of each"],
    ["hardirqs -NT 1", "nanoseconds, and when it was"],
    ["hardirqs -C --sort cpu", "a row for each CPU: are they balanced?"],
    ["hardirqs -s 1", "what comes to CPU 1"],
    ["hardirqs --stats --top", "average and percent of a CPU, in place"],
    ["hardirqs -p 185", "what interrupts this process"],
  ],
  options: {
    ...targetOptions,
    ...irqTimeOptions,
    cpu: option("s", "CPU", "Trace this CPU only", cpuNumber),
    cpus: { ...flag("C", "Show a row for each CPU"), alias: "CPU" },
    stats: flag("", "Show average, percent of a CPU and runs that found nothing to do as well"),
    ...topOptions,
  },
  operands: intervalOperands,
  members,
  derived,
  title: () => "Tracing hard irq event time... Hit Ctrl-C to end.",
  columns: ({ distribution, nanoseconds, cpus, stats }) =>
    distribution ? [] : [
      "name",
      "count",
      nanoseconds ? "total_ns" : "total_us",
      nanoseconds ? "max_ns" : "max_us",
      cpus && "cpu",
      stats && (nanoseconds ? "avg_ns" : "avg_us"),
      stats && "cpu_percent",
      stats && "none",
    ],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: ({ distribution, ...options }) =>
    distribution ? { of: "histogram", unit: unitOf(options).unit } : undefined,
  heading,
  own: (options) => options,
  open: () => Hardirqs.open(),
  prepare({ rodata, progs, maps }, options, shown) {
    setIrqTimes(rodata, options, shown);
    const irqs = readTextFile("/proc/interrupts").match(/^ *\d+:/gm)?.length ?? 0;
    maps.counts.maxEntries = 2 * (CPUS_OF_IRQ * irqs + VECTORS.size * possibleCpus());
    const hasVectors = vectors().length > 0;
    progs.vector_entry.autoload = progs.vector_exit.autoload = hasVectors;
    progs.nmi_handler.autoload = tracepointArguments("nmi_handler") !== undefined;
  },
  attach({ progs }) {
    for (const { name } of vectors()) {
      attachRawTracepoint(progs.vector_entry, `${name}_entry`);
      attachRawTracepoint(progs.vector_exit, `${name}_exit`);
    }
  },
  counter: (skeleton, { cpus }) => new CounterSets(skeleton, allCounts(skeleton.maps), cpus),
});

if (import.meta.main) await toolMain(tool);
