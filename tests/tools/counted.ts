/** How many of them are alike in what `by` says of each. */
export function counted<T>(all: readonly T[], by: (one: T) => unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) {
    const key = by(one).map((value) => value ?? "-").join(" ");
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
