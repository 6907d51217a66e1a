#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** profile: what each CPU is at, several times a second: the stacks of the kernel and of the process. */
import { event, Profile } from "#skel/examples/profile.ts";
import {
  integer,
  type LazyOf,
  membersOf,
  option,
  plainWords,
  ringTool,
  toolMain,
  type Words,
} from "#lib/tool/mod.ts";
import { attachTimer, frameText, Symbolizer } from "#lib/tool/stacks.ts";

function own() {
  const symbolizer = new Symbolizer();
  symbolizer.kernel(0n); // reads the kernel's symbols, before there are samples that wait
  return {
    stack: (pid: number, addresses: readonly bigint[]) =>
      symbolizer.stack(pid || undefined, addresses).map(frameText),
  };
}

const member = membersOf(event, own);

/** What a CPU was at: its stacks with the innermost function first, empty where there is none. */
const members = {
  comm: member.text({ brief: "Name of the thread" }, (r) => r.$comm),
  pid: member.integer({ brief: "Process; 0 where the CPU is idle" }, (r) => r.pid),
  cpu: member.integer({ brief: "The CPU" }, (r) => r.cpu_id),
  kernel: member.words({ brief: "Stack in the kernel" }, (r) => r.$own.stack(r.pid, r.kstack)),
  user: member.words({ brief: "Stack in the process" }, (r) => r.$own.stack(r.pid, r.ustack)),
};

const table = membersOf<LazyOf<typeof members>>();

export const { tool, start: profile } = ringTool({
  name: "profile",
  brief: "Show what each CPU is at: the stacks of the kernel and of the process",
  examples: [["profile", "once a second"], ["profile -f 99", "99 times a second"]],
  options: { frequency: option("f", "HZ", "Look this often a second", integer(1, 10_000), 1) },
  members,
  derived: { samples: table.words({ as: "lines", brief: "All of that" }, sampleLines) },
  columns: () => ["samples"],
  own,
  open: () => Profile.open(),
  attach: ({ progs }, { frequency }) => attachTimer(progs.profile, frequency),
});

/** As libbpf-bootstrap's profile shows it. */
function sampleLines({ comm, pid, cpu, kernel, user }: LazyOf<typeof members>): Words {
  const part = (title: string, stack: readonly string[]) =>
    stack.length === 0
      ? [`No ${title} Stack`]
      : [`${title}:`, ...stack.map((frame, depth) => `  ${depth} ${frame}`)];
  const stacks = [...part("Kernel", plainWords(kernel)), ...part("Userspace", plainWords(user))];
  return [`COMM: ${comm} (pid=${pid}) @ CPU ${cpu}`, ...stacks, ""];
}

if (import.meta.main) await toolMain(tool);
