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
  mostThreads,
  NATIVE_ABI,
  option,
  type OptionsOf,
  ownPidns,
  syscall,
  syscallNumbers,
  syscalls,
  targetOptions,
  toolMain,
  topOptions,
  without,
} from "#lib/tool/mod.ts";
import { SyscallCounter } from "./syscount/counter.ts";
import { derived, members, nameWithAbi } from "./syscount/members.ts";

export type { SyscallCount } from "./syscount/members.ts";

/** Entries of the maps, which are emptied every second where processes are distinguished. */
const MAX_GROUPS = 65_536;
const MAX_PROCESSES = 16_384;

/** Rows of a table, unless the user says otherwise. */
const TOP = 10;

const options = {
  ...targetOptions,
  tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
  syscall: list("", "NAME,...", "Trace these system calls only", syscall),
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

const measures = ({ latency, stats, histogram }: OptionsOf<typeof options>) =>
  latency || stats || histogram;

export const { tool, start: syscount } = countTool({
  name: "syscount",
  group: "processes",
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
    const unit = options.milliseconds ? "ms" : "us";
    return [
      ...(options.process ? ["pid", "comm"] as const : []),
      (!options.process || options.by_syscall) && "name",
      options.errors && "error",
      "count",
      measures(options) && `time_${unit}` as const,
      ...(options.stats ? [`avg_${unit}`, `min_${unit}`, `max_${unit}`] as const : []),
    ];
  },
  order: (options) => measures(options) ? `-time_${options.milliseconds ? "ms" : "us"}` : "-count",
  limit: TOP,
  histogram: ({ histogram }) => histogram ? { of: "histogram", unit: "nsecs" } : undefined,
  heading: (row) =>
    [row.pid, row.comm, nameWithAbi(row), row.error].filter((name) => name !== undefined).join(" "),
  open: () => Syscount.open(),
  prepare({ rodata, progs, maps }, options) {
    const failures = options.failures || options.errors || options.errno !== undefined;
    const latency = measures(options);
    const following = rodata.follow_command = options.command !== undefined;
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
  print({ list }) {
    const lines = [...syscalls(NATIVE_ABI)].map(([nr, name]) =>
      `${`${nr}`.padStart(3)}: ${name}\n`
    );
    return list ? lines.join("") : undefined;
  },
});

/** A mark for each number of a system call: those of 64-bit programs, then those of 32-bit ones. */
function slotsOf(names: readonly string[], size: number): Uint8Array<ArrayBuffer> {
  const slots = new Uint8Array(size);
  for (const name of names) {
    for (const nr of syscallNumbers(NATIVE_ABI, name)) slots[nr] = 1;
    if (NATIVE_ABI === "x86_64") { for (const nr of syscallNumbers("x32", name)) slots[nr] = 1; }
    for (const nr of syscallNumbers(COMPAT_ABI, name)) slots[size / 2 + nr] = 1;
  }
  return slots;
}

if (import.meta.main) await toolMain(tool);
