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
import { wallTime } from "#lib/sys/clock.ts";
import { ChildProcess } from "#lib/sys/child_process.ts";
import { errnoName } from "#lib/sys/errno.ts";
import { readTextFile } from "#lib/sys/file.ts";
import {
  type Abi,
  COMPAT_ABI,
  NATIVE_ABI,
  syscallName,
  syscallNumbers,
  syscalls,
} from "#lib/sys/syscalls.ts";
import { drawHistogram, type Histogram } from "#lib/tool/histogram.ts";
import { loadHooks, missesOf } from "#lib/tool/hooks.ts";
import { escapeText, quoted } from "#lib/tool/escape.ts";
import { ownPidns } from "#lib/tool/options/targets.ts";
import { IntervalTrace } from "#lib/tool/interval.ts";
import {
  errno,
  type Fields,
  flag,
  integer,
  list,
  loadTargeted,
  option,
  type OptionsOf,
  type Parser,
  pid,
  seconds,
  targetOptions,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  ValueError,
  withDefaults,
} from "#lib/tool/mod.ts";
import { Counter, type Tally } from "./syscount/counter.ts";

/** Groups in a second, or in an interval where processes are not told apart. */
const MAX_GROUPS = 65_536;

/** Processes in a second, and those that descend from a command. */
const MAX_PROCESSES = 16_384;

/** `enum abi` of the kernel half. */
const ABIS: readonly Abi[] = [NATIVE_ABI, COMPAT_ABI, "x32"];

const syscallOfAnyAbi: Parser<string> = (text) => {
  if (ABIS.some((abi) => syscallNumbers(abi, text).length > 0)) return text;
  throw new ValueError(`${quoted(text)} is no system call (syscount -l lists them)`);
};

const options = {
  ...targetOptions,
  tid: option("t", "TID", "Trace this thread only", pid),
  syscall: list("", "NAME,...", "Trace these system calls only", syscallOfAnyAbi),
  interval: option("i", "SECONDS", "Print a table so often; 0: one at the end", seconds, 0),
  duration: option("d", "SECONDS", "Stop after so long", seconds),
  top: { ...flag("", "Show tables in place, on a screen of their own"), number: "rows" },
  rows: option(
    "T",
    "TOP",
    "Print only the top rows (default 10; all in JSON and CSV)",
    integer(1, 1e6),
  ),
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

type Options = OptionsOf<typeof options> & {
  /** Runs this command, and counts the calls of it and its descendants only. */
  readonly command?: readonly string[];
};

/** A row of a table: the calls of one kind since the table before. */
export interface SyscallCount {
  /** The end of the table's time, in nanoseconds since 1970. */
  readonly time: bigint;
  /** With the option `process`. */
  readonly pid?: number;
  /** Name of the process's first thread. */
  readonly comm?: string;
  readonly syscall?: string;
  /** Whose numbers the call was made by: `i386` for 32-bit programs on x86. */
  readonly abi?: Abi;
  /** With the option `errors`: `ENOENT`. */
  readonly error?: string;
  /** Calls that began; where failures are counted, calls that failed. */
  readonly count: number;
  /** With the option `latency`: the time that was spent in these calls, be they over or not. */
  readonly total_ns?: bigint;
  /** Of the calls that ended: their durations, from beginning to end. */
  readonly avg_ns?: bigint;
  readonly min_ns?: bigint;
  readonly max_ns?: bigint;
  /** Calls that were not over at the end of the table's time. */
  readonly running?: number;
  /** With the option `histogram`: how many calls took 2^i to 2^(i+1) - 1 nanoseconds. */
  readonly histogram?: Histogram;
}

type Nanoseconds = "total_ns" | "avg_ns" | "min_ns" | "max_ns";

/** A column of a time in the unit that `-m` chooses. */
function duration(name: Nanoseconds, title: string, unit: "us" | "ms", width: number) {
  const size = unit === "us" ? 1e3 : 1e6;
  return {
    type: "decimal",
    brief: `${name}, in ${unit}`,
    decimals: 3,
    header: `${title} (${unit})`,
    width,
    only: "table",
    value: (row: SyscallCount) => row[name] === undefined ? undefined : Number(row[name]) / size,
  } as const;
}

function durations(unit: "us" | "ms"): Fields<SyscallCount> {
  return {
    [`time_${unit}`]: duration("total_ns", "TIME", unit, 16),
    [`avg_${unit}`]: duration("avg_ns", "AVG", unit, 12),
    [`min_${unit}`]: duration("min_ns", "MIN", unit, 12),
    [`max_${unit}`]: duration("max_ns", "MAX", unit, 12),
  };
}

const fields: Fields<SyscallCount> = {
  time: { type: "time", brief: "End of the table's time", width: -8, value: (row) => row.time },
  pid: { type: "integer", brief: "Process, with -P", width: -6, value: (row) => row.pid },
  comm: { type: "text", brief: "Its name, with -P", width: -15, value: (row) => row.comm },
  syscall: { type: "text", brief: "System call", width: -22, value: (row) => row.syscall },
  abi: {
    type: "text",
    brief: "Whose numbers it was called by: x86_64, i386, x32, arm64 or arm",
    width: -6,
    value: (row) => row.abi,
  },
  name: {
    type: "text",
    brief: "System call, and abi unless native",
    header: "SYSCALL",
    width: -22,
    only: "table",
    value: nameWithAbi,
  },
  error: { type: "text", brief: "Errno, with --errors", width: -15, value: (row) => row.error },
  count: { type: "integer", brief: "Calls that began", width: 8, value: (row) => row.count },
  total_ns: {
    type: "integer",
    brief: "Time spent in them, with -L; so far of those still running",
    width: 16,
    value: (row) => row.total_ns,
  },
  avg_ns: {
    type: "integer",
    brief: "Average duration of calls that ended",
    width: 12,
    value: (row) => row.avg_ns,
  },
  min_ns: {
    type: "integer",
    brief: "Shortest of them",
    width: 12,
    value: (row) => row.min_ns,
  },
  max_ns: { type: "integer", brief: "Longest of them", width: 12, value: (row) => row.max_ns },
  running: {
    type: "integer",
    brief: "Calls that still run",
    width: 7,
    value: (row) => row.running,
  },
  histogram: {
    type: "integers",
    brief: "With --histogram: calls that took 2^i to 2^(i+1) - 1 ns",
    value: (row) => row.histogram,
  },
  ...durations("us"),
  ...durations("ms"),
};

export const tool: Tool<Options, SyscallCount> = {
  name: "syscount",
  brief: "Count system calls, and measure the time that they take",
  options,
  demanding: [{ latency: true, process: true }],
  command: "Run this command, count its calls and those of its children, and exit as it does",
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
  fields,
  columns: (options) => {
    const unit = unitOf(options);
    return [
      ...(options.process ? ["pid", "comm"] : []),
      (!options.process || options.by_syscall) && "name",
      options.errors && "error",
      "count",
      measures(options) && `time_${unit}`,
      ...(options.stats ? [`avg_${unit}`, `min_${unit}`, `max_${unit}`] : []),
    ];
  },
  tables: {
    title: ({ rows = TOP }) => `Tracing syscalls, printing top ${rows}... Ctrl+C to quit.`,
    order: (options) => measures(options) ? `-time_${unitOf(options)}` : "-count",
    limit: ({ rows }, output) => rows ?? (output === "table" ? TOP : Infinity),
    live: ({ top }) => top,
    below: (rows, { histogram }) => histogram ? rows.map(distribution).join("") : "",
  },
  print: ({ list }) => list ? listing() : undefined,
  trace: syscount,
};

/** What the kernel half can be attached to, each in two forms: `btf_enter`, `tp_enter`. */
type Hook = "enter" | "exit" | "fork" | "exec" | "end";

/** Rows of a table, unless the user says otherwise. */
const TOP = 10;

/** Starts counting: the programs are attached when this returns. */
export function syscount(given: TraceOptions<Options> = {}): Trace<SyscallCount> {
  const wanted = withDefaults(options, given);
  const { command, signal } = given;
  const failures = wanted.failures || wanted.errors || wanted.errno !== undefined;
  const latency = measures(wanted);
  const following = command !== undefined;
  const hooks: Record<Hook, boolean> = {
    enter: latency || !failures,
    exit: latency || failures,
    fork: following,
    exec: following || wanted.process,
    end: following || latency,
  };
  const skeleton = loadTargeted(Syscount.open(), wanted, ({ rodata, progs, maps }) => {
    rodata.measure_latency = latency;
    rodata.failures_only = failures;
    if (wanted.errno !== undefined) rodata.targ_errno = wanted.errno;
    rodata.by_process = wanted.process;
    rodata.by_syscall = !wanted.process || wanted.by_syscall;
    rodata.by_error = wanted.errors;
    rodata.histogram = wanted.histogram;
    if (wanted.tid !== undefined) rodata.targ_tid = wanted.tid;
    if (wanted.syscall.length > 0) {
      rodata.by_name = true;
      rodata.wanted = slotsOf(wanted.syscall, rodata.wanted.length);
    }
    if (following) {
      rodata.follow_command = true;
      rodata.spawner = Deno.pid;
      rodata.targ_pids_in = ownPidns();
      maps.family.maxEntries = MAX_PROCESSES;
    }
    loadHooks(progs, hooks);
    if (wanted.process || wanted.errors) {
      maps.groups.maxEntries = MAX_GROUPS;
      maps.slots.maxEntries = 1; // not used then
    }
    if (wanted.process) maps.names.maxEntries = MAX_PROCESSES;
    if (wanted.histogram) maps.durations.maxEntries = MAX_GROUPS;
    if (latency) maps.running.maxEntries = mostThreads();
  });
  const counter = new Counter(skeleton);
  return new IntervalTrace({
    skeleton,
    interval: wanted.interval || (wanted.top ? 1 : undefined),
    duration: wanted.duration,
    collect: () => counter.collect(),
    fills: wanted.process,
    rows() {
      const time = wallTime();
      return counter.take().map((tally) => row(tally, time));
    },
    losses: () => ({
      map: skeleton.bss.lost,
      missed: missesOf(skeleton.progs, failures ? "exit" : "enter"),
    }),
    start: command && (() => {
      skeleton.bss.spawning = true;
      return ChildProcess.start(command);
    }),
    signal,
  });

  function row(tally: Tally, time: bigint): SyscallCount {
    const { count, running, ended } = tally;
    const abi = ABIS[tally.abi];
    return {
      time,
      ...(wanted.process && { pid: tally.pid, comm: counter.name(tally.pid) }),
      ...(skeleton.rodata.by_syscall && { syscall: syscallName(abi, tally.nr), abi }),
      ...(wanted.errors && { error: errnoName(tally.error) }),
      count,
      ...(latency && { total_ns: tally.spent_ns, running }),
      ...(ended > 0 && {
        avg_ns: tally.total_ns / BigInt(ended),
        min_ns: tally.min_ns,
        max_ns: tally.max_ns,
      }),
      ...(wanted.histogram && { histogram: Array.from(tally.histogram, (count) => count ?? 0) }),
    };
  }
}

/** Threads that there may come to be while calls are measured: a hash has memory for each from the start. */
function mostThreads(): number {
  // The fourth field of proc(5)'s loadavg: "1/123" are the threads that run and all.
  const present = Number(readTextFile("/proc/loadavg").split(/[ /]/)[4]);
  const limit = Number(readTextFile("/proc/sys/kernel/threads-max"));
  return Math.min(limit, Math.max(8 * present, 32_768));
}

function unitOf({ milliseconds }: Options): "us" | "ms" {
  return milliseconds ? "ms" : "us";
}

/** Whether the options ask for times. */
function measures({ latency, stats, histogram }: Options): boolean {
  return latency || stats || histogram;
}

/** The histogram of a row, with the row's name above it. */
function distribution(row: SyscallCount): string {
  const names = [row.pid, row.comm && escapeText(row.comm), nameWithAbi(row), row.error];
  const name = names.filter((name) => name !== undefined).join(" ");
  const drawn = drawHistogram(row.histogram ?? [], "nsecs");
  return drawn && `\n${name}\n${drawn}`;
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

/** In tables calls by other numbers than those of 64-bit programs say so: `getpid[i386]`. */
function nameWithAbi({ syscall, abi }: SyscallCount): string | undefined {
  return abi === NATIVE_ABI || syscall === undefined ? syscall : `${syscall}[${abi}]`;
}

/** What `-l` prints. */
function listing(): string {
  return [...syscalls(NATIVE_ABI)]
    .map(([number, name]) => `${String(number).padStart(3)}: ${name}\n`)
    .join("");
}

if (import.meta.main) await toolMain(tool);
