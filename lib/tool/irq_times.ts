/**
 * What hardirqs and softirqs share: the user half of bpf/include/irq_times.h. It stands apart from mod.ts, as few
 * tools need it.
 *
 * @module
 */
import { membersOf } from "./members/members_of.ts";
import { flag } from "./options/declarations.ts";
import { integer } from "./options/parsers.ts";
import type { Counted } from "./shapes/counts.ts";
import { unitOf } from "./task_times.ts";
import { usedSlots } from "./text/histogram.ts";
import { percentileNs } from "./text/percentile.ts";

export { tracepointArguments } from "../btf/tracepoint.ts";
export { attachRawTracepoint } from "../objects/attach/raw_tracepoint.ts";
export { unitOf };

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

/** How times are shown: options to be spread into those of a tool. */
export const irqTimeOptions = {
  distribution: { ...flag("d", "Show a histogram of each"), alias: "distributed" },
  timestamp: flag("T", "Show the time above each table"),
  nanoseconds: flag("N", "Show nanoseconds, not microseconds"),
};

/** Parses the number of a CPU; 8191 is the highest, by NR_CPUS of the largest kernels. */
export const cpuNumber = integer(0, 8191);

/** The options that rows depend on. */
export interface IrqShown {
  readonly cpus: boolean;
  readonly nanoseconds: boolean;
}

/** The variables of a kernel half with irq_times.h. */
interface IrqConstants {
  in_slots: boolean;
  unit_ns: bigint;
  one_cpu: boolean;
  targ_cpu: number;
}

/** Fields that need slots. */
const IN_SLOTS = ["p50_ns", "p90_ns", "p99_ns", "histogram"];

/**
 * Sets before load what is counted.
 * @param more fields of the tool's own that need slots
 */
export function setIrqTimes(
  rodata: IrqConstants,
  options: { distribution: boolean; nanoseconds: boolean; cpu?: number },
  shown: ReadonlySet<string>,
  ...more: readonly string[]
): void {
  const { distribution, cpu } = options;
  rodata.in_slots = distribution || [...IN_SLOTS, ...more].some((name) => shown.has(name));
  rodata.unit_ns = BigInt(unitOf(options).ns);
  rodata.one_cpu = cpu !== undefined;
  rodata.targ_cpu = cpu ?? 0;
}

/** How long interrupts took, as `struct irq_times` has it. */
export interface IrqTimes {
  readonly count: bigint;
  readonly total_ns: bigint;
  readonly min_ns: bigint;
  readonly max_ns: bigint;
  readonly slots: readonly number[];
}

/** What the members are read from. */
export type IrqRow = Counted<{ readonly cpu: number; readonly runs: IrqTimes }, IrqShown>;

const member = membersOf<IrqRow>();

/** What this part of the runs took less than, in nanoseconds. */
function estimate(part: number, brief: string) {
  return member.integer(
    { brief, width: 12 },
    ({ runs, $own }) => runs.count && percentileNs(runs, part, unitOf($own).ns),
  );
}

/** The end of the table's time, in nanoseconds since 1970. */
export const irqTimeMember = {
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
};

/** With the option `cpus`. */
export const irqCpuMember = {
  cpu: member.integer(
    { brief: "CPU, with --cpus", width: 3 },
    (r) => r.$own.cpus ? r.cpu : undefined,
  ),
};

/** The members that say how many runs there were, and how long they took. */
export const irqRunMembers = {
  count: member.integer(
    { brief: "Runs that ended", header: "TOTAL_count", width: 11 },
    (r) => Number(r.runs.count),
  ),
  total_ns: member.integer(
    { brief: "How long they took together", header: "TOTAL_nsecs", width: 11 },
    (r) => r.runs.total_ns,
  ),
  avg_ns: member.integer(
    { brief: "Average run", width: 10 },
    ({ runs }) => runs.count && runs.total_ns / runs.count,
  ),
  min_ns: member.integer({ brief: "Shortest run", width: 10 }, (r) => r.runs.min_ns),
  max_ns: member.integer(
    { brief: "Longest run", header: "MAX_nsecs", width: 10 },
    (r) => r.runs.max_ns,
  ),
  p50_ns: estimate(0.5, "Half of the runs took less: an estimate"),
  p90_ns: estimate(0.9, "90 of 100 runs took less: an estimate"),
  p99_ns: estimate(0.99, "99 of 100 runs took less: an estimate"),
  /** 100 is all of the time of one CPU. */
  cpu_percent: member.decimal(
    { brief: "Time of these runs, in percent of one CPU", header: "CPU%", width: 6, decimals: 2 },
    (r) => Number(r.runs.total_ns) / (r.$seconds * 1e7),
  ),
};

/** The members that are a histogram. */
export const irqHistogramMembers = {
  /** What histograms count in: `us`, or `ns` with the option `nanoseconds`. */
  unit: member.text(
    { brief: "Unit of histograms: us or ns", width: -4 },
    (r) => unitOf(r.$own).short,
  ),
  /** How many runs took 2^i to 2^(i+1) - 1 of this unit; the first also those of 0. */
  histogram: member.integers(
    { brief: "Runs that took 2^i to 2^(i+1) - 1 of the unit" },
    (r) => usedSlots(r.runs.slots),
  ),
};

const table = membersOf<Readonly<Record<"total_ns" | "avg_ns" | "max_ns", number | bigint>>>();

/** What tables alone show: times in microseconds. */
export const irqMicroseconds = {
  total_us: table.integer(
    { brief: "total_ns, in microseconds", header: "TOTAL_usecs", width: 11, unit: 1e3 },
    (e) => e.total_ns,
  ),
  avg_us: table.integer(
    { brief: "avg_ns, in microseconds", header: "AVG (us)", width: 9, unit: 1e3, decimals: 1 },
    (e) => e.avg_ns,
  ),
  max_us: table.integer(
    { brief: "max_ns, in microseconds", header: "MAX (us)", width: 9, unit: 1e3, decimals: 1 },
    (e) => e.max_ns,
  ),
};

/** The line above a histogram, as the C tools have it: `softirq = net_rx`. */
export function irqHeading(kind: string, name: string, cpu: number | undefined): string {
  return `${kind} = ${name}${cpu === undefined ? "" : `, cpu = ${cpu}`}`;
}
