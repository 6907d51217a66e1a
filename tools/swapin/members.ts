/** What swapin shows of a process, or of a cgroup. */
import type { group, usage } from "#skel/swapin.ts";
import { type Counted, type EventOf, membersOf, usedSlots, userName } from "#lib/tool/mod.ts";

/** What rows are of. */
export interface Groups {
  readonly cgroups: boolean;
}

const member = membersOf<Counted<group & usage, Groups>>();

/** Undefined where rows are of cgroups. */
const ofProcess = <T>(value: (r: Counted<group & usage, Groups>) => T) =>
(
  r: Counted<group & usage, Groups>,
): T | undefined => r.$own.cgroups ? undefined : value(r);

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  comm: member.text(
    { brief: "Name of the thread that was last", width: -16 },
    ofProcess((r) => r.comm),
  ),
  pid: member.integer({ brief: "The process", width: -7 }, ofProcess((r) => r.pid)),
  uid: member.integer({ brief: "Its user", width: -6 }, ofProcess((r) => r.uid)),
  user: member.text(
    { brief: "Name of the user", width: -8 },
    ofProcess((r) => userName(r.uid)),
  ),
  /** With the option `cgroups`: the inode number of a cgroup's folder; undefined for memory of none. */
  cgroup_id: member.integer(
    { brief: "Cgroup (v2), with --cgroups", header: "CGROUP", width: -10 },
    (r) => r.cgroup === 0n ? undefined : r.cgroup,
  ),
  pages: member.integer(
    { brief: "Pages that were read from swap", width: 8 },
    (r) => Number(r.pages),
  ),
  reads: member.integer(
    { brief: "Reads of them: of one page, or of several at once", width: 8 },
    (r) => Number(r.reads),
  ),
  zswap_pages: member.integer(
    { brief: "Pages that were still in memory, compressed (zswap)", width: 11 },
    (r) => Number(r.zswap_pages),
  ),
  out_pages: member.integer(
    { brief: "Pages that were written to swap", width: 9 },
    (r) => Number(r.out_pages),
  ),
  faults: member.integer(
    { brief: "Page faults of what was swapped out", width: 8 },
    ofProcess((r) => Number(r.faults)),
  ),
  major_faults: member.integer(
    { brief: "Those that had to wait for a read", header: "MAJOR", width: 8 },
    ofProcess((r) => Number(r.major_faults)),
  ),
  total_ns: member.integer(
    { brief: "Time that all faults took, in nanoseconds", width: 16 },
    ofProcess((r) => r.total_ns),
  ),
  /** Undefined if there was none. */
  avg_ns: member.integer(
    { brief: "Average", width: 12 },
    (r) => r.faults > 0n ? r.total_ns / r.faults : undefined,
  ),
  max_ns: member.integer(
    { brief: "Longest", width: 12 },
    (r) => r.faults > 0n ? r.max_ns : undefined,
  ),
  histogram: member.integers(
    { brief: "Faults that took 2^i to 2^(i+1) - 1 microseconds" },
    ofProcess((r) => usedSlots(r.slots)),
  ),
};

/** What was read from swap and written there since the table before. */
export type SwapUsage = EventOf<typeof members>;

const table = membersOf<SwapUsage>();

const microseconds = (ns: bigint | undefined) => ns === undefined ? undefined : Number(ns) / 1000;

/** What tables alone show. */
export const derived = {
  count: table.integer({ brief: "pages, as the Python tool has it", width: -8 }, (e) => e.pages),
  out: table.integer({ brief: "out_pages", width: 8 }, (e) => e.out_pages),
  avg_us: table.decimal(
    { brief: "avg_ns, in microseconds", header: "AVG(us)", width: 9, decimals: 1 },
    (e) => microseconds(e.avg_ns),
  ),
  max_us: table.decimal(
    { brief: "max_ns, in microseconds", header: "MAX(us)", width: 9, decimals: 1 },
    (e) => microseconds(e.max_ns),
  ),
};

/** The line above a histogram. */
export function heading({ comm, pid }: SwapUsage): string {
  return `${comm} ${pid}`;
}
