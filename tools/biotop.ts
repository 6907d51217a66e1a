#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * biotop: which processes use the disks, and how much.
 *
 * As a command: `sudo tools/biotop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = biotop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].bytes);
 * ```
 */
import { Biotop } from "#skel/biotop.ts";
import {
  choice,
  CounterSets,
  countTool,
  disk,
  isTargeted,
  loadAverages,
  option,
  queueArguments,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./biotop/members.ts";

export type { DiskUsage } from "./biotop/members.ts";

export const { tool, start: biotop } = countTool({
  name: "biotop",
  group: "disks",
  brief: "Show which processes use the disks, and how much",
  examples: [
    ["biotop", "a table each second, in place on a terminal"],
    ["biotop -C", "one below the other"],
    ["biotop 5 10", "each 5 seconds, ten times"],
    ["biotop -p 181", "only process 181"],
    ["biotop -s io -r 10", "the 10 with the most requests"],
    ["biotop --by disk", "by disk and operation"],
    ["biotop -d sdc --by cgroup", "by cgroup, on one disk"],
  ],
  options: {
    ...topToolOptions({ all: "-all", io: "-io", bytes: "-bytes", time: "-total_ns" }),
    by: option(
      "",
      "WHAT",
      "Count by process, cgroup or disk",
      choice("process", "cgroup", "disk"),
      "process",
    ),
    disk: option("d", "DISK", "Trace this disk only", disk),
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  derived,
  ...topToolTables,
  columns: ({ by }) => [
    ...by === "process" ? ["pid", "comm"] as const : [],
    by === "cgroup" && "cgroup_id",
    "d",
    "maj",
    "min",
    "disk",
    "io",
    "kbytes",
    "avg_ms",
  ],
  order: ({ sort }) => sort,
  stamp: loadAverages,
  own,
  open: () => Biotop.open(),
  prepare({ rodata }, options) {
    Object.assign(rodata, queueArguments());
    if (options.disk !== undefined) rodata.targ_dev = options.disk;
    rodata.by_owner = isTargeted(options);
    rodata.by_process = options.by === "process";
    rodata.by_cgroup = options.by === "cgroup";
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.usages),
});

if (import.meta.main) await toolMain(tool);
