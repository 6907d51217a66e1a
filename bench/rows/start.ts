import { bundle, c, front, installed, ours, report, tool } from "../programs.ts";
import { type Contestants, ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";

interface Start {
  readonly header_ms: number;
  readonly exit_ms: number;
}

/** How many lines there are up to the header: syscount has a title instead. */
const COMMANDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  execsnoop: {
    ours: tool("execsnoop"),
    "ours, bundled": bundle("execsnoop"),
    C: ["execsnoop"],
    "C, our object": front("variants/execsnoop_brief", "btf_exec"),
    bpftrace: ["bpftrace", "-e", "tracepoint:syscalls:sys_enter_execve { join(args->argv) }"],
  },
  syscount: {
    ours: tool("syscount"),
    "ours, bundled": bundle("syscount"),
    C: ["syscount"],
    "C, our object": front("syscount", "btf_enter"),
    bpftrace: ["bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter { @[args->id] = count() }"],
  },
  bootstrap: {
    ours: tool("bootstrap"),
    "ours, bundled": bundle("bootstrap"),
    "C, our object": front("bootstrap", "btf_exec", "btf_exit"),
  },
  "nothing at all": {
    ours: ours("empty_tool"),
    "ours, bundled": bundle("empty_tool"),
    "empty script": ours("empty"),
  },
};

/** bcc has no bootstrap: there C is a front end of our own object. */
const against = (contestants: object): string =>
  ["C", "C, our object", "empty script"].find((name) => name in contestants)!;

function startRow(
  name: string,
  title: string,
  how: string,
  measured: keyof Start,
  most: (against: string) => number | undefined,
  remarks: string,
): Row {
  return {
    name,
    title,
    how,
    remarks,
    async measure(effort) {
      const figures: Figure[] = [];
      for (const [name, commands] of Object.entries(COMMANDS)) {
        const present = Object.entries(commands).filter(([, [program]]) =>
          program !== "bpftrace" || installed("bpftrace")
        );
        const contestants: Contestants = Object.fromEntries(
          present.map(([contestant, command]) => [contestant, async () => {
            const start = await report<Start>(c("start", 1, ...command));
            return start[measured];
          }]),
        );
        const measurements = await rounds(contestants, effort.rounds, effort);
        const other = against(contestants);
        const limit = most(other);
        figures.push({
          name,
          unit: "ms",
          rounds: measurements,
          ...(limit !== undefined && {
            headline: {
              what: `ours / ${other}`,
              values: ratios(measurements.ours, measurements[other]),
            },
            reach: { most: limit },
          }),
        });
      }
      return figures;
    },
  };
}

export const start = startRow(
  "start",
  "Start",
  "From the start of the process to the first line on a terminal. The C tools are those of libbpf-tools; " +
    '"C, our object" is a front end of a hundred lines that loads what our tool loads. bpftrace writes ' +
    "its first line before it attaches.",
  "header_ms",
  (against) => against === "empty script" ? 1.3 : 1.5,
  "Missed. Of execsnoop's time a fifth is Deno's for an empty script, and as much again goes into the " +
    "hundred modules of a tool, which its bundle saves (`make bundle`). libbpf reads the kernel's types, " +
    "which takes about as long as the C front end of the same object takes in all. 45 functions of libbpf " +
    "and libc are made callable: 5 ms on a busy machine, 20 when each was compiled for (2026-11-28). " +
    "The compiled binary starts in less than half ([binary.md](binary.md)).",
);

export const exit = startRow(
  "exit",
  "Exit",
  "From SIGINT to the end of the process, on a terminal.",
  "exit_ms",
  (against) => against === "C" ? 1 : undefined,
  "The C tools' classic tracepoints take 70 ms each to detach; tp_btf programs take next to nothing.",
);
