/** What dcsnoop shows of a name that was looked up. */
import { event, lookup_outcome } from "#skel/dcsnoop.ts";
import { bootTime, type EventOf, type InPlace, membersOf, partsOf } from "#lib/tool/mod.ts";

const { FOUND, FOUND_LATER, ASKED } = lookup_outcome;

/** What became of it, and the letter of the Python tool. */
const TYPES: Readonly<Record<number, readonly [type: string, letter: string]>> = {
  [FOUND]: ["hit", "R"],
  [FOUND_LATER]: ["late", "R"],
  [ASKED]: ["miss", "M"],
};

/** What members are read by, besides the record. */
export function own() {
  return { start: bootTime() };
}

const { c, boolean, decimal, integer, text } = membersOf(event, own);
const parts = partsOf(event, "name", "folder", "fs");

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the answer was there" },
  seconds: decimal({
    brief: "The same, in seconds since the start of the trace",
    decimals: 6,
    header: "TIME(s)",
    width: -11,
    only: "table",
  }, (r) => Number(r.time - r.$own.start) / 1e9),
  pid: { ...c.pid, width: -7, brief: "Process that looks for it" },
  tid: c.tid,
  uid: c.uid,
  comm: { ...c.comm, brief: "Name of its thread" },
  type: text(
    { brief: "hit, late (a hit at the second look), or miss", width: -4 },
    (r) => TYPES[r.outcome][0],
  ),
  name: text({ brief: "The name", width: -24 }, parts.name.text),
  /** Undefined if the tool was not asked for it. */
  dir: text({ brief: "Path of its folder, as the process sees it" }, parts.folder.path),
  negative: boolean({ brief: "There is no such file", width: -8 }, (r) => r.negative !== 0),
  /** Undefined for what the cache has. */
  latency_ns: integer(
    { brief: "How long the file system took to answer, in nanoseconds", width: 12 },
    (r) => r.outcome === ASKED ? r.latency_ns : undefined,
  ),
  fs: text({ brief: "Type of the file system: ext4", width: -8 }, parts.fs.text),
  dev: c.dev,
};

/** A name that was looked up. */
export type NameLookup = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  t: table.text(
    { brief: "R for what the cache has, M for what it has not", width: -1 },
    (e) => TYPES[e.$record!.outcome][1],
  ),
  filename: table.text({ brief: "name", header: "FILE" }, (e) => e.name),
  file: table.text(
    { brief: "dir and name", header: "FILE" },
    (e) => e.dir === undefined ? e.name : `${e.dir === "/" ? "" : e.dir}/${e.name}`,
  ),
};
