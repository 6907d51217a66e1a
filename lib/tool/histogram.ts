/** Counts by powers of two: the one at `i` is of values from 2^i to 2^(i+1) - 1. */
export type Histogram = readonly number[];

/** Columns of the longest bar. */
const STARS = 40;

/**
 * A histogram drawn as the C tools draw it (print_log2_hist() of libbpf-tools' trace_helpers.c), less
 * the empty lines above the first count.
 * @param unit what the values are: `nsecs`
 */
export function drawHistogram(histogram: Histogram, unit: string): string {
  const first = histogram.findIndex((count) => count > 0);
  if (first < 0) return "";
  const most = Math.max(...histogram);
  const wide = histogram.length > 33;
  const width = wide ? 20 : 10;
  const stars = wide ? STARS / 2 : STARS;
  const margin = " ".repeat(wide ? 15 : 5);
  let text = `${margin}${unit.padEnd(wide ? 29 : 19)} : count    distribution\n`;
  for (let at = first; at < histogram.length; at++) {
    const low = at === 0 ? 0 : 2 ** at;
    const range = `${String(low).padStart(width)} -> ${String(2 ** (at + 1) - 1).padEnd(width)}`;
    const bar = "*".repeat(Math.floor(histogram[at] * stars / most)).padEnd(stars);
    text += `${range} : ${String(histogram[at]).padEnd(8)} |${bar}|\n`;
  }
  return text;
}
