#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * argdist: which values pass probes, and how often: arguments, results and latencies of functions of the kernel and
 * of programs, of system calls, tracepoints and USDT probes; counted, or as histograms.
 *
 * As a command: `sudo tools/argdist.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = argdist({ hist: ["r:vfs_read $latency / 1000 (retval > 0)"], interval: 5 });
 * for await (const [row] of trace.batches()) console.log(row?.avg, row?.histogram);
 * ```
 */
import { Argdist } from "#skel/argdist.ts";
import {
  count,
  countTool,
  ExitCode,
  ExitError,
  flag,
  integer,
  intervalOperands,
  intervalOptions,
  list,
  MAX_PID,
  option,
  type Parser,
  quoted,
  targetOptions,
  text,
  toolMain,
  ValueError,
  withLetters,
} from "#lib/tool/mod.ts";
import { DistributionCounter } from "./argdist/counter.ts";
import { members, tableOf } from "./argdist/members.ts";
import { Plan, type Ranges } from "./argdist/plan.ts";

export type { ValueCount } from "./argdist/members.ts";

/** MAX_TEXT of bpf/argdist.bpf.c. */
const MAX_STRING = 128;

/** More are none to look at, and take kernel memory for each of them. */
const MOST_RANGES = 1000n;

/** `MIN,MAX,STEP` */
const ranges: Parser<Ranges> = (text) => {
  const [, min, max, step] = /^(-?\d{1,18}),(-?\d{1,18}),(\d{1,18})$/.exec(text) ?? [];
  if (step === undefined) throw new ValueError(`${quoted(text)} is not MIN,MAX,STEP, as 0,100,10`);
  const [first, last, size] = [min, max, step].map(BigInt);
  if (size === 0n || last <= first) {
    throw new ValueError(`${quoted(text)} has no ranges: MAX must be above MIN, STEP above 0`);
  }
  const count = (last - first + size - 1n) / size;
  if (count > MOST_RANGES) {
    throw new ValueError(`${quoted(text)} has ${count} ranges, more than ${MOST_RANGES}`);
  }
  return { first, size, count: Number(count) };
};

/** The Python tool takes several specifications behind one option. */
const interval: Parser<number> = (text) => {
  if (/^[prtu]:|[(:>]/.test(text)) {
    throw new ValueError(`${quoted(text)} is a specification: each has its own -C or -H`);
  }
  return intervalOperands.interval.parse(text);
};

/** What is counted, of the trace that was started last: a command has one. */
let plan: Plan;

export const { tool, start: argdist } = countTool({
  name: "argdist",
  group: "functions",
  brief: "Count the values that pass functions, system calls, tracepoints and USDT probes",
  examples: [
    ["argdist -C 'vfs_write count'", "how many bytes are written, and how often, every second"],
    ["argdist -H 'r:vfs_read $latency / 1000 (retval > 0)'", "a histogram of microseconds"],
    ["argdist -H 'r::vfs_read():int:$retval'", "of results, as the Python tool has it"],
    ["argdist -C 'r:vfs_read count, retval (retval < count)'", "what is asked for, and what comes"],
    ["argdist -C 't:syscalls:sys_enter_openat filename' -T 10", "the files opened most"],
    ["argdist -H 'c:malloc(size_t size) size' -p 181", "a function of libc, in one process"],
    ["argdist -C 'p:c:write(int fd, void *b, size_t n):size_t:n:fd==1'", "with a condition"],
    [
      "argdist -C 'u:c:memory_sbrk_more arg2' 10 6",
      "a USDT probe, every 10 seconds, a minute long",
    ],
    ["argdist --linear 0,100,10 -H 't:sched:sched_switch prev_prio'", "ranges of one width"],
  ],
  options: {
    ...withLetters(targetOptions, { cgroup: "" }), // -c is the Python tool's
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    counts: {
      ...list("C", "SPEC", "Count values: PLACE VALUE, ... (CONDITION) #LABEL", text),
      commas: false,
    },
    hist: {
      ...list("H", "SPEC", "Show a histogram: PLACE VALUE (CONDITION) #LABEL", text),
      alias: "histogram",
      commas: false,
    },
    linear: option("", "MIN,MAX,STEP", "Show histograms of ranges of STEP values", ranges),
    cumulative: flag("c", "Show all since the beginning in each table"),
    top: option("T", "N", "Show only the N most frequent of each -C", count),
    string_size: option("z", "BYTES", "Read this much of a text", integer(2, MAX_STRING), 80),
    ...intervalOptions,
    interval: { ...intervalOptions.interval, default: 1 },
    count: { ...intervalOptions.count, letter: "n", alias: "number" },
  },
  operands: { ...intervalOperands, interval: { ...intervalOperands.interval, parse: interval } },
  demanding: [{ counts: ["t:sched:sched_process_exec filename"] }],
  members,
  title: () => `Tracing ${plan.probes.length} probes... Hit Ctrl-C to end.`,
  columns: () => ["spec", "count", "event"],
  order: () => "count",
  text: (rows) => tableOf(rows, plan),
  live: () => false,
  print({ counts, hist }) {
    if (counts.length + hist.length > 0) return undefined;
    throw new ExitError(ExitCode.Usage, "name what to count: -C SPEC, or -H SPEC for a histogram");
  },
  own: ({ linear }) => ({ linear }),
  open(options) {
    plan = new Plan(options);
    return Argdist.open();
  },
  prepare(opened, { tid }) {
    plan.prepare(opened);
    if (tid !== undefined) opened.rodata.targ_tid = tid;
  },
  attach: (skeleton) => plan.attach(skeleton),
  counter: (skeleton, { cumulative, top }) =>
    new DistributionCounter(skeleton, plan, cumulative, top ?? Infinity),
  // As many values as there are.
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
