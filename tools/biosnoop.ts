#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * biosnoop: every request to a block device, with the task that asked for it.
 *
 * As a command: `sudo tools/biosnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = biosnoop({ min: 10 });
 * for await (const request of trace) console.log(request.comm, request.disk, request.latency_ns);
 * ```
 */
import { Biosnoop } from "#skel/biosnoop.ts";
import {
  decimal,
  disk,
  durationOperand,
  flag,
  isTargeted,
  list,
  MAX_SECONDS,
  option,
  queueArguments,
  requestOp,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./biosnoop/members.ts";

export type { BlockRequest } from "./biosnoop/members.ts";

export const { tool, start: biosnoop } = ringTool({
  name: "biosnoop",
  group: "disks",
  brief: "Trace requests to block devices",
  examples: [
    ["biosnoop", "all of them"],
    ["biosnoop 10", "for 10 seconds"],
    ["biosnoop -t", "with the time of day"],
    ["biosnoop -Q", "with the time for which the kernel kept each back"],
    ["biosnoop -d sdc", "one disk only"],
    ["biosnoop -m 10", "only those that take 10 ms or more"],
    ["biosnoop -x", "only those that fail"],
    ["biosnoop --op flush,discard", "only these operations"],
    ["biosnoop -P", "whether each begins where the one before it ended"],
    ["biosnoop -c system.slice", "only what tasks in this cgroup ask for"],
  ],
  options: {
    timestamp: flag("t", "Show the time of day, not seconds since the start"),
    queued: flag("Q", "Show the time for which the kernel kept a request back"),
    pattern: flag("P", "Show whether a request is sequential (S) or random (R)"),
    disk: option("d", "DISK", "Trace this disk only", disk),
    min: option(
      "m",
      "MS",
      "Show only requests that take MS or more",
      decimal(0, MAX_SECONDS * 1e3),
    ),
    failed: flag("x", "Show only requests that fail"),
    op: list("", "OP,...", "Show only these operations: read, write, flush, discard", requestOp),
    ...targetOptions,
  },
  operands: durationOperand,
  members,
  derived,
  columns: ({ timestamp, queued, pattern, failed }) => [
    timestamp ? "time" : "seconds",
    "comm",
    "pid",
    "disk",
    "rwbs",
    "sector",
    "size_bytes",
    pattern && "p",
    queued && "que_ms",
    "lat_ms",
    failed && "error",
  ],
  failed: (e) => e.error !== undefined,
  own,
  open: () => Biosnoop.open(),
  prepare({ rodata }, options, shown) {
    const { disk, min, failed, op } = options;
    Object.assign(rodata, queueArguments());
    if (disk !== undefined) rodata.targ_dev = disk;
    if (min !== undefined) rodata.min_ns = BigInt(Math.round(min * 1e6));
    rodata.by_owner = isTargeted(options);
    rodata.failures_only = failed;
    rodata.targ_ops = op.reduce((ops, op) => ops | 1n << BigInt(op), 0n);
    rodata.with_pattern = shown.has("pattern") || shown.has("p");
    rodata.with_merges = shown.has("merges");
  },
});

if (import.meta.main) await toolMain(tool);
