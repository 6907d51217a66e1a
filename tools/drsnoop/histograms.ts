import { type Spread, spreadWith, Tally } from "#lib/tool/mod.ts";
import type { Reclaim } from "./members.ts";

/**
 * Adds up how often memory was reclaimed, how much, and how long that took: the longest together first.
 * @param by what is distinguished
 */
export function histograms(by: "kind" | "comm"): Tally<Reclaim> {
  const spreads = new Map<string, Spread>();
  const key = (reclaim: Reclaim) => reclaim[by];
  return new Tally<Reclaim>({
    key,
    add(reclaim, before) {
      const spread = spreadWith(spreads.get(key(reclaim)), BigInt(reclaim.duration_ns));
      spreads.set(key(reclaim), spread);
      const { count, ...durations } = spread;
      return {
        ...reclaim,
        ...durations,
        reclaims: count,
        reclaimed_pages: reclaim.reclaimed_pages + (before?.reclaimed_pages ?? 0n),
        reclaimed_bytes: reclaim.reclaimed_bytes + (before?.reclaimed_bytes ?? 0n),
        throttled_ns: BigInt(reclaim.throttled_ns) + BigInt(before?.throttled_ns ?? 0n),
      };
    },
    order: (a, b) => Number(b.total_ns! - a.total_ns!),
  });
}
