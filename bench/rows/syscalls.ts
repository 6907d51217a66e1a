import { c, installed, report, tool } from "../programs.ts";
import { added, type Contestants, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

/** Ours and C's options, and how much of what C adds ours may add. */
const WAYS = [
  { name: "counting", ours: [], C: [], most: 0.5 },
  { name: "latency (-L)", ours: ["-L"], C: ["-L"], most: 0.8 },
  { name: "by process (-P)", ours: ["-P"], C: ["-P"], most: 1 },
  { name: "one process (-p)", ours: ["-p", "1"], C: ["-p", "1"], most: 1 },
  { name: "histogram", ours: ["--histogram"], C: ["-L"], most: undefined },
];

const BPFTRACE = ["bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter { @[args->id] = count() }"];

export const syscalls: Row = {
  name: "syscalls",
  title: "Storm of system calls",
  how:
    "getppid(2) in a loop: what a call takes alone, and with a syscount that runs. The headline is " +
    "what ours adds to a call, as a part of what C's adds. C has no histogram: there it is -L.",
  remarks:
    "A program that does nothing at the same hook costs 80 ns: that much the kernel takes on its way " +
    "there. What is left for counting is a look-up in an array.",
  async measure(effort) {
    const count = effort.pick(3_000_000, 100_000);
    const loop = async () => (await report<{ ns: number }>(c("calls", count))).ns;
    const beside = (command: readonly string[]) => async () => {
      await using subject = await Subject.start(command, "stdout");
      const ns = await loop();
      await subject.stop();
      return ns;
    };
    const figures: Figure[] = [];
    for (const { name, ours, C, most } of WAYS) {
      const contestants: Contestants = {
        alone: loop,
        ours: beside(tool("syscount", ...ours)),
        C: beside(["stdbuf", "-oL", "syscount", ...C]),
        ...(name === "counting" && installed("bpftrace") && { bpftrace: beside(BPFTRACE) }),
      };
      const measured = await rounds(contestants, effort.rounds, { ...effort, warm: 0 });
      figures.push({
        name,
        unit: "ns a call",
        rounds: measured,
        headline: {
          what: "added, ours / C",
          values: added(measured.ours, measured.C, measured.alone),
        },
        ...(most !== undefined && { reach: { most } }),
      });
    }
    return figures;
  },
};
