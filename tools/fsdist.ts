#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * fsdist: how long calls of file systems take, as histograms: reads, writes, opens, syncs, page faults.
 *
 * As a command: `sudo tools/fsdist.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = fsdist({ type: ["ext4"], interval: 1 });
 * for await (const table of trace.batches()) console.log(table[0].op, table[0].histogram);
 * ```
 */
import { Fsdist } from "#skel/fsdist.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  option,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import {
  attachFileCalls,
  FILE_OPS,
  fileCallOptions,
  fileSystemsOf,
  mountOf,
  prepareFileCalls,
} from "#lib/tool/file_systems.ts";
import { derived, headingOf, members, own } from "./fsdist/members.ts";

export type { FileLatency } from "./fsdist/members.ts";

/** Histograms that there may be of one kind, for all CPUs and both sets. */
const MAX_GROUPS = 2048;

const options = {
  timestamp: flag("T", "Show the time above each table"),
  milliseconds: flag("m", "Show a histogram of milliseconds, not microseconds"),
  ...fileCallOptions,
  mount: option("", "PATH", "Trace only files on the file system that PATH is on", mountOf),
  by_mount: flag("", "Show a histogram for each file system that is mounted"),
  by_process: flag("", "Show a histogram for each process"),
  errors: flag("", "Show calls that fail apart, by errno"),
  extension: flag("e", "Show average, maximum, total and count of each histogram as well"),
  all_files: flag("a", "Trace pipes, sockets and devices too, where any file system is traced"),
  ...targetOptions,
};

export const { tool, start: fsdist } = countTool({
  name: "fsdist",
  group: "files",
  brief: "Show how long calls of file systems take, as histograms",
  aliases: {
    bcachefsdist: ["-t", "bcachefs"],
    btrfsdist: ["-t", "btrfs"],
    ext4dist: ["-t", "ext4"],
    f2fsdist: ["-t", "f2fs"],
    fusedist: ["-t", "fuse"],
    nfsdist: ["-t", "nfs"],
    xfsdist: ["-t", "xfs"],
    zfsdist: ["-t", "zfs"],
  },
  examples: [
    ["fsdist", "histograms at the end (Ctrl-C), of any file system"],
    ["fsdist -t ext4", "of ext4; ext4dist is the same"],
    ["fsdist -t ext4 1 10", "each second, ten times"],
    ["fsdist -t xfs -mT 5", "every 5 seconds, in milliseconds, with the time"],
    ["fsdist -t ext4 -p 181", "only calls of process 181"],
    ["fsdist --by-mount", "one for each file system that is mounted"],
    ["fsdist --op F --by-process", "syncs, by process"],
    ["fsdist --errors", "calls that fail apart, by errno"],
  ],
  options,
  operands: intervalOperands,
  demanding: [{ type: ["ext4"] }],
  members,
  derived,
  title: ({ type }) =>
    `Tracing ${
      fileSystemsOf(type).join(" and ") || "file system"
    } operation latency... Hit Ctrl-C to end.`,
  columns: () => [],
  order: () => "rank",
  stamp: ({ timestamp }) => timestamp,
  histogram: ({ milliseconds }) => ({
    of: "histogram",
    unit: milliseconds ? "msecs" : "usecs",
  }),
  heading: (row, { extension }) => headingOf(row, extension),
  own,
  open: () => Fsdist.open(),
  prepare(opened, options) {
    const { rodata, maps } = opened;
    const { by_mount, by_process, errors } = options;
    rodata.by_mount = by_mount;
    rodata.by_process = by_process;
    rodata.by_error = errors;
    if (options.milliseconds) rodata.unit_ns = 1_000_000n;
    const many = by_mount || by_process || errors;
    const few = 2 * FILE_OPS.length * navigator.hardwareConcurrency;
    maps.latencies.maxEntries = many ? MAX_GROUPS : few;
    prepareFileCalls(opened, options);
  },
  attach: (skeleton, options) => attachFileCalls("fsdist", skeleton, options),
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.latencies),
  fills: ({ by_process }) => by_process,
});

if (import.meta.main) await toolMain(tool);
