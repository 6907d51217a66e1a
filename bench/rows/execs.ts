import { runTime, withStats } from "../kernel_half.ts";
import { c, report, tool } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

const WORKERS = 4;

/** Between execs that come one by one, in microseconds. */
const PAUSE = 10_000;

export const execs: Row = {
  name: "execs",
  title: "Storm of execs",
  how:
    "Four processes start /bin/true as fast as the machine can. The cost of an exec is the time that " +
    "the programs ran in the kernel (kernel.bpf_stats_enabled), and the CPU time of the tool, by exec; " +
    "a storm of the same size has gone before, in which V8 compiles.",
  measure: (effort) =>
    withStats(async () => {
      const each = effort.pick(2000, 20);
      const count = WORKERS * each;
      const figures: Figure[] = [];
      const parts: Record<"kernel" | "CPU", Record<string, number[]>> = {
        kernel: { ours: [], C: [], bootstrap: [] },
        CPU: { ours: [], C: [], bootstrap: [] },
      };
      const shown: Record<string, number> = { ours: 0, C: 0, bootstrap: 0 };
      const storm = (name: string, command: readonly string[], marker: RegExp) => async () => {
        await using subject = await Subject.start(command, "stdout");
        const storm = async () => {
          await report(c("execs", WORKERS, each));
          await new Promise((resolve) => setTimeout(resolve, 50));
          return { cpu: subject.cpuMs() * 1e3 / count, kernel: runTime(subject.pid) / 1e3 / count };
        };
        const before = await storm();
        const after = await storm();
        const [cpu, kernel] = [after.cpu - before.cpu, after.kernel - before.kernel];
        const lines = (await subject.stop()).split("\n");
        shown[name] += lines.filter((line) => marker.test(line)).length;
        parts.kernel[name].push(kernel);
        parts.CPU[name].push(cpu);
        return kernel + cpu;
      };
      const measured = await rounds(
        {
          ours: storm("ours", tool("execsnoop"), /^true .*--with some arguments/),
          C: storm("C", ["stdbuf", "-oL", "execsnoop"], /^true .*--with some arguments/),
          bootstrap: storm("bootstrap", tool("bootstrap"), /EXEC +true/),
        },
        effort.rounds,
        { ...effort, warm: 0 },
      );
      const asked = 2 * count * effort.rounds;
      const lost = (name: string) => asked - shown[name];
      const rows = [["kernel and CPU", measured], ["kernel", parts.kernel], ["CPU", parts.CPU]];
      for (const [name, rounds] of rows as [string, Record<string, number[]>][]) {
        const values = ratios(rounds.ours, rounds.C).filter(Number.isFinite);
        figures.push({
          name,
          unit: "µs an exec",
          rounds,
          headline: { what: "execsnoop, ours / C", values },
          ...(name === "kernel and CPU" && {
            reach: { most: 1 },
            note: `of ${asked.toLocaleString("en")} execs were not shown: ours ${lost("ours")}, ` +
              `C ${lost("C")}, bootstrap ${lost("bootstrap")}`,
          }),
        });
      }
      return figures;
    }),
};

export const lone: Row = {
  name: "lone",
  title: "Events one by one",
  how:
    "A process starts /bin/true every 10 ms: the CPU time of execsnoop by exec, from waking up to having written " +
    "the line. 50 of them have gone before.",
  async measure(effort) {
    const count = effort.pick(1000, 20);
    const each = (command: readonly string[]) => async () => {
      await using subject = await Subject.start(command, "stdout");
      const execs = (count: number) => report(c("execs", 1, count, PAUSE));
      await execs(50);
      const before = subject.cpuMs();
      await execs(count);
      return (subject.cpuMs() - before) * 1e3 / count;
    };
    const measured = await rounds(
      { ours: each(tool("execsnoop")), C: each(["stdbuf", "-oL", "execsnoop"]) },
      effort.rounds,
      { ...effort, warm: 0 },
    );
    return [{
      name: "execsnoop",
      unit: "µs of CPU an exec",
      rounds: measured,
      headline: { what: "µs of CPU an exec, ours", values: measured.ours },
      reach: { most: 170 },
    }];
  },
};
