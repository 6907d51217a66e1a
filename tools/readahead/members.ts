import type { group, usage } from "#skel/readahead.ts";
import { type Counted, type EventOf, membersOf, usedSlots } from "#lib/tool/mod.ts";

/** What distinguishes rows, and what they are of. */
export function own(
  options: {
    readonly by_process: boolean;
    readonly microseconds: boolean;
    readonly interval?: number;
  },
) {
  const { by_process, microseconds, interval } = options;
  return { by_process, unit: microseconds ? "us" : "ms", of_all: interval === undefined };
}

const member = membersOf<Counted<group & usage, ReturnType<typeof own>>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `by_process`; so is the next. */
  pid: member.integer(
    { brief: "The process that had them read, with --by-process", width: -7 },
    (r) => r.$own.by_process ? r.pid : undefined,
  ),
  comm: member.text(
    { brief: "Name of its thread, with --by-process", width: -16 },
    (r) => r.$own.by_process ? r.comm : undefined,
  ),
  pages: member.integer({ brief: "Pages that were read ahead", width: 8 }, (r) => Number(r.pages)),
  used: member.integer(
    { brief: "Pages that were used for the first time", width: 8 },
    (r) => Number(r.used),
  ),
  /** Undefined of an interval, in which pages may be used that were read before it. */
  unused: member.integer(
    { brief: "Pages that were not used; null of an interval", width: 8 },
    (r) => r.$own.of_all ? Number(r.pages - r.used) : undefined,
  ),
  removed: member.integer(
    { brief: "Pages that left the cache unused", width: 8 },
    (r) => Number(r.removed),
  ),
  /** Undefined if none was used. */
  avg_ns: member.integer(
    { brief: "From the reading to the use, on average, in nanoseconds", width: 12 },
    (r) => r.used > 0n ? r.total_ns / r.used : undefined,
  ),
  max_ns: member.integer({ brief: "The longest of these times", width: 12 }, (r) => r.max_ns),
  unit: member.text({ brief: "Unit of the histogram: us or ms", width: -4 }, (r) => r.$own.unit),
  histogram: member.integers(
    { brief: "Pages that were used after 2^i to 2^(i+1) - 1 of the unit" },
    (r) => usedSlots(r.slots),
  ),
};

/** What was read ahead. */
export type ReadAhead = EventOf<typeof members>;

/** The line above a histogram: the C tool's, and what it has not. */
export function headingOf(row: ReadAhead): string {
  const { pages, used, unused, removed, pid, comm } = row;
  return [
    unused === undefined
      ? `Readahead used/total pages: ${used}/${pages}`
      : `Readahead unused/total pages: ${unused}/${pages}`,
    `removed unused: ${removed}`,
    ...pid === undefined ? [] : [`pid = ${pid} ${comm}`],
  ].join("  ");
}
