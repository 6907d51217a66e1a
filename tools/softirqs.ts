#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * softirqs: how long soft interrupts run, and how long they wait for that.
 *
 * As a command: `sudo tools/softirqs.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = softirqs({ interval: 1, cpus: true });
 * for await (const table of trace.batches()) console.log(table[0].softirq, table[0].total_ns);
 * ```
 */
import { Softirqs } from "#skel/softirqs.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  option,
  possibleCpus,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import { cpuNumber, irqTimeOptions, setIrqTimes, SOFTIRQS, unitOf } from "#lib/tool/irq_times.ts";
import { derived, heading, members } from "./softirqs/members.ts";

export type { SoftirqTime } from "./softirqs/members.ts";

/** Fields that need the moment at which they are raised. */
const DELAYS = ["delayed", "avg_delay_ns", "max_delay_ns", "delay_histogram"];

export const { tool, start: softirqs } = countTool({
  name: "softirqs",
  group: "CPU",
  brief: "Show how long soft interrupts run, and how long they wait for that",
  examples: [
    ["softirqs", "the time of each soft interrupt, at the end (Ctrl-C)"],
    ["softirqs 1 10", "each second, ten times"],
    ["softirqs -d", "a histogram of each"],
    ["softirqs -CNT 1", "counts as well, nanoseconds, and when it was"],
    ["softirqs --cpus -c 1", "those of CPU 1"],
    ["softirqs --stats --delay --top", "who waits, and for how long, in place"],
    ["softirqs -d --delay", "how long they wait, as histograms"],
  ],
  options: {
    ...irqTimeOptions,
    counts: { ...flag("C", "Show how many there were as well"), alias: "count" },
    cpu: option("c", "CPU", "Trace this CPU only", cpuNumber),
    cpus: flag("", "Show a row for each CPU"),
    stats: flag("", "Show average, maximum, percent of a CPU and runs in ksoftirqd as well"),
    delay: flag("", "Show how long they wait from being raised to their run as well"),
    net: flag("", "Leave out the time of device interrupts in between"),
    ...topOptions,
  },
  operands: intervalOperands,
  members,
  derived,
  title: () => "Tracing soft irq event time... Hit Ctrl-C to end.",
  columns: ({ distribution, nanoseconds, counts, cpus, stats, delay }) =>
    distribution ? [] : [
      "softirq",
      cpus && "cpu",
      nanoseconds ? "total_ns" : "total_us",
      (counts || stats) && "count",
      stats && "avg_us",
      stats && "max_us",
      stats && "cpu_percent",
      stats && "ksoftirqd",
      delay && "avg_delay_us",
      delay && "max_delay_us",
    ],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: ({ distribution, delay, ...options }) =>
    distribution
      ? { of: delay ? "delay_histogram" : "histogram", unit: unitOf(options).unit }
      : undefined,
  heading,
  own: (options) => options,
  open: () => Softirqs.open(),
  prepare({ rodata, progs, maps }, options, shown) {
    const { delay, net } = options;
    setIrqTimes(rodata, options, shown, "delay_histogram");
    rodata.tell_ksoftirqd = shown.has("ksoftirqd");
    maps.counts.maxEntries = 2 * SOFTIRQS.length * possibleCpus();
    progs.softirq_raise.autoload = delay || DELAYS.some((name) => shown.has(name));
    for (const program of [progs.irq_handler_entry, progs.irq_handler_exit]) program.autoload = net;
  },
  counter: (skeleton, { cpus }) => new CounterSets(skeleton, skeleton.maps.counts, cpus),
});

if (import.meta.main) await toolMain(tool);
