/** What dcstat shows. */
import type { group, lookups } from "#skel/dcstat.ts";
import { type Counted, type EventOf, membersOf, timeOfDay, userName } from "#lib/tool/mod.ts";

/** What rows are distinguished by. */
export interface Groups {
  readonly by_process: boolean;
}

/** The row of a table in which nothing happened. */
export const NOTHING: group & lookups = {
  set: 0,
  cpu: 0,
  pid: 0,
  uid: 0,
  refs: 0n,
  slow: 0n,
  misses: 0n,
  negative: 0n,
  comm: "",
};

const member = membersOf<Counted<group & lookups, Groups>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `by_process`. */
  pid: member.integer(
    { brief: "Process, with --by-process", width: -7 },
    (r) => r.$own.by_process ? r.pid : undefined,
  ),
  uid: member.integer(
    { brief: "Its user, with --by-process", width: -6 },
    (r) => r.$own.by_process ? r.uid : undefined,
  ),
  user: member.text(
    { brief: "Name of the user, with --by-process", width: -8 },
    (r) => r.$own.by_process ? userName(r.uid) : undefined,
  ),
  comm: member.text(
    { brief: "Name of its thread that was last, with --by-process", width: -16 },
    (r) => r.$own.by_process ? r.comm : undefined,
  ),
  interval_ns: member.integer(
    { brief: "How long the table's time was", width: 12 },
    (r) => Math.round(r.$seconds * 1e9),
  ),
  refs: member.integer(
    { brief: "Names that were looked up: found, or asked for", width: 8 },
    (r) => Number(r.refs),
  ),
  slow: member.integer(
    { brief: "Those of them that were not found at once", width: 8 },
    (r) => Number(r.slow),
  ),
  misses: member.integer(
    { brief: "Those of these that the file system was asked for", width: 8 },
    (r) => Number(r.misses),
  ),
  negative: member.integer(
    { brief: "Names that the cache knew not to exist", width: 8 },
    (r) => Number(r.negative),
  ),
  /** Undefined if no name was looked up. */
  hit_ratio: member.decimal(
    { brief: "The part of refs that the cache had: 0 to 1", width: 9, decimals: 4 },
    (r) => r.refs > 0n ? Number(r.refs - r.misses) / Number(r.refs) : undefined,
  ),
};

/** How many names were looked up since the table before. */
export type NameLookups = EventOf<typeof members>;

const table = membersOf<NameLookups>();

type Count = "refs" | "slow" | "misses" | "negative";

/** The same a second, as whole numbers. */
const rate = (header: string, name: Count) =>
  table.integer(
    { brief: `${name} a second`, header, width: 8 },
    (e) => Math.round(e[name] / (Number(e.interval_ns) / 1e9)),
  );

/** What tables alone show, as the Python tool has it. */
export const derived = {
  at: table.text(
    { brief: "time, as the Python tool has it", header: "TIME", width: -10 },
    (e) => `${timeOfDay(e.time)}:`,
  ),
  refs_rate: rate("REFS/s", "refs"),
  slow_rate: rate("SLOW/s", "slow"),
  misses_rate: rate("MISS/s", "misses"),
  negative_rate: rate("NEG/s", "negative"),
  hit: table.decimal(
    { brief: "hit_ratio, in percent", header: "HIT%", width: 8, decimals: 2 },
    (e) => e.hit_ratio === undefined ? undefined : e.hit_ratio * 100,
  ),
};
