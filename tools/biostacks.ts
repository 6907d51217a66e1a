#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * biostacks: how long requests to block devices take, by the stacks with which they are asked for.
 *
 * As a command: `sudo tools/biostacks.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = biostacks({ duration: 10, pid: [1234] });
 * for await (const { comm, disk, kernel, total_ns } of trace) console.log(total_ns, comm, disk, kernel);
 * ```
 */
import { Biostacks } from "#skel/biostacks.ts";
import {
  choice,
  decimal,
  disk,
  flag,
  intervalOptions,
  isTargeted,
  list,
  MAX_SECONDS,
  option,
  optional,
  type OptionsOf,
  queueArguments,
  requestOp,
  seconds,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import {
  depthOptions,
  setStacks,
  stackOptions,
  stackTool,
  storageOptions,
} from "#lib/tool/stacks.ts";
import { RequestCounter } from "./biostacks/counter.ts";
import { drawn, members, own, path } from "./biostacks/members.ts";

export type { StackRequests } from "./biostacks/members.ts";

const options = {
  disk: option("d", "DISK", "Trace this disk only", disk),
  milliseconds: flag("m", "Show histograms of milliseconds, not microseconds"),
  user: flag("", "Show stacks of processes as well"),
  op: list("", "OP,...", "Count these operations only: read, write, flush, discard", requestOp),
  min: option("", "MS", "Count only requests that take MS or more", decimal(0, MAX_SECONDS * 1e3)),
  ...targetOptions,
  measure: option(
    "",
    "WHAT",
    "Sort stacks, and draw flame graphs, by time, count or bytes",
    choice("time", "count", "bytes"),
    "time",
  ),
  ...withLetters(stackOptions, { delimited: "" }), // -d is the C tool's
  ...withLetters(intervalOptions, { duration: "" }),
  ...without(topOptions, "top"),
  ...storageOptions,
  ...depthOptions,
};

const operands = { duration: optional("DURATION", "Stop after DURATION seconds", seconds) };

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

export const { tool, start: biostacks } = stackTool({
  name: "biostacks",
  group: "disks",
  brief: "Show how long requests to block devices take, by the stacks that ask for them",
  examples: [
    ["biostacks", "all requests, until Ctrl-C"],
    ["biostacks 5", "for five seconds"],
    ["biostacks -d sdc", "one disk only"],
    ["biostacks -m --min 100", "those that take 100 ms or more"],
    ["biostacks --user -p 185", "one process, with its own functions"],
    ["biostacks --op flush", "who makes the disk write its cache"],
    ["biostacks -f 30 > out.folded", "folded stacks, for flame graphs"],
    ["biostacks -c system.slice --rows 3", "the 3 stacks with the most time of a cgroup"],
  ],
  options,
  operands,
  members,
  measure: ({ measure }) => measure === "time" ? "total_ns" : measure,
  shown: (value, { measure }) => measure === "time" ? Math.floor(value / 1000) : value,
  drawn,
  path,
  title,
  own,
  open: () => Biostacks.open(),
  prepare({ rodata, maps }, options) {
    const { disk, op, min, milliseconds, user, stack_storage_size } = options;
    Object.assign(rodata, queueArguments());
    setStacks(rodata, { ...options, user_stacks_only: false, kernel_stacks_only: !user });
    if (disk !== undefined) rodata.targ_dev = disk;
    if (min !== undefined) rodata.min_ns = BigInt(Math.round(min * 1e6));
    if (milliseconds) rodata.unit_ns = 1_000_000n;
    rodata.by_owner = isTargeted(options);
    rodata.targ_ops = op.reduce((ops, op) => ops | 1n << BigInt(op), 0n);
    maps.stacks.maxEntries = stack_storage_size;
    maps.latencies.maxEntries = Math.max(maps.latencies.maxEntries, stack_storage_size);
  },
  counter: (skeleton, options) => new RequestCounter(skeleton, options.perf_max_stack_depth),
  fills: () => true,
});

/** The line of the C tool. */
function title({ duration }: Options): string {
  const until = duration === undefined ? "Hit Ctrl-C to end." : `For ${duration} secs.`;
  return `Tracing block I/O with init stacks. ${until}`;
}

if (import.meta.main) await toolMain(tool);
