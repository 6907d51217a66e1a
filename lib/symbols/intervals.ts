/** The index of the last of `starts`, which rise, that is not above `value`; -1 if all are. */
export function lastNotAbove<T extends number | bigint>(
  starts: { readonly length: number; readonly [index: number]: T },
  value: T,
): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
