import { tool } from "../programs.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

/** A user that nothing runs as: there are no events. */
const NOBODY = "4294000000";

const COMMANDS: Readonly<Record<string, readonly [string[], string[]?]>> = {
  execsnoop: [tool("execsnoop", "-u", NOBODY), ["stdbuf", "-oL", "execsnoop", "-u", "2147000000"]],
  bootstrap: [tool("bootstrap", "-u", NOBODY)],
  syscount: [tool("syscount", "-u", NOBODY), ["stdbuf", "-oL", "syscount"]],
};

export const idle: Row = {
  name: "idle",
  title: "Idle",
  how: "CPU time of a tool in a minute without events, in percent of a CPU. All run side by side.",
  async measure(effort) {
    const seconds = effort.pick(60, 1);
    const figures: Figure[] = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, [ours, C]]) => {
        const us = await idlePercent(ours, seconds);
        const them = C && await idlePercent(C, seconds);
        return {
          name,
          unit: "%",
          rounds: { ours: [us], ...(them !== undefined && { C: [them] }) },
          headline: { what: "% of a CPU, ours", values: [us] },
          reach: { most: 0.1 },
        };
      }),
    );
    effort.progress();
    return figures;
  },
};

async function idlePercent(command: readonly string[], seconds: number): Promise<number> {
  await using subject = await Subject.start(command, "stdout");
  const before = subject.cpuMs();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (subject.cpuMs() - before) / (seconds * 10);
}
