/** What many measurements of one thing come to. */
export interface Spread {
  readonly median: number;
  /** The quartiles: half of the measurements lie between them. */
  readonly low: number;
  readonly high: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} without a measurement */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => quantile(sorted, part);
  return { median: at(0.5), low: at(0.25), high: at(0.75), min: at(0), max: at(1) };
}

/** Between two measurements it is interpolated. */
function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
