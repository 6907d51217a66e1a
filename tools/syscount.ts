#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * syscount: how many system calls of each kind, or of each process, and how long they take.
 *
 * As a command: `sudo tools/syscount.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = syscount({ interval: 1, latency: true });
 * for await (const table of trace.batches()) console.log(table[0].syscall, table[0].total_ns);
 * ```
 */
import { Syscount } from "#skel/syscount.ts";
import {
  ChildProcess,
  COMPAT_ABI,
  countTool,
  errno,
  flag,
  integer,
  intervalOptions,
  list,
  loadHooks,
  MAX_PID,
  NATIVE_ABI,
  option,
  type OptionsOf,
  ownPidns,
  type Parser,
  quoted,
  readTextFile,
  syscallNumbers,
  syscalls,
  targetOptions,
  toolMain,
  topOptions,
  ValueError,
  without,
} from "#lib/tool/mod.ts";
import { SyscallCounter } from "./syscount/counter.ts";
import { ABIS, derived, members, nameWithAbi } from "./syscount/members.ts";

export type { SyscallCount } from "./syscount/members.ts";

/** Groups in a second, or in an interval where processes are not told apart. */
const MAX_GROUPS = 65_536;

/** Processes in a second, and those that descend from a command. */
const MAX_PROCESSES = 16_384;

/** Rows of a table, unless the user says otherwise. */
const TOP = 10;

const syscallName: Parser<string> = (name) => {
  if (ABIS.some((abi) => syscallNumbers(abi, name).length > 0)) return name;
  throw new ValueError(`${quoted(name)} is no system call (syscount -l lists them)`);
};

const options = {
  ...targetOptions,
  tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
  syscall: list("", "NAME,...", "Trace these system calls only", syscallName),
  ...without(intervalOptions, "count"),
  ...topOptions,
  rows: {
    ...topOptions.rows,
    letter: "T",
    placeholder: "TOP",
    brief: "Print only the top rows (default 10; all in JSON and CSV)",
  },
  failures: flag("x", "Count only calls that fail"),
  errno: option("e", "ERRNO", "Count only calls that fail with this errno: ENOENT or 2", errno),
  latency: flag("L", "Measure the time that calls take"),
  milliseconds: flag("m", "Show times in milliseconds, not microseconds"),
  process: flag("P", "Count by process, not by system call"),
  by_syscall: flag("S", "With -P: count by process and system call"),
  errors: flag("", "Count failed calls by their errno as well"),
  stats: flag("", "Show average, shortest and longest time as well (includes -L)"),
  histogram: flag("", "Show how the times are distributed as well (includes -L)"),
  list: flag("l", "List the system calls and exit"),
};

type Options = OptionsOf<typeof options>;

/** Whether the options ask for times. */
const measures = ({ latency, stats, histogram }: Options) => latency || stats || histogram;

/** Whether only failed calls are counted. */
const onlyFailures = ({ failures, errors, errno }: Options) =>
  failures || errors || errno !== undefined;

const unitOf = ({ milliseconds }: Options) => milliseconds ? "ms" : "us";

export const { tool, start: syscount } = countTool({
  name: "syscount",
  brief: "Count system calls, and measure the time that they take",
  examples: [
    ["syscount", "the top 10 by count, at the end (Ctrl-C)"],
    ["syscount -i 1", "a table every second"],
    ["syscount -p $(pidof dd)", "look at one process only"],
    ["syscount -L", "measure times, and sort by them"],
    ["syscount -P", "count by process, not by system call"],
    ["syscount -PS", "count by process and system call"],
    ["syscount -x -i 5", "count only failed calls"],
    ["syscount -e ENOENT -i 5", "count only calls that fail with this errno"],
    ["syscount -- make -j2", "run a command, look at it and its children"],
    ["syscount -c system.slice", "look at one cgroup only"],
  ],
  options,
  command: "Run this command, count its calls and those of its children, and exit as it does",
  demanding: [{ latency: true, process: true }],
  members,
  derived,
  title: ({ rows = TOP }) => `Tracing syscalls, printing top ${rows}... Ctrl+C to quit.`,
  columns(options) {
    const unit = unitOf(options);
    return [
      ...(options.process ? ["pid", "comm"] as const : []),
      (!options.process || options.by_syscall) && "name",
      options.errors && "error",
      "count",
      measures(options) && `time_${unit}` as const,
      ...(options.stats ? [`avg_${unit}`, `min_${unit}`, `max_${unit}`] as const : []),
    ];
  },
  order: (options) => measures(options) ? `-time_${unitOf(options)}` : "-count",
  limit: TOP,
  histogram: ({ histogram }) => histogram ? { of: "histogram", unit: "nsecs" } : undefined,
  heading: (row) =>
    [row.pid, row.comm, nameWithAbi(row), row.error].filter((name) => name !== undefined).join(" "),
  own: (options) => ({
    process: options.process,
    by_syscall: !options.process || options.by_syscall,
    errors: options.errors,
    latency: measures(options),
    histogram: options.histogram,
  }),
  open: () => Syscount.open(),
  prepare({ rodata, progs, maps }, options) {
    const failures = onlyFailures(options);
    const latency = measures(options);
    const following = options.command !== undefined;
    rodata.measure_latency = latency;
    rodata.failures_only = failures;
    if (options.errno !== undefined) rodata.targ_errno = options.errno;
    rodata.by_process = options.process;
    rodata.by_syscall = !options.process || options.by_syscall;
    rodata.by_error = options.errors;
    rodata.histogram = options.histogram;
    if (options.tid !== undefined) rodata.targ_tid = options.tid;
    if (options.syscall.length > 0) {
      rodata.by_name = true;
      rodata.wanted = slotsOf(options.syscall, rodata.wanted.length);
    }
    if (following) {
      rodata.follow_command = true;
      rodata.spawner = Deno.pid;
      rodata.targ_pids_in = ownPidns();
      maps.family.maxEntries = MAX_PROCESSES;
    }
    if (options.process || options.errors) {
      maps.groups.maxEntries = MAX_GROUPS;
      maps.slots.maxEntries = 1; // not used then
    }
    if (options.process) maps.names.maxEntries = MAX_PROCESSES;
    if (options.histogram) maps.durations.maxEntries = MAX_GROUPS;
    if (latency) maps.running.maxEntries = mostThreads();
    loadHooks(progs, {
      enter: latency || !failures,
      exit: latency || failures,
      fork: following,
      exec: following || options.process,
      end: following || latency,
    });
  },
  counter: (skeleton) => new SyscallCounter(skeleton),
  fills: ({ process }) => process,
  run(skeleton, command) {
    skeleton.bss.spawning = true;
    return ChildProcess.start(command);
  },
  print: ({ list }) => list ? listing() : undefined,
});

/** Threads that there may come to be while calls are measured: a hash has memory for each from the start. */
function mostThreads(): number {
  // The fourth field of proc(5)'s loadavg: "1/123" are the threads that run and all.
  const present = Number(readTextFile("/proc/loadavg").split(/[ /]/)[4]);
  const limit = Number(readTextFile("/proc/sys/kernel/threads-max"));
  return Math.min(limit, Math.max(8 * present, 32_768));
}

/** A mark for each number of a system call: those of 64-bit programs, then those of 32-bit ones. */
function slotsOf(names: readonly string[], size: number): Uint8Array<ArrayBuffer> {
  const slots = new Uint8Array(size);
  for (const name of names) {
    for (const number of syscallNumbers(NATIVE_ABI, name)) slots[number] = 1;
    for (const number of syscallNumbers(COMPAT_ABI, name)) slots[size / 2 + number] = 1;
  }
  return slots;
}

/** What `-l` prints. */
function listing(): string {
  return [...syscalls(NATIVE_ABI)]
    .map(([number, name]) => `${String(number).padStart(3)}: ${name}\n`)
    .join("");
}

if (import.meta.main) await toolMain(tool);
