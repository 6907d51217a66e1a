/** Counts by ranges of values: of powers of two, unless a look says otherwise. */
export type Histogram = readonly number[];

/** What a histogram is drawn as. */
export interface HistogramLook {
  /** What the values are: `nsecs`. */
  readonly unit: string;
  /**
   * Ranges of one width, beginning at `base`: the count at `i` is of values from `base + i * step` on. Left
   * out: powers of two, the count at `i` is of values from 2^i to 2^(i+1) - 1.
   */
  readonly linear?: { readonly base: number; readonly step: number };
  /**
   * How many of the first counts, of powers of two, are of less than one: the count at `i` is of values from
   * 2^(i - fractions) on. Left out: none.
   */
  readonly fractions?: number;
  /** How many values there are below 0, by powers of two: the count at `i` is of -2^i to -2^(i+1) + 1. */
  readonly negative?: Histogram;
}

/**
 * The rows of a histogram up to the last one that counts something.
 * @param slots as a kernel half counts them
 *
 * @example
 * ```ts
 * import { usedSlots } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(usedSlots([0n, 3n, 0n, 0n]), [0, 3]);
 * ```
 */
export function usedSlots(slots: readonly (number | bigint)[]): number[] {
  return slots.slice(0, slots.findLastIndex((count) => count > 0) + 1).map(Number);
}

/** Columns of the longest bar. */
const STARS = 40;

/** Columns of a number of up to ten digits, and of one of up to twenty. */
const NARROW = 10;
const WIDE = 20;

/**
 * A histogram drawn as the C tools draw it (print_log2_hist() and print_linear_hist() of libbpf-tools'
 * trace_helpers.c), less the empty rows before the first count and behind the last.
 *
 * @example
 * ```ts
 * import { drawHistogram } from "@denobpf/denobpf/tool";
 *
 * console.log(drawHistogram([0, 3, 7], { unit: "usecs" }));
 * ```
 */
export function drawHistogram(
  histogram: Histogram,
  { unit, linear, fractions = 0, negative = [] }: HistogramLook,
): string {
  if (negative.some((count) => count > 0)) return drawSigned(histogram, negative, unit);
  const first = histogram.findIndex((count) => count > 0);
  if (first < 0) return "";
  const last = histogram.findLastIndex((count) => count > 0);
  const most = Math.max(...histogram);
  return linear === undefined
    ? drawPowers(histogram, first, last, most, unit, fractions)
    : drawLinear(histogram, first, last, most, unit, linear);
}

function drawPowers(
  counts: Histogram,
  first: number,
  last: number,
  most: number,
  unit: string,
  fractions: number,
) {
  const rows: Range[] = [];
  for (let at = first; at <= last; at++) {
    // Beyond 2^53 numbers would be rounded.
    const power = BigInt(at - fractions);
    rows.push([at === 0 ? 0n : 1n << power, (2n << power) - 1n, counts[at]]);
  }
  return drawRanges(rows, most, last > 32, unit);
}

/** The first and the last value, and how many there are. */
type Range = readonly [low: bigint, high: bigint, count: number];

function drawRanges(rows: readonly Range[], most: number, wide: boolean, unit: string): string {
  const width = wide ? WIDE : NARROW;
  const stars = wide ? STARS / 2 : STARS;
  const margin = " ".repeat(wide ? 15 : 5);
  let text = `${margin}${unit.padEnd(wide ? 29 : 19)} : count    distribution\n`;
  for (const [low, high, count] of rows) {
    const range = `${String(low).padStart(width)} -> ${String(high).padEnd(width)}`;
    text += `${range} : ${String(count).padEnd(8)} |${bar(count, most, stars)}|\n`;
  }
  return text;
}

function drawSigned(counts: Histogram, negative: Histogram, unit: string): string {
  const [below, above] = [negative, counts].map((side) => usedSlots(side));
  const rows: Range[] = [
    ...below.map((count, i): Range => [1n - (2n << BigInt(i)), -1n << BigInt(i), count]).reverse(),
    ...above.map((count, i): Range => [
      i === 0 ? 0n : 1n << BigInt(i),
      (2n << BigInt(i)) - 1n,
      count,
    ]),
  ];
  const first = rows.findIndex(([, , count]) => count > 0);
  const most = Math.max(...below, ...above);
  return drawRanges(rows.slice(first), most, Math.max(below.length, above.length) > 32, unit);
}

function drawLinear(
  counts: Histogram,
  first: number,
  last: number,
  most: number,
  unit: string,
  { base, step }: { base: number; step: number },
) {
  let text = `     ${unit.padEnd(13)} : count     distribution\n`;
  for (let at = first; at <= last; at++) {
    const value = String(base + at * step).padEnd(10);
    text += `        ${value} : ${String(counts[at]).padEnd(8)} |${
      bar(counts[at], most, STARS)
    }|\n`;
  }
  return text;
}

function bar(count: number, most: number, stars: number): string {
  return "*".repeat(Math.floor(count * stars / most)).padEnd(stars);
}
