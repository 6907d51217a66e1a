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
    "Missed. JSON has all thirty fields of an exec, which is five times the text of the table. Making one " +
    "function of all members of a line was tried, and saved 5 %; a look at a table instead of four " +
    "comparisons for each byte saved nothing. What remains is copying bytes one by one, where C calls " +
    "memcpy. How that compares depends on the machine: on an AMD EPYC the table came to 0.985 and JSON to " +
    "0.358 (2026-11-21).",
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
