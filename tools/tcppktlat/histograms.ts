import { type Spread, spreadWith, Tally } from "#lib/tool/mod.ts";
import type { BY, PacketLatency } from "./members.ts";

/**
 * Adds up how long data have waited: what was read most often comes first.
 * @param by what is distinguished
 */
export function histograms(by: typeof BY[number]): Tally<PacketLatency> {
  const spreads = new Map<string, Spread>();
  const key = ({ pid, lport }: PacketLatency) =>
    by === "process" ? `${pid}` : by === "lport" ? `${lport}` : "";
  return new Tally<PacketLatency>({
    key,
    add(read) {
      const spread = spreadWith(spreads.get(key(read)), BigInt(read.latency_ns!));
      spreads.set(key(read), spread);
      const { count, ...durations } = spread;
      return { ...read, ...durations, reads: count };
    },
    order: (a, b) => b.reads! - a.reads!,
  });
}
