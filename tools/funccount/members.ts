import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import type { By, Calls } from "./counter.ts";

/** The option that readers of members need. */
export interface Shown {
  readonly by: readonly By[];
}

const { time, text, words, integer, decimal } = membersOf<Counted<Calls, Shown>>();

/** A value that only an option brings. */
const asked = <V>({ $own }: { $own: Shown }, by: By, value: V) =>
  $own.by.includes(by) ? value : undefined;

export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With commas between the names of one address. */
  func: text(
    { brief: "Function, USDT probe or tracepoint, with all names of its address", width: -36 },
    (r) => r.hook.names.join(","),
  ),
  /** Undefined for what is of the kernel itself. */
  owner: text({ brief: "Its file, or its module of the kernel", width: -24 }, (r) => r.hook.owner),
  pid: integer(
    { brief: "Process, with --by pid", width: 7 },
    (r) => asked(r, "pid", r.pid),
  ),
  tid: integer(
    { brief: "Thread, with --by tid", width: 7 },
    (r) => asked(r, "tid", r.tid),
  ),
  comm: text(
    { brief: "Its name, with --by comm", width: -16 },
    (r) => asked(r, "comm", r.comm),
  ),
  cpu: integer({ brief: "CPU, with --by cpu", width: 3 }, (r) => asked(r, "cpu", r.cpu)),
  /** The inode number of its folder. */
  cgroup_id: integer(
    { brief: "Cgroup (v2), with --by cgroup", header: "CGROUP", width: 10 },
    (r) => asked(r, "cgroup", r.cgroup),
  ),
  count: integer({ brief: "How often it was passed", width: 8 }, (r) => r.count),
  per_second: decimal(
    { brief: "How often in a second", header: "PER_S", width: 10, decimals: 1 },
    (r) => r.count / r.$seconds,
  ),
  /** The innermost first. */
  kstack: words(
    { brief: "With --by kstack: functions of the kernel that led to it" },
    (r) => r.stack,
  ),
};

/** How often something was passed since the table before. */
export type FunctionCount = EventOf<typeof members>;

const table = membersOf<FunctionCount>();

/** What tables alone show. */
export const derived = {
  stack: table.words(
    { brief: "With --by kstack: a line for each function", header: " ", as: "lines" },
    ({ kstack = [] }) => ["", ...kstack.map((name) => `    ${name}`)],
  ),
};
