import {
  type Abi,
  COMPAT_ABI,
  type Counted,
  durationsIn,
  errnoName,
  type EventOf,
  membersOf,
  NATIVE_ABI,
  syscallName,
} from "#lib/tool/mod.ts";
import type { Row } from "./counter.ts";

/** `enum abi` of the kernel half. */
const ABIS: readonly Abi[] = [NATIVE_ABI, COMPAT_ABI, "x32"];

/** OTHER_NR of the kernel half. */
const OTHER_NR = -(2 ** 31);

const { time, integer, integers, text } = membersOf<Counted<Row>>();

export const members = {
  time: time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  pid: integer({ brief: "Process, with -P", width: -6 }, (r) => r.pid),
  comm: text({ brief: "Name of its first thread, with -P", width: -15 }, (r) => r.comm),
  /** `[unknown: 9999]` for a number without a name; `[unknown]` for all beyond the first 64 of these. */
  syscall: text({ brief: "System call", width: -22 }, ({ call }) => {
    if (call?.nr === OTHER_NR) return "[unknown]";
    return call && syscallName(ABIS[call.abi], call.nr);
  }),
  abi: text(
    { brief: "Whose numbers it was called by: x86_64, i386, x32, arm64 or arm", width: -6 },
    ({ call }): Abi | undefined => call && ABIS[call.abi],
  ),
  error: text(
    { brief: "Errno, with --errors", width: -15 },
    ({ error }) => error === undefined ? undefined : errnoName(error),
  ),
  /** Calls that began; where failures are counted, calls that failed. */
  count: integer({ brief: "Calls that began", width: 8 }, (r) => r.count),
  total_ns: integer(
    { brief: "Time spent in them, with -L; so far of those still running", width: 16 },
    (r) => r.spent_ns,
  ),
  avg_ns: integer(
    { brief: "Average duration of calls that ended", width: 12 },
    ({ durations }) => durations && durations.total_ns / durations.ended,
  ),
  min_ns: integer({ brief: "Shortest of them", width: 12 }, (r) => r.durations?.min_ns),
  max_ns: integer({ brief: "Longest of them", width: 12 }, (r) => r.durations?.max_ns),
  running: integer(
    { brief: "With -L: calls that still run at the end of the table's time", width: 7 },
    (r) => r.running,
  ),
  histogram: integers(
    { brief: "With --histogram: calls that took 2^i to 2^(i+1) - 1 ns" },
    (r) => r.histogram,
  ),
};

/** A row of a table: the calls of one kind since the table before. */
export type SyscallCount = EventOf<typeof members>;

const table = membersOf<SyscallCount>();

export const derived = {
  name: table.text(
    { brief: "System call, and abi unless native", header: "SYSCALL", width: -22 },
    nameWithAbi,
  ),
  ...durationsIn(table, {
    time: ["total_ns", 16],
    avg: ["avg_ns", 12],
    min: ["min_ns", 12],
    max: ["max_ns", 12],
  }),
};

/** In tables calls by other numbers than those of 64-bit programs say so: `getpid[i386]`. */
export function nameWithAbi({ syscall, abi }: SyscallCount): string | undefined {
  return abi === NATIVE_ABI || syscall === undefined ? syscall : `${syscall}[${abi}]`;
}
