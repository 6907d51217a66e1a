#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * funccount: how often functions of the kernel or of programs are called, tracepoints and USDT probes passed.
 *
 * As a command: `sudo tools/funccount.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = funccount({ pattern: "c:malloc", interval: 1, by: ["pid"] });
 * for await (const table of trace.batches()) console.log(table[0].func, table[0].pid, table[0].count);
 * ```
 */
import { Funccount } from "#skel/funccount.ts";
import {
  count,
  countTool,
  flag,
  integer,
  intervalOptions,
  list,
  operand,
  option,
  targetOptions,
  text,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { byOption, groupColumns, ProgramPlan, setGroups } from "#lib/tool/probes.ts";
import { GroupCounter, HookCounter } from "./funccount/counter.ts";
import { derived, members } from "./funccount/members.ts";

export type { FunctionCount } from "./funccount/members.ts";

/** Counts and stacks that can be distinguished in a second. */
const MAX_GROUPS = 65_536;
const MAX_STACKS = 8192;

const MAX_CPU = 65_535;

/** What is counted, of the trace that was started last: a command has one. */
let plan: ProgramPlan;

export const { tool, start: funccount } = countTool({
  name: "funccount",
  group: "functions",
  brief: "Count calls of functions, tracepoints and USDT probes",
  examples: [
    ["funccount 'vfs_*'", "functions of the kernel that begin with vfs_"],
    ["funccount -r '^vfs_(read|write)v?$'", "the same by a regular expression"],
    ["funccount -i 1 -T 't:block:*'", "tracepoints, every second, with the time"],
    ["funccount -p 181 'c:*alloc*'", "functions of libc that process 181 calls"],
    ["funccount /usr/bin/bash:execute_command", "a function of a program, in all processes"],
    ["funccount u:c:memory_sbrk_more", "a USDT probe of libc"],
    ["funccount --by comm vfs_read", "by the name of the thread"],
    ["funccount --top --by pid 't:syscalls:sys_enter_*'", "the largest counts, in place"],
    ["funccount -x '*_lock*' 'tcp_*'", "leave out what matches another pattern"],
  ],
  options: {
    ...withLetters(targetOptions, { cgroup: "" }), // -c is the C tool's
    ...without(intervalOptions, "count"),
    ...topOptions,
    timestamp: flag("T", "Show the time above each table"),
    regexp: flag("r", "Take NAME for a regular expression, not for a pattern with * and ?"),
    cpu: option("c", "CPU", "Count on this CPU only", integer(0, MAX_CPU)),
    except: list("x", "PATTERN,...", "Leave out names that match", text),
    by: byOption("Count by", ["kstack"]),
    rate: flag("", "Show how often in a second as well"),
    max: option("", "N", "Count no more than N (default 1000; 20000 where all go at once)", count),
  },
  operands: {
    pattern: operand("PATTERN", "[FILE:]NAME, t:CATEGORY:NAME or u:FILE:[PROVIDER:]NAME", text),
  },
  demanding: [{ by: ["pid", "tid", "comm", "cpu", "cgroup", "kstack"] }],
  members,
  derived,
  title: ({ pattern }) => `Tracing ${plan.count} functions for "${pattern}"... Hit Ctrl-C to end.`,
  columns: ({ by, rate }) => [
    "func",
    ...groupColumns(by),
    "count",
    rate && "per_second",
    by.includes("kstack") && "stack",
  ],
  order: ({ top, rows }) => top || rows ? "-count" : "count",
  stamp: ({ timestamp }) => timestamp,
  own: (options) => options,
  open(options) {
    plan = new ProgramPlan(options);
    return Funccount.open();
  },
  prepare(opened, options) {
    const { rodata, maps } = opened;
    const { by } = options;
    plan.choose(opened);
    maps.counts.maxEntries = Math.max(1, plan.hooks.length);
    setGroups(rodata, by);
    rodata.by_kstack = by.includes("kstack");
    if (by.length > 0) maps.groups.maxEntries = MAX_GROUPS;
    maps.stacks.maxEntries = by.includes("kstack") ? MAX_STACKS : 1;
  },
  attach: (skeleton) => plan.attach(skeleton),
  counter: (skeleton, { by }) =>
    by.length > 0
      ? new GroupCounter(skeleton, plan.hooks, by)
      : new HookCounter(skeleton, plan.hooks),
  fills: ({ by }) => by.length > 0,
});

if (import.meta.main) await toolMain(tool);
