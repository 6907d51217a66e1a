import { BENCH_OBJECT, c, ours, report } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";

export const maps: Row = {
  name: "maps",
  title: "Reading a map",
  how:
    "All entries of a hash map (4-byte keys, 8-byte values) are read in batches of 4096 and summed.",
  remarks:
    "Missed by little: four fifths of the time are the kernel's (perf), which is C's time too. The rest is " +
    "that values of 64 bits are BigInts, an object each: the same entries with values of 32 bits took 1.05 of " +
    "C's time for 10,000, and 1.1 for 1,000,000 (2026-11-28). forEach() makes no array for an entry, as the " +
    "iteration does.",
  async measure(effort) {
    const figures: Figure[] = [];
    for (
      const [entries, passes] of [[10_000, effort.pick(101, 5)], [1_000_000, effort.pick(7, 1)]]
    ) {
      const args = [BENCH_OBJECT, entries, passes];
      const { ours: us, C } = await rounds(
        {
          ours: async () => (await report<{ ns: number }>(ours("map_read", ...args))).ns,
          C: async () => (await report<{ ns: number }>(c("map_read", ...args))).ns,
        },
        effort.rounds,
        { ...effort, warm: 0 },
      );
      figures.push({
        name: `${entries.toLocaleString("en")} entries`,
        unit: "ns an entry",
        rounds: { ours: us, C },
        headline: { what: "ours / C", values: ratios(us, C) },
        reach: { most: 1.2 },
      });
    }
    return figures;
  },
};
