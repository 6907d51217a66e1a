import type { group, times } from "#skel/softirqs.ts";
import { type Counted, type EventOf, membersOf, percentileNs, usedSlots } from "#lib/tool/mod.ts";
import { unitOf } from "#lib/tool/task_times.ts";

/** The soft interrupts by their numbers, as /proc/softirqs has them: include/linux/interrupt.h. */
export const SOFTIRQS = [
  "hi",
  "timer",
  "net_tx",
  "net_rx",
  "block",
  "irq_poll",
  "tasklet",
  "sched",
  "hrtimer",
  "rcu",
] as const;

/** The options that rows depend on. */
export interface Shown {
  readonly cpus: boolean;
  readonly nanoseconds: boolean;
}

const member = membersOf<Counted<group & times, Shown>>();

/** What this part of the runs took less than, in nanoseconds. */
function estimate(part: number, brief: string) {
  return member.integer(
    { brief, width: 12 },
    (r) => percentileNs(r, part, unitOf(r.$own).ns),
  );
}

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  softirq: member.text(
    { brief: "The soft interrupt: timer, net_rx, block", width: -16 },
    (r) => SOFTIRQS[r.softirq] ?? String(r.softirq),
  ),
  /** With the option `cpus`. */
  cpu: member.integer(
    { brief: "CPU, with --cpus", width: 3 },
    (r) => r.$own.cpus ? r.cpu : undefined,
  ),
  count: member.integer(
    { brief: "Runs that ended", header: "TOTAL_count", width: 11 },
    (r) => Number(r.count),
  ),
  total_ns: member.integer(
    { brief: "How long they took together", header: "TOTAL_nsecs", width: 11 },
    (r) => r.total_ns,
  ),
  avg_ns: member.integer({ brief: "Average run", width: 10 }, (r) => r.total_ns / r.count),
  min_ns: member.integer({ brief: "Shortest run", width: 10 }, (r) => r.min_ns),
  max_ns: member.integer({ brief: "Longest run", width: 10 }, (r) => r.max_ns),
  p50_ns: estimate(0.5, "Half of the runs took less: an estimate"),
  p90_ns: estimate(0.9, "90 of 100 runs took less: an estimate"),
  p99_ns: estimate(0.99, "99 of 100 runs took less: an estimate"),
  /** 100 is all of the time of one CPU. */
  cpu_percent: member.decimal(
    { brief: "Time of these runs, in percent of one CPU", header: "CPU%", width: 6, decimals: 2 },
    (r) => Number(r.total_ns) / (r.$seconds * 1e7),
  ),
  ksoftirqd: member.integer(
    { brief: "Runs in a thread ksoftirqd/N, as there were too many", width: 9 },
    (r) => Number(r.ksoftirqd),
  ),
  delayed: member.integer(
    { brief: "Runs of which it was seen when they were asked for", width: 8 },
    (r) => Number(r.delayed),
  ),
  avg_delay_ns: member.integer(
    { brief: "Average time from then to the run", width: 12 },
    (r) => r.delayed === 0n ? undefined : r.delay_ns / r.delayed,
  ),
  max_delay_ns: member.integer(
    { brief: "Longest time from then to the run", width: 12 },
    (r) => r.delayed === 0n ? undefined : r.max_delay_ns,
  ),
  /** What the histograms count in: `us`, or `ns` with the option `nanoseconds`. */
  unit: member.text(
    { brief: "Unit of the histograms: us or ns", width: -4 },
    (r) => unitOf(r.$own).short,
  ),
  /** How many runs took 2^i to 2^(i+1) - 1 of this unit; the first also those of 0. */
  histogram: member.integers(
    { brief: "Runs that took 2^i to 2^(i+1) - 1 of the unit" },
    (r) => usedSlots(r.slots),
  ),
  /** How many runs were delayed by that. */
  delay_histogram: member.integers(
    { brief: "Runs that were delayed by 2^i to 2^(i+1) - 1 of the unit" },
    (r) => usedSlots(r.delay_slots),
  ),
};

/** A row of a table: the runs of one soft interrupt since the table before. */
export type SoftirqTime = EventOf<typeof members>;

const table = membersOf<SoftirqTime>();

const us = { unit: 1e3, decimals: 1 } as const;

/** What tables alone show: times in microseconds. */
export const derived = {
  total_us: table.integer(
    { brief: "total_ns, in microseconds", header: "TOTAL_usecs", width: 11, unit: 1e3 },
    (e) => e.total_ns,
  ),
  avg_us: table.integer(
    { brief: "avg_ns, in microseconds", header: "AVG (us)", width: 9, ...us },
    (e) => e.avg_ns,
  ),
  max_us: table.integer(
    { brief: "max_ns, in microseconds", header: "MAX (us)", width: 9, ...us },
    (e) => e.max_ns,
  ),
  avg_delay_us: table.integer(
    { brief: "avg_delay_ns, in microseconds", header: "DELAY (us)", width: 10, ...us },
    (e) => e.avg_delay_ns,
  ),
  max_delay_us: table.integer(
    { brief: "max_delay_ns, in microseconds", header: "MAX DELAY", width: 9, ...us },
    (e) => e.max_delay_ns,
  ),
};

/** The line above a histogram, as the C tool has it. */
export function heading({ softirq, cpu }: SoftirqTime): string {
  return `softirq = ${softirq}${cpu === undefined ? "" : `, cpu = ${cpu}`}`;
}
