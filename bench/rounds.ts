/** What is measured of each contestant in every round. */
export type Contestants<N extends string = string> = Readonly<
  Record<N, () => number | Promise<number>>
>;

/** For each contestant one number a round: those of one round belong together. */
export type Rounds<N extends string = string> = Readonly<Record<N, readonly number[]>>;

/**
 * Measures all contestants `count` times, one after the other and in the opposite order every second
 * time: what the machine does besides hits all of them alike, and a ratio within a round means more
 * than two averages.
 * @param warm rounds before, which do not count
 * @param pauseMs how long the machine is left alone before each measurement
 */
export async function rounds<N extends string>(
  contestants: Contestants<N>,
  count: number,
  { warm = 1, pauseMs = 0, progress = () => {} }: {
    warm?: number;
    pauseMs?: number;
    progress?: () => void;
  } = {},
): Promise<Rounds<N>> {
  const names = Object.keys(contestants) as N[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    N,
    number[]
  >;
  for (let round = -warm; round < count; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const value = await contestants[name]();
      if (!Number.isFinite(value)) throw new RangeError(`${name}: ${value} was measured`);
      if (round >= 0) measured[name].push(value);
    }
    progress();
  }
  return measured;
}

/** How much `a` is of `b`, round by round. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, round) => value / b[round]);
}

/** How much `a` adds to `base`, as a part of what `b` adds to it, round by round. */
export function added(
  a: readonly number[],
  b: readonly number[],
  base: readonly number[],
): number[] {
  return a.map((value, round) => (value - base[round]) / (b[round] - base[round]));
}
