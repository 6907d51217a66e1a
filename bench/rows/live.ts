import { BENCH_OBJECT, c, ours } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

const RATES = [200_000, 500_000, 1_000_000, 0];

interface Seen {
  readonly seen: number;
  readonly lost: number;
}

export const live: Row = {
  name: "live",
  title: "Live load",
  how:
    "Another process makes exec events of 300 bytes at a rate, the reader writes a line for each to " +
    "/dev/null. Both have a ring of 1 MiB. CPU is the reader's time in user and kernel mode; half as many " +
    "events have gone before, in which V8 compiles. What was lost of them counts as well.",
  remarks:
    "Missed, by about as much as the lines alone are, above. A profile at 200,000 events a second (perf, on a " +
    "busy machine) has 75 % of the CPU time in compiled JavaScript: 23 % copies the arguments byte by byte, the " +
    "rest is spread over the columns; 16 % is V8's and Deno's own code, 5 % the kernel. The way to the reader " +
    "is not what costs. Without the events before, 200,000 a second cost 1.76 of C's CPU, and 500,000 1.35 " +
    "(2026-11-28): V8's compilation takes about 0.3 s of CPU. An earlier version on an AMD EPYC took " +
    "0.627 of C's CPU at 200,000 events a second, and 1.05 to 1.21 beyond (2026-11-21).",
  async measure(effort) {
    const figures: Figure[] = [];
    for (const rate of RATES) {
      const count = effort.pick(3, 0.1) * (rate || 1_000_000);
      const lost: Record<string, number> = { ours: 0, C: 0 };
      const events = { ours: 0, C: 0 };
      const load = (name: "ours" | "C", command: readonly string[]) => async () => {
        await using subject = await Subject.start(command);
        const produce = (count: number) =>
          new Deno.Command(c("produce")[0], { args: [String(rate), String(count)] }).output();
        await produce(count / 2); // in which V8 compiles
        const before = subject.cpuMs();
        await produce(count);
        const cpu = subject.cpuMs() - before;
        const report = await subject.report<Seen>();
        lost[name] += report.lost;
        events[name] += count * 3 / 2;
        return cpu * 1e6 / (report.seen * 2 / 3);
      };
      const { ours: us, C } = await rounds(
        {
          ours: load("ours", ours("live", BENCH_OBJECT, "lines")),
          C: load("C", c("live", BENCH_OBJECT, "lines")),
        },
        effort.rounds,
        { ...effort, warm: 0 },
      );
      const percent = (name: "ours" | "C") => (100 * lost[name] / events[name]).toFixed(2);
      figures.push({
        name: rate === 0 ? "as many as it can" : `${rate.toLocaleString("en")} events a second`,
        unit: "ns of CPU an event",
        rounds: { ours: us, C },
        headline: { what: "CPU, ours / C", values: ratios(us, C) },
        reach: { most: 1.1 },
        note: `lost: ours ${percent("ours")}%, C ${percent("C")}%`,
      });
    }
    return figures;
  },
};

export const latency: Row = {
  name: "latency",
  title: "Latency",
  how:
    "From the event in the kernel to the handler in the process, at a steady rate. Ours keeps the event " +
    "loop standing while it waits, as C's does nothing else either (nextTimerMs).",
  remarks:
    "Missed. At 200 events a second a round has 400 of them, so that p99 is the fourth worst: of the ten " +
    "worst, four were among the first ten events, which run code that V8 has not compiled yet, the very first " +
    "in 0.6 to 2 ms. The median is the way back from epoll_wait() through code that is called too seldom to be " +
    "optimised: of the 0.34 ms of CPU that an event costs at 100 a second, 57 % are V8's and Deno's own code, " +
    "14 % compiled JavaScript (perf; all on a busy machine). Where the event loop is not kept, the median at 200 " +
    "events a second was twice as long: then each event takes the way round through another thread.",
  async measure(effort) {
    const figures: Figure[] = [];
    for (const rate of [200, 5000]) {
      const count = rate * effort.pick(2, 0.2);
      const last: Record<string, Record<"p50" | "p99", number[]>> = {
        ours: { p50: [], p99: [] },
        C: { p50: [], p99: [] },
      };
      const follow = (name: string, command: readonly string[]) => async () => {
        await using subject = await Subject.start(command);
        await new Deno.Command(c("produce")[0], { args: [String(rate), String(count)] }).output();
        const { p50, p99 } = await subject.report<{ p50: number; p99: number }>();
        last[name].p50.push(p50 / 1000);
        last[name].p99.push(p99 / 1000);
        return p99;
      };
      await rounds(
        {
          ours: follow("ours", ours("live", BENCH_OBJECT, "latency")),
          C: follow("C", c("live", BENCH_OBJECT, "latency")),
        },
        effort.rounds,
        { ...effort, warm: 0 },
      );
      for (const part of ["p50", "p99"] as const) {
        const [us, C] = [last.ours[part], last.C[part]];
        figures.push({
          name: `${part} at ${rate.toLocaleString("en")} events a second`,
          unit: "µs",
          rounds: { ours: us, C },
          headline: { what: "ours / C", values: ratios(us, C) },
          ...(part === "p99" && { reach: { most: 1 } }),
        });
      }
    }
    return figures;
  },
};
