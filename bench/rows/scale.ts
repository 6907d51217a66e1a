import { BENCH_OBJECT, c, ours, report, tool } from "../programs.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

export const tools: Row = {
  name: "tools",
  title: "Several tools in one process",
  how:
    "This many execsnoops in one Deno process, under a load of execs: CPU time for each tool and exec, " +
    "and resident memory.",
  plot: { x: "tools in one process", y: "µs of CPU for each tool and exec" },
  async measure(effort) {
    const each = effort.pick(1000, 20);
    const figures: Figure[] = [];
    for (const count of [1, 2, 4, 8]) {
      const cpu: number[] = [];
      for (let round = 0; round < effort.rounds; round++) {
        await using subject = await Subject.start(ours("side_by_side", count));
        const before = subject.cpuMs();
        await report(c("execs", 2, each));
        cpu.push((subject.cpuMs() - before) * 1e3 / (count * 2 * each));
        effort.progress();
      }
      figures.push({ name: `${count}`, x: count, unit: "µs", rounds: { ours: cpu } });
    }
    return figures;
  },
};

export const rates: Row = {
  name: "rates",
  title: "From one event a second to ten thousand",
  how: "The reader of the live load, at low rates: CPU time in percent of a CPU.",
  remarks:
    "Each event alone wakes the reader, on the main thread: nextTimerMs keeps the event loop standing. A script " +
    "that only awaits a call of libc 100 times a second takes 0.18 ms of CPU for each.",
  plot: { x: "events a second", y: "% of a CPU", logarithmic: true },
  async measure(effort) {
    const figures: Figure[] = [];
    const seconds = effort.pick(3, 0.5);
    for (const rate of [1, 10, 100, 1000, 10_000]) {
      const used: Record<"ours" | "C", number[]> = { ours: [], C: [] };
      for (let round = 0; round < effort.pick(5, 1); round++) {
        for (const name of ["ours", "C"] as const) {
          const command = (name === "ours" ? ours : c)("live", BENCH_OBJECT, "lines");
          await using subject = await Subject.start(command);
          const before = subject.cpuMs();
          const args = [String(rate), String(Math.ceil(rate * seconds))];
          await new Deno.Command(c("produce")[0], { args }).output();
          used[name].push((subject.cpuMs() - before) / (seconds * 10));
        }
        effort.progress();
      }
      figures.push({ name: rate.toLocaleString("en"), x: rate, unit: "%", rounds: used });
    }
    return figures;
  },
};

export const threads: Row = {
  name: "threads",
  title: "From ten threads to ten thousand",
  how:
    "syscount -L -P -i 1 over this many threads that each make two system calls a second: its CPU time " +
    "in percent of a CPU.",
  plot: { x: "threads", y: "% of a CPU", logarithmic: true },
  async measure(effort) {
    const figures: Figure[] = [];
    const seconds = effort.pick(5, 1.2);
    for (const count of effort.pick([10, 100, 1000, 10_000], [10, 100])) {
      const used: Record<"ours" | "C", number[]> = { ours: [], C: [] };
      await using _threads = await Subject.start(c("threads", count), "stdout");
      for (let round = 0; round < effort.pick(3, 1); round++) {
        for (const name of ["ours", "C"] as const) {
          const args = ["-L", "-P", "-i", "1"];
          const command = name === "ours"
            ? tool("syscount", ...args)
            : ["stdbuf", "-oL", "syscount", ...args];
          await using subject = await Subject.start(command, "stdout");
          const before = subject.cpuMs();
          await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
          used[name].push((subject.cpuMs() - before) / (seconds * 10));
        }
        effort.progress();
      }
      figures.push({ name: count.toLocaleString("en"), x: count, unit: "%", rounds: used });
    }
    return figures;
  },
};
