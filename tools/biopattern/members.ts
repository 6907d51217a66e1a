import type { group, pattern } from "#skel/biopattern.ts";
import { type Counted, diskName, type EventOf, membersOf, usedSlots } from "#lib/tool/mod.ts";

/** OWNER_UNKNOWN of bpf/include/block.h. */
const UNKNOWN = 0;

/** What distinguishes rows. */
export function own({ by_process }: { readonly by_process: boolean }) {
  return { by_process };
}

type Row = Counted<group & pattern, ReturnType<typeof own>>;

const member = membersOf<Row>();

const hasOwner = (r: Row) => r.$own.by_process && r.owner !== UNKNOWN;

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -9 }, (r) => r.$time),
  disk: member.text({ brief: "The disk: sda", width: -7 }, (r) => diskName(r.dev)),
  /** With the option `by_process`; undefined where nobody is known to have asked. */
  pid: member.integer(
    { brief: "The process that asked, with --by-process", width: -7 },
    (r) => hasOwner(r) ? r.pid : undefined,
  ),
  comm: member.text(
    { brief: "Name of the thread that asked, with --by-process", width: -16 },
    (r) => hasOwner(r) ? r.comm : undefined,
  ),
  random: member.integer(
    { brief: "Reads and writes elsewhere than where the one before ended", width: 8 },
    (r) => Number(r.random),
  ),
  sequential: member.integer(
    { brief: "Those that go on where it ended", width: 10 },
    (r) => Number(r.sequential),
  ),
  count: member.integer(
    { brief: "All of them, those without one before too", width: 8 },
    (r) => Number(r.count),
  ),
  bytes: member.integer({ brief: "Their bytes", width: 12 }, (r) => r.bytes),
  other: member.integer(
    { brief: "Flushes, discards and other requests", width: 6 },
    (r) => Number(r.other),
  ),
  distance: member.integers(
    { brief: "Random ones at 2^i to 2^(i+1) - 1 sectors from where the one before ended" },
    (r) => usedSlots(r.distances),
  ),
};

/** Requests to one disk since the table before. */
export type DiskPattern = EventOf<typeof members>;

const table = membersOf<DiskPattern>();

const percent = (part: number, { random, sequential }: DiskPattern) =>
  Math.floor(part * 100 / Math.max(random + sequential, 1));

/** What tables alone show. */
export const derived = {
  rnd: table.integer(
    { brief: "random, of 100 that have one before", header: "%RND", width: 5 },
    (e) => percent(e.random, e),
  ),
  seq: table.integer(
    { brief: "sequential, of 100 that have one before", header: "%SEQ", width: 5 },
    (e) => percent(e.sequential, e),
  ),
  kbytes: table.integer(
    { brief: "bytes, in KiB", header: "KBYTES", width: 10, unit: 1024 },
    (e) => e.bytes,
  ),
};

/** The line above a histogram of distances. */
export function headingOf({ disk, pid, comm }: DiskPattern): string {
  return `disk = ${disk}${pid === undefined ? "" : `  pid = ${pid} ${comm}`}`;
}
