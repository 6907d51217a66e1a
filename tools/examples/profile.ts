#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** profile: what each CPU is at, several times a second: the stacks of the kernel and of the process. */
import { Profile } from "#skel/examples/profile.ts";
import { Symbolizer } from "#lib/symbols/mod.ts";
import { loadSkeleton } from "#lib/tool/load.ts";
import {
  integer,
  option,
  type OptionsOf,
  RingTrace,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
} from "#lib/tool/mod.ts";
import { attachTimer, frameText } from "#lib/tool/stacks.ts";

const options = {
  frequency: option("f", "HZ", "Look so many times a second", integer(1, 10_000), 1),
};
type Options = OptionsOf<typeof options>;

/** What a CPU was at: its stacks with the innermost function first, empty where there is none. */
interface Sample {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  readonly kernel: readonly string[];
  readonly user: readonly string[];
}

export const tool: Tool<Options, Sample> = {
  name: "profile",
  brief: "Show what each CPU is at: the stacks of the kernel and of the process",
  options,
  examples: [["profile", "once a second"], ["profile -f 99", "99 times a second"]],
  fields: {
    comm: { type: "text", brief: "Name of the thread", value: (e) => e.comm },
    pid: { type: "integer", brief: "Process; 0 where the CPU is idle", value: (e) => e.pid },
    cpu: { type: "integer", brief: "The CPU", value: (e) => e.cpu },
    kernel: { type: "words", brief: "Stack in the kernel", value: (e) => e.kernel },
    user: { type: "words", brief: "Stack in the process", value: (e) => e.user },
    samples: { type: "text", lines: true, only: "table", brief: "All of that", value: sampleText },
  },
  columns: () => ["samples"],
  trace: profile,
};

/** Starts tracing: the program is attached when this returns. */
export function profile(given: TraceOptions<Options> = {}): Trace<Sample> {
  const skeleton = loadSkeleton(Profile.open());
  const symbolizer = new Symbolizer();
  symbolizer.kernel(0n); // reads the kernel's symbols, before there are samples that wait
  return new RingTrace({
    skeleton,
    attach: () => attachTimer(skeleton.progs.profile, withDefaults(options, given).frequency),
    ring: skeleton.maps.events,
    event({ comm, pid, cpu_id: cpu, kstack, ustack }) {
      const stack = (at: readonly bigint[]) =>
        symbolizer.stack(pid || undefined, at).map(frameText);
      // Named when they are shown: reading the symbols of a process that --filter drops is expensive.
      return {
        ...{ comm, pid, cpu },
        get kernel() {
          return stack(kstack);
        },
        get user() {
          return stack(ustack);
        },
      };
    },
    lost: () => skeleton.bss.lost,
    signal: given.signal,
  });
}

/** As libbpf-bootstrap's profile shows it. */
function sampleText({ comm, pid, cpu, kernel, user }: Sample): string {
  const part = (title: string, stack: readonly string[]) =>
    stack.length === 0
      ? [`No ${title} Stack`]
      : [`${title}:`, ...stack.map((frame, depth) => `  ${depth} ${frame}`)];
  const stacks = [...part("Kernel", kernel), ...part("Userspace", user)];
  return [`COMM: ${comm} (pid=${pid}) @ CPU ${cpu}`, ...stacks, ""].join("\n");
}

if (import.meta.main) await toolMain(tool);
