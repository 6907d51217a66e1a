import { BENCH_OBJECT, c, ours, reportOfSilent } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";

export const lines: Row = {
  name: "lines",
  title: "From the ring to a line of output",
  how:
    "A full ring of exec events of 300 bytes, written to /dev/null: execsnoop's own way from the " +
    "record to the output, against a C callback with printf, which does less than the C execsnoop.",
  remarks:
    "Missed. A third of the table's time goes into the copying of the arguments, byte by byte (perf). JSON " +
    "has all thirty fields of an exec, which is five times the text of the table. Its cost is spread over " +
    "them: measured one by one, none but the arguments (a sixth) stands out. One function made of all " +
    "members saved 5 %, looking at bytes in a table nothing, at four of them at a time 6 % of copying (all " +
    "on a busy machine). An earlier version on an AMD EPYC came to 0.985 for the table and 0.358 for JSON " +
    "(2026-11-21).",
  async measure(effort) {
    const figures: Figure[] = [];
    const passes = effort.pick(61, 3);
    const ns = async (command: string[]) => (await reportOfSilent<{ ns: number }>(command)).ns;
    for (const [output, least] of [["table", 1], ["json", 0.5]] as const) {
      const { ours: us, C } = await rounds(
        {
          ours: () => ns(ours("lines", BENCH_OBJECT, passes, "-o", output)),
          C: () => ns(c("lines", BENCH_OBJECT, passes)),
        },
        effort.rounds,
        effort,
      );
      figures.push({
        name: output === "json" ? "JSON of all fields, against C's table" : "table",
        unit: "ns an event",
        rounds: { ours: us, C },
        headline: { what: "events a second, ours / C", values: ratios(C, us) },
        reach: { least },
      });
    }
    return figures;
  },
};
