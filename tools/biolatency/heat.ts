/** A histogram in one line: a row of a heat map, whose lines are times. */

/** From a count of 0 on: 1 to 3, 4 to 15, and so on by powers of 4, so that lines compare with one another. */
const SHADES = " .:-=+*#%@";

/** Columns of a power of two. */
const WIDTH = 2;

/** How a row of powers of two looks: two letters for each, the darker the more were counted. */
export function heatOf(histogram: readonly number[]): string {
  return histogram.map((count) => shadeOf(count).repeat(WIDTH)).join("").trimEnd();
}

function shadeOf(count: number): string {
  const power = count > 0 ? 1 + Math.floor(Math.log2(count) / 2) : 0;
  return SHADES[Math.min(power, SHADES.length - 1)];
}

/**
 * The header of such rows: where 2^0, 2^4 and so on of the unit begin.
 * @param marks what these are called
 */
export function heatHeader(...marks: string[]): string {
  return marks.map((mark) => mark.padEnd(4 * WIDTH)).join("").trimEnd();
}
