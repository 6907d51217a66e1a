#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * funclatency: how long functions of the kernel or of programs take, as a histogram.
 *
 * As a command: `sudo tools/funclatency.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = funclatency({ pattern: "c:malloc", interval: 1, by: ["pid"] });
 * for await (const table of trace.batches()) console.log(table[0].pid, table[0].p99_ns);
 * ```
 */
import { Funclatency } from "#skel/funclatency.ts";
import {
  count,
  countTool,
  flag,
  intervalOptions,
  list,
  operand,
  option,
  ownPidns,
  targetOptions,
  text,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { byOption, groupColumns, GROUPED_BY, setGroups } from "#lib/tool/probes.ts";
import { microsecondMembers, summaryOptions, TIME_COLUMNS, unitOf } from "#lib/tool/task_times.ts";
import { CallCounter } from "./funclatency/counter.ts";
import { heading, members, shownBy } from "./funclatency/members.ts";
import { Plan } from "./funclatency/plan.ts";

export type { FunctionTimes } from "./funclatency/members.ts";

/** What is traced, of the trace that was started last: a command has one. */
let plan: Plan;

export const { tool, start: funclatency } = countTool({
  name: "funclatency",
  group: "functions",
  brief: "Show how long functions take, as a histogram",
  examples: [
    ["funclatency vfs_read", "a function of the kernel, at the end (Ctrl-C)"],
    ["funclatency -u -i 5 vfs_read", "in microseconds, every 5 seconds"],
    ["funclatency -p 181 c:read", "a function of libc that process 181 calls"],
    ["funclatency /usr/bin/bash:execute_command", "a function of a program, in all processes"],
    ["funclatency -F 'vfs_*'", "a histogram for each function"],
    ["funclatency --by comm vfs_write", "one for each name of a thread"],
    ["funclatency -F --summary --top 'c:pthread_*'", "a row for each function, in place"],
  ],
  options: {
    ...withLetters(targetOptions, { uid: "" }), // -u is the C tool's
    ...without(intervalOptions, "count"),
    ...topOptions,
    timestamp: flag("T", "Show the time above each table"),
    milliseconds: flag("m", "Show histograms of milliseconds, not of nanoseconds"),
    microseconds: flag("u", "Show histograms of microseconds"),
    functions: flag("F", "Show a histogram for each function"),
    by: byOption("Show a histogram for each", []),
    ...summaryOptions,
    regexp: flag("r", "Take NAME for a regular expression, not for a pattern with * and ?"),
    except: list("x", "PATTERN,...", "Leave out names that match", text),
    max: option("", "N", "Trace no more than N (default 1000; 20000 where all go at once)", count),
    force: flag("", "Trace programs of Go too, which may crash"),
  },
  operands: { pattern: operand("PATTERN", "[FILE:]NAME", text) },
  demanding: [{ functions: true, by: [...GROUPED_BY] }],
  members,
  derived: microsecondMembers,
  title: () => plan.title,
  columns: ({ summary, top, functions, by }) =>
    summary || top ? [functions && "func", ...groupColumns(by), ...TIME_COLUMNS] : [],
  order: () => "-total_ns",
  stamp: ({ timestamp }) => timestamp,
  histogram: (options) =>
    options.summary ? undefined : { of: "histogram", unit: unitOf(shownBy(options)).unit },
  heading,
  own: (options) => ({ ...shownBy(options), by: options.by, plan }),
  open(options) {
    plan = new Plan(options);
    return Funclatency.open();
  },
  prepare(opened, options) {
    const { rodata } = opened;
    plan.choose(opened, options);
    rodata.targ_pids_in = ownPidns();
    rodata.unit_ns = BigInt(unitOf(shownBy(options)).ns);
    rodata.by_hook = options.functions;
    setGroups(rodata, options.by);
  },
  attach: (skeleton) => plan.attach(skeleton),
  counter: (skeleton, { functions, by }) =>
    new CallCounter(skeleton, functions ? plan.hooks : [], by),
  // Groups or, after some hours, the 32 bits of a slot.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
