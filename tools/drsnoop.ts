#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * drsnoop: threads that have to reclaim memory before they get some, and how long that takes.
 *
 * As a command: `sudo tools/drsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = drsnoop({ kind: ["memcg"] });
 * for await (const { comm, duration_ns } of trace) console.log(comm, duration_ns);
 * ```
 */
import { Drsnoop, reclaim_kind } from "#skel/drsnoop.ts";
import {
  choice,
  flag,
  integer,
  list,
  MAX_PID,
  option,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { tracepointArguments } from "#lib/tool/functions.ts";
import { histograms } from "./drsnoop/histograms.ts";
import { STACK_BYTES } from "#lib/tool/stacks.ts";
import { derived, members, own } from "./drsnoop/members.ts";

export type { Reclaim } from "./drsnoop/members.ts";

const { RECLAIM_DIRECT, RECLAIM_MEMCG, RECLAIM_SOFTLIMIT, RECLAIM_NODE } = reclaim_kind;

/** What memory is short where, and the tracepoints of each. */
const KINDS = {
  direct: { number: RECLAIM_DIRECT, tracepoint: "mm_vmscan_direct_reclaim" },
  memcg: { number: RECLAIM_MEMCG, tracepoint: "mm_vmscan_memcg_reclaim" },
  softlimit: { number: RECLAIM_SOFTLIMIT, tracepoint: "mm_vmscan_memcg_softlimit_reclaim" },
  node: { number: RECLAIM_NODE, tracepoint: "mm_vmscan_node_reclaim" },
} as const;

type Kind = keyof typeof KINDS;

/** Whether this kernel has a tracepoint, which may be too old, or be configured without cgroups or NUMA. */
const hasTracepoint = (name: string) => tracepointArguments(name) !== undefined;

export const { tool, start: drsnoop } = ringTool({
  name: "drsnoop",
  group: "memory",
  brief: "Show threads that have to reclaim memory before they get some",
  examples: [
    ["drsnoop", "each time"],
    ["drsnoop -e", "include how much memory is free"],
    ["drsnoop -p 181", "only process 181"],
    ["drsnoop -d 10", "for 10 seconds"],
    ["drsnoop --kind direct", "only where all memory is short, as the C tool"],
    ["drsnoop -K", "include the stack in the kernel"],
    ["drsnoop --hist --by comm", "a histogram for each program, at the end"],
  ],
  frame: { seconds: { letter: "d", alias: "duration" } },
  options: {
    extended: flag("e", "Include how much memory is free when the row is printed"),
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    kind: list(
      "",
      "KIND,...",
      "Only these: direct, memcg, softlimit, node",
      choice("direct", "memcg", "softlimit", "node"),
    ),
    kernel_stack: flag("K", "Include the stack in the kernel"),
    hist: flag("", "Show a histogram when the trace ends, in place of rows"),
    by: option(
      "",
      "WHAT",
      "With --hist: one for each kind or comm",
      choice("kind", "comm"),
      "kind",
    ),
    ...targetOptions,
  },
  demanding: [{ kernel_stack: true }],
  members,
  derived,
  columns: ({ hist, by, extended, kernel_stack }) =>
    hist ? [by, "reclaims", "reclaimed_pages", "total_ns", "avg_ns", "max_ns", "drawn"] : [
      "time",
      "comm",
      "tid",
      "duration_ns",
      "reclaimed_pages",
      extended && "free_kb",
      "kind",
      kernel_stack && "stack",
    ],
  failed: ({ reclaimed_pages }) => BigInt(reclaimed_pages) === 0n,
  join: ({ hist, by }) => hist ? histograms(by) : undefined,
  own,
  open: () => Drsnoop.open(),
  prepare({ rodata, progs }, { tid, kind, kernel_stack }) {
    const wanted = kind.length > 0 ? kind : Object.keys(KINDS) as Kind[];
    rodata.targ_kinds = wanted.reduce((bits, kind) => bits | 1 << KINDS[kind].number, 0);
    if (tid !== undefined) rodata.targ_tid = tid;
    if (kernel_stack) rodata.kernel_stack_bytes = STACK_BYTES;
    for (const [name, { tracepoint }] of Object.entries(KINDS) as [Kind, typeof KINDS[Kind]][]) {
      const traced = wanted.includes(name) && hasTracepoint(`${tracepoint}_begin`);
      progs[`${name}_begin`].autoload = progs[`${name}_end`].autoload = traced;
    }
    progs.throttled.autoload = hasTracepoint("mm_vmscan_throttled");
  },
});

if (import.meta.main) await toolMain(tool);
