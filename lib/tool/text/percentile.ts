import type { Histogram } from "./histogram.ts";

/**
 * An estimate of the value that a part of all values does not exceed, from counts by powers of two: the values
 * of a row are taken to lie evenly between its limits.
 * @param histogram the count at `i` is of values from 2^i to 2^(i+1) - 1; that at 0 also of 0
 * @param part 0.99 for the 99th percentile
 * @returns undefined where nothing was counted
 *
 * @example
 * ```ts
 * import { percentile } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(percentile([0, 0, 0, 0, 100], 0.5), 24); // 100 values from 16 to 31
 * ```
 */
export function percentile(histogram: Histogram, part: number): number | undefined {
  const all = histogram.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = part * all;
  for (const [row, count] of histogram.entries()) {
    if (count > 0 && left <= count) {
      const low = row === 0 ? 0 : 2 ** row;
      return low + (2 ** (row + 1) - low) * (left / count);
    }
    left -= count;
  }
  return 2 ** histogram.length;
}

/** Times in slots of powers of two. */
export interface SlottedTimes {
  /** How many took 2^i to 2^(i+1) - 1 of a unit. */
  readonly slots: Histogram;
  /** The shortest, in nanoseconds. */
  readonly min_ns: bigint;
  /** The longest, in nanoseconds. */
  readonly max_ns: bigint;
}

/**
 * {@link percentile} of times, in nanoseconds, between the shortest and the longest.
 * @param unit_ns what the slots count in
 *
 * @example
 * ```ts
 * import { percentileNs } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const times = { slots: [0, 0, 0, 0, 100], min_ns: 16_000n, max_ns: 23_000n }; // microseconds
 * assertEquals(percentileNs(times, 0.5, 1000), 23_000);
 * ```
 */
export function percentileNs(times: SlottedTimes, part: number, unit_ns: number): number {
  const value = Math.round(percentile(times.slots, part)! * unit_ns);
  return Math.max(Number(times.min_ns), Math.min(value, Number(times.max_ns)));
}
