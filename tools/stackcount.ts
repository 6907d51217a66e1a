#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * stackcount: by which stacks functions of the kernel or of programs are called, tracepoints and USDT probes
 * passed, and how often.
 *
 * As a command: `sudo tools/stackcount.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = stackcount({ pattern: "c:malloc", duration: 10, pid: [1234] });
 * for await (const { count, user } of trace) console.log(count, user);
 * ```
 */
import { Stackcount } from "#skel/stackcount.ts";
import {
  count,
  ExitCode,
  ExitError,
  flag,
  integer,
  intervalOptions,
  list,
  operand,
  option,
  type OptionsOf,
  possibleCpus,
  targetOptions,
  text,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { byOption, type GroupedBy, ProgramPlan, setGroups } from "#lib/tool/probes.ts";
import {
  depthOptions,
  setStacks,
  sideOptions,
  type Sides,
  sidesOf,
  stackOptions,
  stackTool,
  storageOptions,
} from "#lib/tool/stacks.ts";
import { StackCounter } from "./stackcount/counter.ts";
import { drawn, members, path } from "./stackcount/members.ts";

export type { StackTimes } from "./stackcount/members.ts";

const options = {
  ...withLetters(targetOptions, { cgroup: "" }), // -c is the Python tool's
  ...without(stackOptions, "annotations"),
  ...withLetters(without(intervalOptions, "count"), { duration: "D" }), // -d is the Python tool's
  ...without(topOptions, "top"),
  timestamp: flag("T", "Show the time above each table"),
  regexp: flag("r", "Take NAME for a regular expression, not for a pattern with * and ?"),
  offset: flag("s", "Show where in each function it is"),
  perpid: flag("P", "Distinguish processes, and show them: --by pid,comm"),
  ...sideOptions,
  cpu: option("c", "CPU", "Count on this CPU only", integer(0, 65_535)),
  except: list("x", "PATTERN,...", "Leave out names that match", text),
  by: byOption("Count by", []),
  max: option("", "N", "Trace no more than N (default 1000; 20000 where all go at once)", count),
  ...storageOptions,
  ...depthOptions,
};

const operands = {
  pattern: operand("PATTERN", "[FILE:]NAME, t:CATEGORY:NAME or u:FILE:[PROVIDER:]NAME", text),
};

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

/** Counts a second, for each stack that is kept. */
const COUNTS_A_STACK = 4;

/** Threads in the middle of a program at a time. */
const MOST_AT_WORK = 256;

/** What is counted, of the trace that was started last: a command has one. */
let plan: ProgramPlan;

export const { tool, start: stackcount } = stackTool({
  name: "stackcount",
  group: "functions",
  brief: "Count the stacks by which functions are called, tracepoints and USDT probes passed",
  examples: [
    ["stackcount submit_bio", "who submits requests to disks, until Ctrl-C"],
    ["stackcount -i 10 t:sched:sched_switch", "a tracepoint, every 10 seconds"],
    ["stackcount -p 185 c:malloc", "functions that lead process 185 to malloc()"],
    ["stackcount -P -D 5 c:fsync", "each process by itself, for 5 seconds"],
    ["stackcount -f -D 30 'tcp_send*' > out.folded", "folded stacks, for flame graphs"],
    ["stackcount -K -r '^(vfs_)?unlink'", "stacks of the kernel, by a regular expression"],
    ["stackcount --rows 5 u:c:memory_sbrk_more", "the 5 most frequent at a USDT probe"],
  ],
  options,
  operands,
  members,
  measure: "count",
  ascending: (options) => options.rows === undefined,
  drawn: (row, value, marks) => drawn(row, value, marks, hidesHooks()),
  path: (row, marks) => path(row, marks, hidesHooks()),
  title: ({ pattern }) => `Tracing ${plan.count} functions for "${pattern}"... Hit Ctrl-C to end.`,
  stamp: ({ timestamp }) => timestamp,
  own: (options) => ({ ...sidesAt(plan, options), by: distinguished(options) }),
  open(options) {
    plan = new ProgramPlan(options);
    return Stackcount.open();
  },
  prepare(opened, options) {
    const { rodata, maps } = opened;
    plan.choose(opened);
    setStacks(rodata, options);
    rodata.by_kstack = sidesAt(plan, options).kernel;
    rodata.at_user_functions = plan.atUserFunctions;
    setGroups(rodata, distinguished(options));
    maps.stacks.maxEntries = options.stack_storage_size;
    maps.counts.maxEntries = COUNTS_A_STACK * options.stack_storage_size;
    maps.works.maxEntries = Math.max(MOST_AT_WORK, possibleCpus());
  },
  attach: (skeleton) => plan.attach(skeleton),
  counter: (skeleton, options) => new StackCounter(skeleton, plan, options),
  fills: () => true,
});

/** Whether there are hooks that stacks do not show: a function is the innermost of its stack. */
function hidesHooks(): boolean {
  const areFunctions = plan.kind === "kernel" || plan.atUserFunctions;
  return plan.hooks.length > 1 && !areFunctions;
}

/** What distinguishes counts, besides stacks. */
function distinguished({ by, perpid }: Options): GroupedBy[] {
  return perpid ? [...new Set([...by, "pid", "comm"] as const)] : [...by];
}

/**
 * The stacks that there are. Where a file has the hook, the kernel's would show how it got to the program.
 * @throws {ExitError} (64) if only that is asked for
 */
function sidesAt({ kind }: ProgramPlan, options: Options): Sides {
  const sides = sidesOf(options);
  if (kind !== "files") return sides;
  if (sides.user) return { kernel: false, user: true };
  const message = "-K: processes are not in the kernel at functions and USDT probes of their own";
  throw new ExitError(ExitCode.Usage, message);
}

if (import.meta.main) await toolMain(tool);
