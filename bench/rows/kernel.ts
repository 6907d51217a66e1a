import { mapMemory, programsOf, withStats } from "../kernel_half.ts";
import { c, report, tool } from "../programs.ts";
import type { Effort, Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

const TOOLS: readonly (readonly [name: string, ours: string[], C: string[] | undefined])[] = [
  ["execsnoop", tool("execsnoop"), ["stdbuf", "-oL", "execsnoop"]],
  ["execsnoop -x", tool("execsnoop", "-x"), ["stdbuf", "-oL", "execsnoop", "-x"]],
  ["syscount", tool("syscount"), ["stdbuf", "-oL", "syscount"]],
  ["syscount -L", tool("syscount", "-L"), ["stdbuf", "-oL", "syscount", "-L"]],
  ["syscount -P", tool("syscount", "-P"), ["stdbuf", "-oL", "syscount", "-P"]],
  ["bootstrap", tool("bootstrap"), undefined],
];

export const memory: Row = {
  name: "memory",
  title: "Memory in the kernel",
  how: "What all maps of a tool take once it runs, as /proc says (memlock).",
  async measure(effort) {
    const figures: Figure[] = [];
    for (const [name, ours, C] of TOOLS) {
      const us = await memlock(ours);
      const them = C && await memlock(C);
      effort.progress();
      figures.push({
        name,
        unit: "KiB",
        rounds: { ours: [us], ...(them !== undefined && { C: [them] }) },
        ...(them !== undefined && {
          headline: { what: "ours / C", values: [us / them] },
          reach: { most: name === "execsnoop" ? 2048 / them : 1 },
        }),
      });
    }
    return figures;
  },
};

async function memlock(command: readonly string[]): Promise<number> {
  await using subject = await Subject.start(command, "stdout");
  return mapMemory(subject.pid) / 1024;
}

export const programs: Row = {
  name: "programs",
  title: "Programs in the kernel",
  how:
    "Instructions that the verifier looked at, sizes after it and after the compiler in bytes, and " +
    "how long a run takes under a load of execs and system calls (kernel.bpf_stats_enabled).",
  measure: (effort) =>
    withStats(async () => {
      const figures: Figure[] = [];
      for (const [name, ours, C] of TOOLS) {
        figures.push(...await figuresOf(name, "ours", ours, effort));
        if (C) figures.push(...await figuresOf(name, "C", C, effort));
        effort.progress();
      }
      return figures;
    }),
};

async function figuresOf(
  tool: string,
  whose: string,
  command: readonly string[],
  effort: Effort,
): Promise<Figure[]> {
  await using subject = await Subject.start(command, "stdout");
  await report(c("execs", 2, effort.pick(200, 5)));
  await report(c("calls", effort.pick(1_000_000, 10_000)));
  return programsOf(subject.pid).map((program) => ({
    name: `${tool}, ${whose}: ${program.name}`,
    unit: "",
    rounds: {
      "verified insns": [program.verifiedInsns],
      "xlated bytes": [program.xlatedSize],
      "jited bytes": [program.jitedSize],
      "ns a run": [
        program.runCount === 0n ? 0 : Number(program.runTimeNs) / Number(program.runCount),
      ],
    },
  }));
}
