import {
  type Abi,
  COMPAT_ABI,
  type Counted,
  errnoName,
  type EventOf,
  membersOf,
  NATIVE_ABI,
  syscallName,
} from "#lib/tool/mod.ts";
import type { Tally } from "./counter.ts";

/** `enum abi` of the kernel half. */
export const ABIS: readonly Abi[] = [NATIVE_ABI, COMPAT_ABI, "x32"];

/** What is counted, by the options; the rest of a row has no value. */
export interface Shown {
  readonly process: boolean;
  readonly by_syscall: boolean;
  readonly errors: boolean;
  readonly latency: boolean;
  readonly histogram: boolean;
}

const member = membersOf<Counted<Tally, Shown>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `process`. */
  pid: member.integer(
    { brief: "Process, with -P", width: -6 },
    (r) => r.$own.process ? r.pid : undefined,
  ),
  /** Name of the process's first thread. */
  comm: member.text(
    { brief: "Its name, with -P", width: -15 },
    (r) => r.$own.process ? r.comm : undefined,
  ),
  syscall: member.text(
    { brief: "System call", width: -22 },
    (r) => r.$own.by_syscall ? syscallName(ABIS[r.abi], r.nr) : undefined,
  ),
  /** Whose numbers the call was made by: `i386` for 32-bit programs on x86. */
  abi: member.text(
    { brief: "Whose numbers it was called by: x86_64, i386, x32, arm64 or arm", width: -6 },
    (r): Abi | undefined => r.$own.by_syscall ? ABIS[r.abi] : undefined,
  ),
  /** With the option `errors`: `ENOENT`. */
  error: member.text(
    { brief: "Errno, with --errors", width: -15 },
    (r) => r.$own.errors ? errnoName(r.error) : undefined,
  ),
  /** Calls that began; where failures are counted, calls that failed. */
  count: member.integer({ brief: "Calls that began", width: 8 }, (r) => r.count),
  /** With the option `latency`: the time that was spent in these calls, be they over or not. */
  total_ns: member.integer(
    { brief: "Time spent in them, with -L; so far of those still running", width: 16 },
    (r) => r.$own.latency ? r.spent_ns : undefined,
  ),
  avg_ns: member.integer(
    { brief: "Average duration of calls that ended", width: 12 },
    (r) => r.ended > 0 ? r.total_ns / BigInt(r.ended) : undefined,
  ),
  min_ns: member.integer(
    { brief: "Shortest of them", width: 12 },
    (r) => r.ended > 0 ? r.min_ns : undefined,
  ),
  max_ns: member.integer(
    { brief: "Longest of them", width: 12 },
    (r) => r.ended > 0 ? r.max_ns : undefined,
  ),
  /** Calls that were not over at the end of the table's time. */
  running: member.integer(
    { brief: "Calls that still run", width: 7 },
    (r) => r.$own.latency ? r.running : undefined,
  ),
  /** With the option `histogram`: how many calls took 2^i to 2^(i+1) - 1 nanoseconds. */
  histogram: member.integers(
    { brief: "With --histogram: calls that took 2^i to 2^(i+1) - 1 ns" },
    (r) => r.$own.histogram ? Array.from(r.histogram, (count) => count ?? 0) : undefined,
  ),
};

/** A row of a table: the calls of one kind since the table before. */
export type SyscallCount = EventOf<typeof members>;

const table = membersOf<SyscallCount>();

/** What tables alone show: the name of a call, and times in the unit that `-m` chooses. */
export const derived = {
  name: table.text(
    { brief: "System call, and abi unless native", header: "SYSCALL", width: -22 },
    nameWithAbi,
  ),
  ...durations("us", 1e3),
  ...durations("ms", 1e6),
};

function durations<Unit extends "us" | "ms">(unit: Unit, nanoseconds: number) {
  const duration = (
    title: string,
    name: "total_ns" | "avg_ns" | "min_ns" | "max_ns",
    width: number,
  ) =>
    table.integer({
      brief: `${name}, in ${unit}`,
      header: `${title} (${unit})`,
      width,
      unit: nanoseconds,
      decimals: 3,
    }, (row) => row[name]);
  type Name = `${"time" | "avg" | "min" | "max"}_${Unit}`;
  return {
    [`time_${unit}`]: duration("TIME", "total_ns", 16),
    [`avg_${unit}`]: duration("AVG", "avg_ns", 12),
    [`min_${unit}`]: duration("MIN", "min_ns", 12),
    [`max_${unit}`]: duration("MAX", "max_ns", 12),
  } as Record<Name, ReturnType<typeof duration>>;
}

/** In tables calls by other numbers than those of 64-bit programs say so: `getpid[i386]`. */
export function nameWithAbi({ syscall, abi }: SyscallCount): string | undefined {
  return abi === NATIVE_ABI || syscall === undefined ? syscall : `${syscall}[${abi}]`;
}
