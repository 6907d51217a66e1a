import { type Spread, spreadWith, Tally } from "#lib/tool/mod.ts";
import type { HostLookup } from "./members.ts";

/**
 * Adds up lookups, those that failed too: what has the most first.
 * @param by what is distinguished
 */
export function histograms(by: "all" | "host" | "call" | "comm"): Tally<HostLookup> {
  const spreads = new Map<string, Spread>();
  const key = (lookup: HostLookup) => by === "all" ? "" : lookup[by] ?? "";
  return new Tally<HostLookup>({
    key,
    add(lookup, { failures = 0 } = lookup) {
      const spread = spreadWith(spreads.get(key(lookup)), BigInt(lookup.latency_ns));
      spreads.set(key(lookup), spread);
      const { count, ...durations } = spread;
      const failed = lookup.error === undefined ? 0 : 1;
      return { ...lookup, ...durations, lookups: count, failures: failures + failed };
    },
    order: (a, b) => b.lookups! - a.lookups!,
  });
}
