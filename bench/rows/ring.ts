import { BENCH_OBJECT, c, ours, report } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";

const SIZES = [64, 300, 7168];
const WORK = { words: "summed", first: "one member read" };

export const ring: Row = {
  name: "ring",
  title: "Ring buffer, in place",
  how:
    "A ring of 16 MiB is filled, then read: the 32-bit words of every record are summed, or one " +
    "of its members is read. C is libbpf's ring_buffer__consume() with a callback.",
  remarks:
    "Missed: the walk itself is about twice libbpf's, which is a loop of a few instructions in C " +
    "against a view that moves in JavaScript; and gcc sums a record with vector instructions, V8 word " +
    "by word. What a tool does with an event costs ten times as much as either.",
  async measure(effort) {
    const figures: Figure[] = [];
    for (const [what, work] of Object.entries(WORK)) {
      for (const size of SIZES) {
        const args = [BENCH_OBJECT, size, effort.pick(61, 3), what];
        const { ours: us, C } = await rounds(
          {
            ours: async () => (await report<{ ns: number }>(ours("ring", ...args))).ns,
            C: async () => (await report<{ ns: number }>(c("ring", ...args))).ns,
          },
          effort.rounds,
          effort,
        );
        figures.push({
          name: `${size.toLocaleString("en")} bytes, ${work}`,
          unit: "ns an event",
          rounds: { ours: us, C },
          headline: { what: "ours / C", values: ratios(us, C) },
          ...(what === "words" && { reach: { most: 1.3 } }),
        });
      }
    }
    return figures;
  },
};
