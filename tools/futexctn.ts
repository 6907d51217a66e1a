#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * futexctn: for how long threads wait for locks and conditions, by futex(2).
 *
 * As a command: `sudo tools/futexctn.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = futexctn({ interval: 5, kind: "lock" });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].user[0]);
 * ```
 */
import { Futexctn } from "#skel/futexctn.ts";
import {
  choice,
  countTool,
  flag,
  integer,
  intervalOperands,
  intervalOptions,
  loadHooks,
  MAX_PID,
  option,
  type Parser,
  quoted,
  syscallForms,
  targetOptions,
  toolMain,
  topOptions,
  ValueError,
  without,
} from "#lib/tool/mod.ts";
import { unitOf } from "#lib/tool/task_times.ts";
import { depthOptions, storageOptions } from "#lib/tool/stacks.ts";
import { FutexCounter } from "./futexctn/counter.ts";
import { drawn, members } from "./futexctn/members.ts";

export type { FutexWaits } from "./futexctn/members.ts";

/** `enum futex_form` of the kernel half. */
const CALLS = { futex: 1, futex_waitv: 2, futex_wait: 3, futex_wake: 4 };
const COMPAT_CALLS = { ...CALLS, futex_time64: 1 };

/** The address of a futex, which is hexadecimal with and without 0x, and a multiple of 4. */
const address: Parser<bigint> = (text) => {
  const value = /^(0x)?[\da-f]{1,16}$/i.test(text) ? BigInt(`0x${text.replace(/^0x/i, "")}`) : 0n;
  if (value > 0n && value % 4n === 0n) return value;
  throw new ValueError(
    `${quoted(text)} is no address of a futex: those are hexadecimal, and divisible by 4`,
  );
};

export const { tool, start: futexctn } = countTool({
  name: "futexctn",
  group: "CPU",
  brief: "Show how long threads wait for locks and conditions, by futex(2)",
  examples: [
    ["futexctn", "all waits by address and stack, at the end (Ctrl-C)"],
    ["futexctn 1 10", "each second, ten times"],
    ["futexctn -mT 1", "in milliseconds, with the time"],
    ["futexctn -s 5", "without stacks and histograms"],
    ["futexctn -p 181", "only process 181"],
    ["futexctn -t 181", "only thread 181"],
    ["futexctn -l 0x8187bb8", "only this futex"],
    ["futexctn --kind lock", "only waits for locks"],
  ],
  options: {
    ...targetOptions,
    ...without(intervalOptions, "count"),
    ...without(topOptions, "top"),
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    lock: option("l", "ADDRESS", "Trace the futex at this address only", address),
    kind: option(
      "",
      "KIND",
      "Show only what waits for a lock, or only what does not (wait)",
      choice("lock", "wait"),
    ),
    timestamp: flag("T", "Show the time above each table"),
    milliseconds: flag("m", "Show milliseconds, not microseconds"),
    summary: flag("s", "Show neither stacks nor histograms"),
    ...storageOptions,
    ...depthOptions,
  },
  operands: intervalOperands,
  members,
  title: () => "Summarize futex contention latency, hit ctrl-c to exit",
  columns: () => [],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  text: (rows, { summary }) => rows.map((row) => drawn(row, summary)).join(""),
  own: ({ milliseconds }) => ({ milliseconds, nanoseconds: false }),
  open: () => Futexctn.open(),
  prepare({ rodata, progs, maps }, options, shown) {
    const { tid, lock, milliseconds, perf_max_stack_depth, stack_storage_size } = options;
    rodata.forms = syscallForms(rodata.forms.length, CALLS, COMPAT_CALLS);
    rodata.unit_ns = BigInt(unitOf({ milliseconds, nanoseconds: false }).ns);
    if (tid !== undefined) rodata.targ_tid = tid;
    if (lock !== undefined) rodata.targ_lock = lock;
    rodata.with_wakes = shown.has("wakes") || shown.has("wakers");
    rodata.max_frames = perf_max_stack_depth;
    maps.stacks.maxEntries = stack_storage_size;
    loadHooks(progs, { enter: true, exit: true, end: true });
  },
  counter: (skeleton, { perf_max_stack_depth, kind }) =>
    new FutexCounter(skeleton, perf_max_stack_depth, kind),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
