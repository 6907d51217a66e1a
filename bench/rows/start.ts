import {
  bundle,
  bundleWith,
  c,
  compiled,
  front,
  installed,
  ours,
  report,
  tool,
} from "../programs.ts";
import { type Contestants, ratios, rounds } from "../rounds.ts";
import type { Figure, Row } from "../row.ts";

interface Start {
  readonly header_ms: number;
  readonly exit_ms: number;
}

/**
 * The kernel waits for a grace period before a tracepoint that was just left can be used again: without
 * a pause a contestant would pay for the one before it.
 */
const PAUSE_MS = 100;

/** V8 compiles each function when it reads it, so that the cached code of a file has them all. */
const NO_LAZY = "--no-lazy";

type Commands = Readonly<Record<string, readonly string[]>>;

/** The forms in which a tool is started. */
function forms(name: string): Commands {
  const binary = compiled(name);
  return {
    ours: tool(name),
    "ours, bundled": bundle(name),
    "bundled, no-lazy": bundleWith(NO_LAZY, name),
    ...(binary && { "ours, binary": binary }),
  };
}

const allCommands = (): Readonly<Record<string, Commands>> => ({
  execsnoop: {
    ...forms("execsnoop"),
    C: ["execsnoop"],
    "C, our object": front("variants/execsnoop_brief", "btf_exec"),
    bpftrace: ["bpftrace", "-e", "tracepoint:syscalls:sys_enter_execve { join(args->argv) }"],
  },
  syscount: {
    ...forms("syscount"),
    C: ["syscount"],
    "C, our object": front("syscount", "btf_enter"),
    bpftrace: ["bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter { @[args->id] = count() }"],
  },
  opensnoop: { ...forms("opensnoop"), C: ["opensnoop"] },
  bootstrap: {
    ...forms("bootstrap"),
    "C, our object": front("bootstrap", "btf_exec", "btf_exit"),
  },
  "nothing at all": {
    ours: ours("empty_tool"),
    "ours, bundled": bundle("empty_tool"),
    "bundled, no-lazy": bundleWith(NO_LAZY, "empty_tool"),
    "empty script": ours("empty"),
  },
});

/** What the start of each may take of the other's. */
const MOST: Readonly<Record<string, number>> = {
  execsnoop: 0.85,
  opensnoop: 0.85,
  bootstrap: 0.85,
  syscount: 1.5,
  "nothing at all": 1.3,
};

/** bcc has no bootstrap: there C is a front end of our own object. */
const against = (contestants: object): string =>
  ["C", "C, our object", "empty script"].find((name) => name in contestants)!;

function isInstalled([, [program]]: [string, readonly string[]]): boolean {
  return program !== "bpftrace" || installed(program);
}

function startRow(
  name: string,
  title: string,
  how: string,
  measured: keyof Start,
  most: (name: string, against: string) => number | undefined,
  remarks: string,
): Row {
  return {
    name,
    title,
    how,
    remarks,
    async measure(effort) {
      const figures: Figure[] = [];
      for (const [name, commands] of Object.entries(allCommands())) {
        const contestants: Contestants = Object.fromEntries(
          Object.entries(commands).filter(isInstalled).map((
            [contestant, command],
          ) => [contestant, async () => {
            const start = await report<Start>(c("start", 1, ...command));
            return start[measured];
          }]),
        );
        const measurements = await rounds(contestants, effort.rounds, {
          ...effort,
          pauseMs: PAUSE_MS,
        });
        const other = against(contestants);
        const limit = most(name, other);
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
  (name) => MOST[name],
  "From the first run to the next boot the kernel's types that " +
    "an object needs are kept, so that libbpf does not read all of them: that saved a fifth of the bundle's CPU " +
    "time. To be small and to have its objects beside it saved a sixth of the rest, --no-lazy a tenth of that " +
    "(2026-11-29, on a busy machine).",
);

export const exit = startRow(
  "exit",
  "Exit",
  "From SIGINT to the end of the process, on a terminal.",
  "exit_ms",
  (_, against) => against === "C" ? 1 : undefined,
  "The C tools' classic tracepoints take 70 ms each to detach; raw tracepoints take next to nothing.",
);
