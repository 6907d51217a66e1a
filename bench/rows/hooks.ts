import { fileExists } from "#lib/sys/status.ts";
import { runTime, withStats } from "../kernel_half.ts";
import { c, report, tool } from "../programs.ts";
import { ratios, rounds } from "../rounds.ts";
import type { Effort, Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

/** What events.c makes, and how many of that. */
const EVENTS = { open: 200_000, switch: 100_000, connect: 10_000, send: 100_000, signal: 200_000 };

/** Tools that show such events, with the words of their command lines where the C tool needs some. */
const TOOLS: readonly (readonly [event: keyof typeof EVENTS, name: string, ...args: string[]])[] = [
  ["open", "opensnoop"],
  ["switch", "runqlat"],
  ["switch", "runqlat", "-P"],
  ["switch", "runqslower"],
  ["connect", "tcpconnect"],
  ["connect", "tcplife"],
  ["send", "tcptop"],
  ["send", "softirqs"],
];

export const hooks: Row = {
  name: "hooks",
  title: "What tools cost the kernel",
  how:
    "How long the programs of a tool run for an event of a kind, in a loop that makes such events " +
    "(kernel.bpf_stats_enabled): what an event takes longer while the tool runs. What else happens on " +
    "the host is in it, of both contestants.",
  measure: (effort) =>
    withStats(async () => {
      const figures: Figure[] = [];
      for (const [event, name, ...args] of TOOLS) {
        const C = ["stdbuf", "-oL", name, ...args];
        if (!fileExists(`/usr/sbin/${name}`) || !await runs(C)) continue;
        const measured = await rounds(
          {
            ours: cost(tool(name, ...args), event, effort),
            C: cost(C, event, effort),
          },
          effort.rounds,
          { ...effort, warm: 0 },
        );
        figures.push({
          name: [name, ...args].join(" "),
          unit: `ns, of ${event}`,
          rounds: measured,
          headline: { what: "ours / C", values: ratios(measured.ours, measured.C) },
          reach: { most: 1 },
        });
      }
      return figures;
    }),
};

/** Whether a C tool starts here: some are attached to functions, which not every kernel lets be traced. */
async function runs(command: readonly string[]): Promise<boolean> {
  try {
    await using _subject = await Subject.start(command, "stdout");
    return true;
  } catch {
    return false;
  }
}

function cost(command: readonly string[], event: keyof typeof EVENTS, effort: Effort) {
  const count = effort.pick(EVENTS[event], 100);
  return async () => {
    await using subject = await Subject.start(command, "stdout");
    const before = runTime(subject.pid);
    await report(c("events", event, count));
    return (runTime(subject.pid) - before) / count;
  };
}
