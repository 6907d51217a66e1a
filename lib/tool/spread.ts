/** How long things of one kind took, added up one by one. */
import { membersOf } from "./members/members_of.ts";
import { drawHistogram, type Histogram, type HistogramLook } from "./text/histogram.ts";

/** What some durations have in sum, in nanoseconds. */
export interface Spread {
  /** How many there were. */
  readonly count: number;
  /** All of them together. */
  readonly total_ns: bigint;
  /** The average, rounded down. */
  readonly avg_ns: bigint;
  /** The shortest. */
  readonly min_ns: bigint;
  /** The longest. */
  readonly max_ns: bigint;
  /** The count at `i` is of those that took 2^i to 2^(i+1) - 1 microseconds; that at 0 also of less. */
  readonly histogram: Histogram;
}

/**
 * Adds a duration.
 * @param spread those before it, if there were any
 * @param ns in nanoseconds
 *
 * @example
 * ```ts
 * import { spreadWith } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, avg_ns, histogram } = spreadWith(spreadWith(undefined, 5000n), 7000n);
 * assertEquals([count, avg_ns, histogram], [2, 6000n, [0, 0, 2]]);
 * ```
 */
export function spreadWith(spread: Spread | undefined, ns: bigint): Spread {
  const { count, total_ns, min_ns, max_ns, histogram } = spread ?? NOTHING;
  const total = total_ns + ns;
  return {
    count: count + 1,
    total_ns: total,
    avg_ns: total / BigInt(count + 1),
    min_ns: count === 0 || ns < min_ns ? ns : min_ns,
    max_ns: ns > max_ns ? ns : max_ns,
    histogram: withOne(histogram, Math.floor(Math.log2(Math.max(Number(ns / 1000n), 1)))),
  };
}

const NOTHING = { count: 0, total_ns: 0n, min_ns: 0n, max_ns: 0n, histogram: [] };

/** The histogram with one more at this place. */
function withOne(histogram: Histogram, slot: number): number[] {
  const length = Math.max(histogram.length, slot + 1);
  return Array.from({ length }, (_, at) => (histogram[at] ?? 0) + (at === slot ? 1 : 0));
}

const member = membersOf<unknown>();
const milliseconds = { unit: 1e6, decimals: 3, width: 12 };
const later = (): bigint | undefined => undefined;

/**
 * The members of a spread, for a tool that adds events up with `--hist`: a single event has none of them.
 *
 * @example
 * ```ts
 * import { event } from "#skel/bootstrap.ts";
 * import { membersOf, spreadMembers } from "@denobpf/denobpf/tool";
 *
 * const members = { pid: membersOf(event).c.pid, ...spreadMembers };
 * console.log(members.avg_ns.brief);
 * ```
 */
export const spreadMembers = {
  total_ns: member.integer({ brief: "--hist: time of all together" }, later),
  avg_ns: member.integer({ header: "AVG(ms)", brief: "--hist: average", ...milliseconds }, later),
  min_ns: member.integer({ header: "MIN(ms)", brief: "--hist: shortest", ...milliseconds }, later),
  max_ns: member.integer({ header: "MAX(ms)", brief: "--hist: longest", ...milliseconds }, later),
  histogram: member.integers(
    { brief: "--hist: those that took 2^i to 2^(i+1) - 1 microseconds" },
    (): Histogram | undefined => undefined,
  ),
};

/**
 * A histogram as the last column of a table has it: words of which each is a line, drawn below the row.
 *
 * @example
 * ```ts
 * import { histogramLines, membersOf } from "@denobpf/denobpf/tool";
 *
 * const { words } = membersOf<{ histogram?: readonly number[] }>();
 * const drawn = words(
 *   { header: " ", brief: "histogram, drawn", as: "lines" },
 *   (e) => histogramLines(e.histogram, { unit: "usecs" }),
 * );
 * ```
 */
export function histogramLines(histogram: Histogram = [], look: HistogramLook): string[] {
  return ["", ...drawHistogram(histogram, look).split("\n").slice(0, -1)];
}
