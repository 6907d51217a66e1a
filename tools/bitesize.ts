#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * bitesize: how large requests to block devices are, as histograms by the process that asks.
 *
 * As a command: `sudo tools/bitesize.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = bitesize({ interval: 1 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].avg_bytes);
 * ```
 */
import { Bitesize } from "#skel/bitesize.ts";
import {
  CounterSets,
  countTool,
  disk,
  flag,
  intervalOperands,
  isTargeted,
  option,
  queueArguments,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { headingOf, members, own } from "./bitesize/members.ts";

export type { RequestSizes } from "./bitesize/members.ts";

export const { tool, start: bitesize } = countTool({
  name: "bitesize",
  group: "disks",
  brief: "Show how large requests to block devices are, by process",
  examples: [
    ["bitesize", "histograms at the end (Ctrl-C)"],
    ["bitesize 1 10", "each second, ten times"],
    ["bitesize -T 1", "each second, with the time"],
    ["bitesize -c fio", "only what threads of this name ask for"],
    ["bitesize -d sdc", "one disk only"],
  ],
  options: {
    timestamp: flag("T", "Show the time above each table"),
    disk: option("d", "DISK", "Trace this disk only", disk),
    ...withLetters(targetOptions, { cgroup: "", comm: "c" }),
  },
  operands: intervalOperands,
  members,
  title: () => "Tracing block device I/O... Hit Ctrl-C to end.",
  columns: () => [],
  order: () => "-count",
  stamp: ({ timestamp }) => timestamp,
  histogram: () => ({ of: "histogram", unit: "Kbytes", fractions: 1 }),
  heading: headingOf,
  own,
  open: () => Bitesize.open(),
  prepare({ rodata }, options) {
    if (options.disk !== undefined) rodata.targ_dev = options.disk;
    Object.assign(rodata, queueArguments());
    rodata.by_owner = isTargeted(options);
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.sizes),
  // Names are as many as programs choose to have.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
