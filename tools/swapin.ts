#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * swapin: which processes wait for pages to be read from swap.
 *
 * As a command: `sudo tools/swapin.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = swapin({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].pages);
 * ```
 */
import { Swapin } from "#skel/swapin.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  optional,
  seconds,
  targetOptions,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import { attachSwapHooks, loadSwapHooks, swapArguments } from "./swapin/hooks.ts";
import { derived, heading, members } from "./swapin/members.ts";

export type { SwapUsage } from "./swapin/members.ts";

/** What is known of page faults. */
const FAULT_FIELDS = [
  "faults",
  "major_faults",
  "total_ns",
  "avg_ns",
  "avg_us",
  "max_ns",
  "max_us",
  "histogram",
];

export const { tool, start: swapin } = countTool({
  name: "swapin",
  group: "memory",
  brief: "Show which processes have pages read from swap",
  examples: [
    ["swapin", "a table each second"],
    ["swapin -T 5 10", "each 5 seconds, ten times, without the time above"],
    ["swapin --out", "include pages that are written to swap"],
    ["swapin --faults", "include page faults, and how long they take"],
    ["swapin --hist 10", "a histogram of them for each process"],
    ["swapin --out --cgroups", "whose memory is read and written: a row for each cgroup"],
  ],
  options: {
    notime: flag("T", "Do not show the time above a table"),
    out: flag("", "Include pages that are written to swap"),
    faults: flag("", "Include page faults, and how long they take"),
    hist: flag("", "Show a histogram of how long page faults take for each process"),
    cgroups: flag("", "Show a row for each cgroup (v2) whose memory it is"),
    ...topOptions,
    ...targetOptions,
  },
  operands: {
    ...intervalOperands,
    interval: optional("INTERVAL", "Show a table every INTERVAL seconds", seconds, 1),
  },
  demanding: [{ out: true, hist: true }],
  members,
  derived,
  title: () => "Counting swap ins. Ctrl-C to end.",
  columns: ({ out, faults, hist, cgroups }) => [
    ...cgroups ? ["cgroup_id"] as const : ["comm", "pid"] as const,
    "count",
    out && "out",
    ...(faults || hist) && !cgroups ? ["faults", "major_faults", "avg_us", "max_us"] as const : [],
  ],
  order: () => "-pages",
  stamp: ({ notime }) => !notime,
  histogram: ({ hist, cgroups }) =>
    hist && !cgroups ? { of: "histogram", unit: "usecs" } : undefined,
  heading,
  own: ({ cgroups }) => ({ cgroups }),
  open: () => Swapin.open(),
  prepare({ rodata, progs }, { cgroups }, shown) {
    Object.assign(rodata, swapArguments());
    rodata.by_cgroup = cgroups;
    loadSwapHooks(progs, {
      out: shown.has("out_pages") || shown.has("out"),
      faults: !cgroups && FAULT_FIELDS.some((field) => shown.has(field)),
    });
  },
  attach: ({ progs }) => attachSwapHooks(progs),
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.counts),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
