import { failedToConnect, type Spread, spreadWith, Tally } from "#lib/tool/mod.ts";
import type { ConnectLatency } from "./members.ts";

/**
 * Adds up connections and attempts that failed: the addresses with the most first.
 * @param by_raddr whether remote addresses are distinguished
 */
export function histograms(by_raddr: boolean): Tally<ConnectLatency> {
  const spreads = new Map<string, Spread>();
  const key = ({ raddr }: ConnectLatency) => by_raddr ? raddr : "";
  return new Tally<ConnectLatency>({
    key,
    add(attempt, { connects = 0, failures = 0, ...sum } = attempt) {
      // What it took is no latency of a connection.
      if (failedToConnect(attempt)) return { ...sum, connects, failures: failures + 1 };
      const spread = spreadWith(spreads.get(key(attempt)), BigInt(attempt.latency_ns!));
      spreads.set(key(attempt), spread);
      const { count, ...durations } = spread;
      return { ...attempt, ...durations, connects: count, failures };
    },
    order: (a, b) => b.connects! - a.connects! || b.failures! - a.failures!,
  });
}
