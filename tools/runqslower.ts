#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * runqslower: tasks that wait long for a CPU.
 *
 * As a command: `sudo tools/runqslower.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = runqslower({ min_us: 20_000 });
 * for await (const { comm, delay_ns, prev_comm } of trace) console.log(comm, delay_ns, prev_comm);
 * ```
 */
import { Runqslower } from "#skel/runqslower.ts";
import {
  flag,
  integer,
  loadHooks,
  MAX_PID,
  MAX_SECONDS,
  option,
  optional,
  ringTool,
  switchArguments,
  targetOptions,
  text,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { derived, members } from "./runqslower/members.ts";

export type { LongWait } from "./runqslower/members.ts";

/** How many tasks the kernel half knows the waker of. */
const MAX_WAKERS = 16_384;

export const { tool, start: runqslower } = ringTool({
  name: "runqslower",
  group: "CPU",
  brief: "Trace tasks that wait long for a CPU",
  examples: [
    ["runqslower", "those that wait for more than 10 ms"],
    ["runqslower 1000", "for more than 1 ms"],
    ["runqslower -P", "and who had the CPU before"],
    ["runqslower -p 181", "only one process"],
    ["runqslower -t 123", "only one thread"],
    ["runqslower -c kworker", "only threads with names that begin so"],
    ["runqslower 0 --fields tid,comm,delay_us,waker_comm", "each wait, and who ended the sleep"],
  ],
  options: {
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    name: option("c", "COMM", "Trace only threads with names that begin so", text),
    previous: flag("P", "Show who had the CPU before"),
    ...withLetters(targetOptions, { cgroup: "" }),
  },
  operands: {
    min_us: optional(
      "MIN_US",
      "Show waits of more than MIN_US microseconds, 0 for all",
      integer(0, MAX_SECONDS * 1e6),
      10_000,
    ),
  },
  members,
  derived,
  columns: ({ previous }) => [
    "time",
    "comm",
    "tid",
    "delay_us",
    ...previous ? ["prev_comm", "prev_tid"] as const : [],
  ],
  open: () => Runqslower.open(),
  prepare({ rodata, progs, maps }, { min_us, tid, name }, shown) {
    Object.assign(rodata, switchArguments());
    rodata.min_ns = BigInt(min_us) * 1000n;
    if (tid !== undefined) rodata.targ_tid = tid;
    if (name !== undefined) rodata.targ_prefix = name;
    const wakers = shown.has("waker_pid") || shown.has("waker_tid") || shown.has("waker_comm");
    if (wakers) maps.wakers.maxEntries = MAX_WAKERS;
    loadHooks(progs, { waking: wakers, wakeup: true, wakeup_new: true, switch: true });
  },
});

if (import.meta.main) await toolMain(tool);
