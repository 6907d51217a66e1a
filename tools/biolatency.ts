#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * biolatency: how long requests to block devices take, as histograms.
 *
 * As a command: `sudo tools/biolatency.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = biolatency({ interval: 1, disks: true });
 * for await (const table of trace.batches()) console.log(table[0].disk, table[0].histogram);
 * ```
 */
import { Biolatency } from "#skel/biolatency.ts";
import {
  CounterSets,
  countTool,
  disk,
  flag,
  intervalOperands,
  isTargeted,
  option,
  queueArguments,
  REQ_OP_MASK,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, headingOf, members, own } from "./biolatency/members.ts";

export type { BlockLatency } from "./biolatency/members.ts";

/** Histograms that there may be of one kind, for all CPUs and both sets. */
const MAX_GROUPS = 1024;

const options = {
  timestamp: flag("T", "Show the time above each table"),
  milliseconds: flag("m", "Show a histogram of milliseconds, not microseconds"),
  queued: flag("Q", "Include the time for which the kernel keeps a request back"),
  disks: flag("D", "Show a histogram for each disk"),
  flags: { ...flag("F", "Show a histogram for each set of flags"), alias: "flag" },
  ops: flag("", "Show a histogram for each operation: read, write, flush, discard"),
  disk: option("d", "DISK", "Trace this disk only", disk),
  heatmap: flag("", "Show a line for each histogram: with INTERVAL, a heat map over time"),
  extension: flag("e", "Show average, total and count of each histogram as well"),
  ...targetOptions,
};

export const { tool, start: biolatency } = countTool({
  name: "biolatency",
  group: "disks",
  brief: "Show how long requests to block devices take, as a histogram",
  examples: [
    ["biolatency", "a histogram at the end (Ctrl-C)"],
    ["biolatency 1 10", "one each second, ten times"],
    ["biolatency -mT 1", "each second, in milliseconds, with the time"],
    ["biolatency -Q", "include the time for which requests are kept back"],
    ["biolatency -D", "one for each disk"],
    ["biolatency -F", "one for each set of flags"],
    ["biolatency --ops", "one for each operation"],
    ["biolatency --heatmap 1", "a line each second: the darker, the more requests"],
    ["biolatency -d sdc", "one disk only"],
    ["biolatency -c system.slice", "only what tasks in this cgroup ask for"],
  ],
  options,
  operands: intervalOperands,
  members,
  derived,
  title: () => "Tracing block device I/O... Hit Ctrl-C to end.",
  runs_on: ({ heatmap }) => heatmap,
  columns: ({ heatmap, disks, flags, ops, milliseconds }) =>
    heatmap
      ? ["time", disks && "disk", (ops || flags) && "op", milliseconds ? "heat_ms" : "heat"]
      : [],
  order: () => "-count",
  stamp: ({ timestamp }) => timestamp,
  histogram: ({ heatmap, milliseconds }) =>
    heatmap ? undefined : { of: "histogram", unit: milliseconds ? "msecs" : "usecs" },
  heading: (row, { extension }) => headingOf(row, extension),
  own,
  open: () => Biolatency.open(),
  prepare({ rodata, progs, maps }, options) {
    const by_owner = isTargeted(options);
    const kinds = options.disks || options.flags || options.ops;
    if (options.disk !== undefined) rodata.targ_dev = options.disk;
    Object.assign(rodata, queueArguments());
    rodata.queued = options.queued;
    rodata.by_owner = by_owner;
    rodata.by_disk = options.disks;
    rodata.flags_mask = options.flags ? 0xffff_ffff : options.ops ? REQ_OP_MASK : 0;
    if (options.milliseconds) rodata.unit_ns = 1_000_000n;
    maps.latencies.maxEntries = kinds ? MAX_GROUPS : 2 * navigator.hardwareConcurrency;
    for (const program of [progs.btf_getrq, progs.btf_merge]) {
      program.autoload = by_owner || options.queued;
    }
    if (!progs.btf_getrq.autoload) maps.owners.maxEntries = 1;
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.latencies),
});

if (import.meta.main) await toolMain(tool);
