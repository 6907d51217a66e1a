import { type Counted, type EventOf, membersOf, percentile, WAIT_KINDS } from "#lib/tool/mod.ts";
import type { Waits } from "./counter.ts";

/** The options that rows depend on. */
export interface Shown {
  readonly pids: boolean;
  readonly tids: boolean;
  readonly pidnss: boolean;
  readonly cgroups: boolean;
  readonly cpus: boolean;
  readonly kinds: boolean;
  readonly milliseconds: boolean;
  readonly nanoseconds: boolean;
}

/** What a histogram counts in. */
export interface Unit {
  /** As the C tool has it: `usecs`. */
  readonly unit: string;
  /** `us` */
  readonly short: string;
  readonly ns: number;
}

/** What the options say that histograms count in. */
export function unitOf({ milliseconds, nanoseconds }: Shown): Unit {
  if (nanoseconds) return { unit: "nsecs", short: "ns", ns: 1 };
  if (milliseconds) return { unit: "msecs", short: "ms", ns: 1_000_000 };
  return { unit: "usecs", short: "us", ns: 1000 };
}

const member = membersOf<Counted<Waits, Shown>>();

/** What this part of the waits took less than, in nanoseconds, between the least and the greatest. */
function estimate(part: number, brief: string) {
  return member.integer({ brief, width: 12 }, (r) => {
    const value = Math.round(percentile(r.slots, part)! * unitOf(r.$own).ns);
    return Math.max(Number(r.min_ns), Math.min(value, Number(r.max_ns)));
  });
}

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `pids`. */
  pid: member.integer(
    { brief: "Process, with -P", width: -7 },
    (r) => r.$own.pids ? r.pid : undefined,
  ),
  /** With the option `tids`. */
  tid: member.integer(
    { brief: "Thread, with -L", width: -7 },
    (r) => r.$own.tids ? r.tid : undefined,
  ),
  /** The name that the thread, or else the process, had at its last wait. */
  comm: member.text({ brief: "Its name, with -P or -L", width: -16 }, (r) => r.comm),
  /** With the option `pidnss`: the inode number of a pid namespace. */
  pidns: member.integer(
    { brief: "Pid namespace, with --pidnss", width: -10 },
    (r) => r.$own.pidnss ? r.pidns : undefined,
  ),
  /** With the option `cgroups`: the inode number of a cgroup's folder. */
  cgroup_id: member.integer(
    { brief: "Cgroup (v2), with --cgroups", header: "CGROUP", width: -10 },
    (r) => r.$own.cgroups ? r.cgroup : undefined,
  ),
  /** With the option `cpus`: where the wait ended. */
  cpu: member.integer(
    { brief: "CPU that the task got, with --cpus", width: 3 },
    (r) => r.$own.cpus ? r.cpu : undefined,
  ),
  /** With the option `kinds`: `woken`, `new` or `preempted`. */
  kind: member.text(
    { brief: "Why the task waited, with --kinds: woken, new or preempted", width: -9 },
    (r) => r.$own.kinds ? WAIT_KINDS[r.kind] : undefined,
  ),
  count: member.integer({ brief: "Waits that ended", width: 8 }, (r) => Number(r.count)),
  total_ns: member.integer({ brief: "How long they took together", width: 14 }, (r) => r.total_ns),
  avg_ns: member.integer({ brief: "Average wait", width: 12 }, (r) => r.total_ns / r.count),
  min_ns: member.integer({ brief: "Shortest wait", width: 12 }, (r) => r.min_ns),
  max_ns: member.integer({ brief: "Longest wait", width: 12 }, (r) => r.max_ns),
  p50_ns: estimate(0.5, "Half of the waits took less: an estimate"),
  p90_ns: estimate(0.9, "90 of 100 waits took less: an estimate"),
  p99_ns: estimate(0.99, "99 of 100 waits took less: an estimate"),
  /** What the histogram counts in: `us`, or what the options say. */
  unit: member.text(
    { brief: "Unit of the histogram: us, ms or ns", width: -4 },
    (r) => unitOf(r.$own).short,
  ),
  /** How many waits took 2^i to 2^(i+1) - 1 of this unit; the first also those of 0. */
  histogram: member.integers(
    { brief: "Waits that took 2^i to 2^(i+1) - 1 of the unit" },
    (r) => r.slots.slice(0, r.slots.findLastIndex((count) => count > 0) + 1),
  ),
};

/** A row of a table: the waits of one group since the table before. */
export type RunQueueLatency = EventOf<typeof members>;

const table = membersOf<RunQueueLatency>();

function microseconds(name: "total" | "avg" | "min" | "max" | "p50" | "p90" | "p99", width = 10) {
  return table.integer({
    brief: `${name}_ns, in microseconds`,
    header: `${name.toUpperCase()} (us)`,
    width,
    unit: 1e3,
    decimals: 1,
  }, (row) => row[`${name}_ns`]);
}

/** What tables alone show: times in microseconds. */
export const derived = {
  total_us: microseconds("total", 14),
  avg_us: microseconds("avg"),
  min_us: microseconds("min"),
  max_us: microseconds("max", 12),
  p50_us: microseconds("p50"),
  p90_us: microseconds("p90"),
  p99_us: microseconds("p99"),
};

/** The line above a histogram, as the C tool has it: `pid = 42 sh`. */
export function heading({ pid, tid, comm, pidns, cgroup_id, cpu, kind }: RunQueueLatency): string {
  const parts = Object.entries({ pid, tid, pidns, cgroup: cgroup_id, cpu, kind })
    .flatMap(([name, value]) => value === undefined ? [] : [`${name} = ${value}`]);
  return [parts.join(", "), comm].filter(Boolean).join(" ");
}
