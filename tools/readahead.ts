#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * readahead: pages that the kernel reads ahead, whether they are used, and how long after.
 *
 * As a command: `sudo tools/readahead.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = readahead({ by_process: true, seconds: 10 });
 * for await (const { comm, pages, unused } of trace) console.log(comm, pages, unused);
 * ```
 */
import { Readahead } from "#skel/readahead.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { attachReadaheadHooks, loadReadaheadHooks } from "./readahead/hooks.ts";
import { headingOf, members, own } from "./readahead/members.ts";

export type { ReadAhead } from "./readahead/members.ts";

/** Rows of all CPUs and both sets where processes are distinguished. */
const MAX_GROUPS = 4096;

export const { tool, start: readahead } = countTool({
  name: "readahead",
  group: "disks",
  brief: "Show whether pages that are read ahead are used, and how long after",
  examples: [
    ["readahead", "at the end (Ctrl-C)"],
    ["readahead -d 30", "of 30 seconds"],
    ["readahead 5", "every 5 seconds"],
    ["readahead --by-process", "for each process that has pages read ahead"],
    ["readahead -c system.slice", "only what tasks in this cgroup have read ahead"],
    ["readahead -o json --fields pages,used,removed", "the numbers alone"],
  ],
  frame: { seconds: { letter: "d", alias: "duration" } },
  options: {
    by_process: flag("P", "Show each process that has pages read ahead"),
    microseconds: flag("u", "Show a histogram of microseconds, not milliseconds"),
    ...targetOptions,
  },
  operands: intervalOperands,
  demanding: [{ by_process: true }],
  members,
  title: () => "Tracing fs read-ahead ... Hit Ctrl-C to end.",
  columns: () => [],
  order: () => "-pages",
  histogram: ({ microseconds }) => ({
    of: "histogram",
    unit: microseconds ? "usecs" : "msecs",
  }),
  heading: headingOf,
  own,
  open: () => Readahead.open(),
  prepare({ rodata, maps, progs }, { by_process, microseconds }) {
    rodata.by_process = by_process;
    if (microseconds) rodata.unit_ns = 1000n;
    if (by_process) maps.usages.maxEntries = MAX_GROUPS;
    loadReadaheadHooks(progs);
  },
  attach: ({ progs }) => attachReadaheadHooks(progs),
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.usages),
  fills: ({ by_process }) => by_process,
});

if (import.meta.main) await toolMain(tool);
