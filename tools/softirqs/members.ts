import type { group, times } from "#skel/softirqs.ts";
import { type Counted, type EventOf, membersOf, usedSlots } from "#lib/tool/mod.ts";
import {
  irqCpuMember,
  irqHeading,
  irqHistogramMembers,
  irqMicroseconds,
  irqRunMembers,
  type IrqShown,
  irqTimeMember,
  SOFTIRQS,
} from "#lib/tool/irq_times.ts";

const member = membersOf<Counted<group & times, IrqShown>>();

/** The members of a row. */
export const members = {
  ...irqTimeMember,
  softirq: member.text(
    { brief: "The soft interrupt: timer, net_rx, block", width: -16 },
    (r) => SOFTIRQS[r.softirq] ?? String(r.softirq),
  ),
  ...irqCpuMember,
  ...irqRunMembers,
  ksoftirqd: member.integer(
    { brief: "Runs in a thread ksoftirqd/N, as there were too many", width: 9 },
    (r) => Number(r.ksoftirqd),
  ),
  delayed: member.integer(
    { brief: "Runs of which it was seen when they were asked for", width: 8 },
    (r) => Number(r.delays.count),
  ),
  avg_delay_ns: member.integer(
    { brief: "Average time from then to the run", width: 12 },
    ({ delays }) => delays.count === 0n ? undefined : delays.total_ns / delays.count,
  ),
  max_delay_ns: member.integer(
    { brief: "Longest time from then to the run", width: 12 },
    ({ delays }) => delays.count === 0n ? undefined : delays.max_ns,
  ),
  ...irqHistogramMembers,
  /** How many runs were delayed by that. */
  delay_histogram: member.integers(
    { brief: "Runs that were delayed by 2^i to 2^(i+1) - 1 of the unit" },
    (r) => usedSlots(r.delays.slots),
  ),
};

/** A row of a table: the runs of one soft interrupt since the table before. */
export type SoftirqTime = EventOf<typeof members>;

const table = membersOf<SoftirqTime>();

const us = { unit: 1e3, decimals: 1 } as const;

/** What tables alone show: times in microseconds. */
export const derived = {
  ...irqMicroseconds,
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
  return irqHeading("softirq", softirq, cpu);
}
