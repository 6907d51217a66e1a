#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * biopattern: whether disks are read and written one place after the other, or all over.
 *
 * As a command: `sudo tools/biopattern.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = biopattern({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].disk, table[0].random, table[0].count);
 * ```
 */
import { Biopattern } from "#skel/biopattern.ts";
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
} from "#lib/tool/mod.ts";
import { derived, headingOf, members, own } from "./biopattern/members.ts";

export type { DiskPattern } from "./biopattern/members.ts";

/** Processes that are followed on a disk, and rows of all CPUs and both sets for them. */
const MAX_PROCESSES = 4096;

export const { tool, start: biopattern } = countTool({
  name: "biopattern",
  group: "disks",
  brief: "Show whether disks are used sequentially or randomly",
  examples: [
    ["biopattern", "a row for each disk at the end (Ctrl-C)"],
    ["biopattern 1 10", "each second, ten times"],
    ["biopattern -T 1", "each second, with the time"],
    ["biopattern -d sdc", "one disk only"],
    ["biopattern --by-process", "each process on its own: several may read in sequence"],
    ["biopattern --histogram", "how far requests are from the one before"],
  ],
  options: {
    timestamp: flag("T", "Show the time of each row"),
    disk: option("d", "DISK", "Trace this disk only", disk),
    by_process: flag("", "Follow each process on its own"),
    histogram: flag("", "Show how far random requests are from the one before as well"),
    ...targetOptions,
  },
  operands: intervalOperands,
  demanding: [{ by_process: true, histogram: true }],
  members,
  derived,
  title: () => "Tracing block device I/O requested seeks... Hit Ctrl-C to end.",
  columns: ({ timestamp, by_process }) => [
    timestamp && "time",
    "disk",
    ...by_process ? ["pid", "comm"] as const : [],
    "rnd",
    "seq",
    "count",
    "kbytes",
  ],
  order: () => "-count",
  stamp: () => false,
  histogram: ({ histogram }) => histogram ? { of: "distance", unit: "sectors" } : undefined,
  heading: headingOf,
  own,
  open: () => Biopattern.open(),
  prepare({ rodata, progs, maps }, options) {
    const by_owner = isTargeted(options);
    const { by_process } = options;
    if (options.disk !== undefined) rodata.targ_dev = options.disk;
    Object.assign(rodata, queueArguments());
    rodata.by_owner = by_owner;
    rodata.by_process = by_process;
    rodata.with_distance = options.histogram;
    if (by_process) maps.processes.maxEntries = maps.patterns.maxEntries = MAX_PROCESSES;
    const with_owners = rodata.with_owners = by_owner || by_process;
    progs.btf_getrq.autoload = progs.btf_merge.autoload = with_owners;
    if (!with_owners) maps.owners.maxEntries = 1;
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.patterns),
  fills: ({ by_process }) => by_process,
});

if (import.meta.main) await toolMain(tool);
