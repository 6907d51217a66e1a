/**
 * What tools share that show how long tasks take for something: the user half of bpf/include/task_times.h. It
 * stands apart from mod.ts, as few tools need it.
 *
 * @module
 */
import { possibleCpus } from "../objects/per_cpu.ts";
import { membersOf } from "./members/members_of.ts";
import { flag } from "./options/declarations.ts";
import type { Counted } from "./shapes/counts.ts";
import { usedSlots } from "./text/histogram.ts";
import { percentileNs } from "./text/percentile.ts";
import {
  type Counter,
  CounterSets,
  type Counts,
  takeSet,
  type TwoSets,
} from "./trace/counter_sets.ts";

/** How times are shown, and what distinguishes them: options to be spread into those of a tool. */
export const taskTimeOptions = {
  timestamp: flag("T", "Show the time above each table"),
  milliseconds: flag("m", "Show histograms of milliseconds, not of microseconds"),
  nanoseconds: flag("N", "Show histograms of nanoseconds"),
  pids: flag("P", "Show a histogram for each process"),
  tids: flag("L", "Show a histogram for each thread"),
  pidnss: flag("", "Show a histogram for each pid namespace"),
  cgroups: flag("", "Show a histogram for each cgroup (v2)"),
  cpus: flag("", "Show a histogram for each CPU"),
};

/** Whether rows are shown in place of histograms. */
export const summaryOptions = {
  summary: flag("", "Show a row in place of each histogram: average and percentiles"),
};

/** The values of {@link taskTimeOptions}. */
export type TaskTimeOptions = {
  readonly [Name in keyof typeof taskTimeOptions]: boolean;
};

/** Groups and names in a second where times are distinguished: a group has an entry for each of its CPUs. */
const MAX_GROUPS = 16_384;

/** An opened skeleton with task_times.h. */
interface OpenedTimes {
  readonly rodata: {
    unit_ns: bigint;
    by_pid: boolean;
    by_tid: boolean;
    by_pidns: boolean;
    by_cgroup: boolean;
    by_kind: boolean;
  };
  readonly maps: Readonly<Record<"counts" | "names", { maxEntries: number }>>;
}

/**
 * Sets before load what distinguishes times, and the sizes of the maps.
 * @param kinds how many kinds of times there may be, if they are distinguished
 */
export function setTaskTimes(
  { rodata, maps }: OpenedTimes,
  options: TaskTimeOptions,
  kinds?: number,
): void {
  const { pids, tids, pidnss, cgroups } = options;
  rodata.unit_ns = BigInt(unitOf(options).ns);
  rodata.by_pid = pids;
  rodata.by_tid = tids;
  rodata.by_pidns = pidnss;
  rodata.by_cgroup = cgroups;
  rodata.by_kind = kinds !== undefined;
  const areMany = pids || tids || pidnss || cgroups;
  maps.counts.maxEntries = areMany ? MAX_GROUPS : 2 * (kinds ?? 1) * possibleCpus();
  if (pids || tids) maps.names.maxEntries = MAX_GROUPS;
}

/** What a histogram counts in. */
export interface Unit {
  /** As the C tools have it: `usecs`. */
  readonly unit: string;
  /** `us` */
  readonly short: string;
  readonly ns: number;
}

/** What the options say that histograms count in. */
export function unitOf({ milliseconds = false, nanoseconds }: UnitOptions): Unit {
  if (nanoseconds) return { unit: "nsecs", short: "ns", ns: 1 };
  if (milliseconds) return { unit: "msecs", short: "ms", ns: 1_000_000 };
  return { unit: "usecs", short: "us", ns: 1000 };
}

/** What times are counted by, as `struct group` has it. */
export interface Group {
  readonly set: number;
  readonly cpu: number;
  readonly cgroup: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly pidns: number;
  readonly kind: number;
}

/** How long things took, as `struct times` of bpf/include/times.h has them. */
export interface Times {
  readonly count: bigint;
  readonly total_ns: bigint;
  readonly min_ns: bigint;
  readonly max_ns: bigint;
  readonly slots: readonly number[];
}

/** The times of one group in the time of a table. */
export type TaskTimes = Group & Times & {
  /** The name of the thread, or else of the process, at its last time. */
  comm?: string;
};

/** A loaded skeleton with task_times.h. */
interface LoadedTimes extends TwoSets {
  readonly maps: {
    readonly counts: Counts<Group, Times>;
    readonly names: Counts<
      { readonly set: number; readonly id: number },
      { readonly comm: string }
    >;
  };
}

/** Takes over what the kernel half counts, and the names of the tasks in it. */
export class TaskTimeCounter implements Counter<TaskTimes> {
  readonly #skeleton: LoadedTimes;
  readonly #counts: CounterSets<Group, Times>;
  /** By thread or process, as the kernel half keeps them. */
  #names = new Map<number, string>();

  /** @param by_cpu whether CPUs are distinguished */
  constructor(skeleton: LoadedTimes, by_cpu: boolean) {
    this.#skeleton = skeleton;
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts, by_cpu);
  }

  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const old = bss.set;
    await this.#counts.collect();
    for (const [{ id }, { comm }] of takeSet(maps.names, old)) this.#names.set(id, comm);
  }

  take(): TaskTimes[] {
    const names = this.#names;
    this.#names = new Map();
    return this.#counts.take().map((row) => ({ ...row, comm: names.get(row.tid || row.pid) }));
  }
}

type Row = Counted<TaskTimes, TaskTimeOptions>;

const member = membersOf<Row>();

/**
 * Declares the members that say whose times a row has.
 * @param cpu what the member `cpu` is
 */
export function groupMembers(cpu: string) {
  return {
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
    /** The name that the thread, or else the process, had at its last time. */
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
    /** With the option `cpus`. */
    cpu: member.integer(
      { brief: `${cpu}, with --cpus`, width: 3 },
      (r) => r.$own.cpus ? r.cpu : undefined,
    ),
  };
}

/** What the unit of histograms depends on. */
export interface UnitOptions {
  readonly milliseconds?: boolean;
  readonly nanoseconds: boolean;
}

const time = membersOf<Counted<Times, UnitOptions>>();

/** What this part of the times is less than, in nanoseconds, between the least and the greatest. */
function estimate(part: number, brief: string) {
  return time.integer(
    { brief, width: 12 },
    (r) => percentileNs(r, part, unitOf(r.$own).ns),
  );
}

/**
 * Declares the members that say how long the times of a row are.
 * @param one what a time is called: `wait`
 */
export function timeMembers(one: string) {
  const many = `${one}s`;
  const Many = many[0].toUpperCase() + many.slice(1);
  return {
    count: time.integer({ brief: `${Many} that ended`, width: 8 }, (r) => Number(r.count)),
    total_ns: time.integer(
      { brief: "How long they took together", width: 14 },
      (r) => r.total_ns,
    ),
    avg_ns: time.integer({ brief: `Average ${one}`, width: 12 }, (r) => r.total_ns / r.count),
    min_ns: time.integer({ brief: `Shortest ${one}`, width: 12 }, (r) => r.min_ns),
    max_ns: time.integer({ brief: `Longest ${one}`, width: 12 }, (r) => r.max_ns),
    p50_ns: estimate(0.5, `Half of the ${many} took less: an estimate`),
    p90_ns: estimate(0.9, `90 of 100 ${many} took less: an estimate`),
    p99_ns: estimate(0.99, `99 of 100 ${many} took less: an estimate`),
    /** What the histogram counts in: `us`, or what the options say. */
    unit: time.text(
      { brief: "Unit of the histogram: us, ms or ns", width: -4 },
      (r) => unitOf(r.$own).short,
    ),
    /** How many times took 2^i to 2^(i+1) - 1 of this unit; the first also those of 0. */
    histogram: time.integers(
      { brief: `${Many} that took 2^i to 2^(i+1) - 1 of the unit` },
      (r) => usedSlots(r.slots),
    ),
  };
}

/** The members that are times. */
type TimeName = "total" | "avg" | "min" | "max" | "p50" | "p90" | "p99";

const table = membersOf<Readonly<Record<`${TimeName}_ns`, number | bigint>>>();

function microseconds(name: TimeName, width = 10) {
  return table.integer({
    brief: `${name}_ns, in microseconds`,
    header: `${name.toUpperCase()} (us)`,
    width,
    unit: 1e3,
    decimals: 1,
  }, (row) => row[`${name}_ns`]);
}

/** What tables alone show: times in microseconds. */
export const microsecondMembers = {
  total_us: microseconds("total", 14),
  avg_us: microseconds("avg"),
  min_us: microseconds("min"),
  max_us: microseconds("max", 12),
  p50_us: microseconds("p50"),
  p90_us: microseconds("p90"),
  p99_us: microseconds("p99"),
};

/** The columns of a row that are times, and how many there were. */
export const TIME_COLUMNS = ["count", "avg_us", "p50_us", "p90_us", "p99_us", "max_us"] as const;

/**
 * The columns of rows that are shown in place of histograms.
 * @param kind the member that distinguishes kinds of times, if they are distinguished
 */
export function taskTimeColumns<Kind extends string>(
  { pids, tids, pidnss, cgroups, cpus }: TaskTimeOptions,
  kind: Kind | false,
) {
  return [
    pids && "pid",
    tids && "tid",
    (pids || tids) && "comm",
    pidnss && "pidns",
    cgroups && "cgroup_id",
    cpus && "cpu",
    kind,
    ...TIME_COLUMNS,
  ] as const;
}

/** The line above a histogram, as the C tools have it: `pid = 42 sh`. */
export function taskTimeHeading(
  { comm, ...parts }: Readonly<Record<string, unknown>> & { readonly comm?: string },
): string {
  const shown = Object.entries(parts)
    .flatMap(([name, value]) => value === undefined ? [] : [`${name} = ${value}`]);
  return [shown.join(", "), comm].filter(Boolean).join(" ");
}
