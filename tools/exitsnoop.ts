#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** exitsnoop: processes as they end, with their status, what they used and who killed them. */
import { event, type event_view, Exitsnoop } from "#skel/exitsnoop.ts";
import {
  containerId,
  coreDumped,
  decodePath,
  type EventOf,
  exitOf,
  flag,
  type LazyOf,
  loadHooks,
  membersOf,
  pageSize,
  RawWords,
  ringTool,
  signalNumber,
  targetOptions,
  toolMain,
  userName,
} from "#lib/tool/mod.ts";

const own = () => {
  const args = new RawWords();
  return { page: BigInt(pageSize()), args, words: [args] };
};
const member = membersOf(event, own);
const { c } = member;

/** The members of an event. */
export const members = {
  time: c.time,
  pid: c.pid,
  tid: { ...c.tid, brief: "The thread, or the last one of the process" },
  ppid: { ...c.ppid, brief: "Parent of the process" },
  comm: { ...c.comm, brief: "Name of the process, or of the thread with -T", header: "PCOMM" },
  uid: { ...c.uid, brief: "Real user id" },
  user: member.text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  /** What was passed to exit(3), unless a signal ended the process. */
  exit_code: member.integer(
    { brief: "What was passed to exit(3)", width: 9 },
    (r) => exitOf(r.status).exit_code,
  ),
  /** The signal that ended the process: `SIGKILL`. */
  signal: member.signal(
    { brief: "The signal that ended the process", width: -9 },
    (r) => exitOf(r.status).signal,
  ),
  core_dumped: member.boolean(
    { brief: "Whether a core was dumped, to a file or a program", width: -11 },
    (r) => coreDumped(r.status),
  ),
  duration_ns: { ...c.duration_ns, brief: "From the fork to the end, in nanoseconds" },
  /** CPU time in user mode, split as getrusage(2) splits it. */
  cpu_user_ns: member.integer(
    { brief: "CPU time in user mode, in nanoseconds", width: 12 },
    (r) => r.cpu_ns - systemTime(r),
  ),
  /** CPU time in the kernel. */
  cpu_system_ns: member.integer(
    { brief: "CPU time in the kernel, in nanoseconds", width: 13 },
    (r) => systemTime(r),
  ),
  /** The most memory that the process had; undefined for a thread. */
  max_rss_bytes: member.integer(
    { brief: "The most memory that the process had resident, in bytes", width: 13 },
    (r) => r.max_rss_pages === 0n ? undefined : r.max_rss_pages * r.$own.page,
  ),
  minor_faults: member.integer(
    { brief: "Page faults that needed no disk", width: 12 },
    (r) => r.minor_faults,
  ),
  major_faults: member.integer(
    { brief: "Page faults that waited for a disk", width: 12 },
    (r) => r.major_faults,
  ),
  voluntary_switches: member.integer(
    { brief: "How often it waited and gave up its CPU", width: 18 },
    (r) => r.voluntary_switches,
  ),
  involuntary_switches: member.integer(
    { brief: "How often it lost its CPU to another task", width: 20 },
    (r) => r.involuntary_switches,
  ),
  cgroup_id: c.cgroup_id,
  /** Path of the cgroup (v2), undefined for the root. */
  cgroup: member.text({ brief: "Path of the cgroup (v2)", width: -24 }, cgroupOf),
  /** Id of the container that the cgroup belongs to. */
  container: member.text({ brief: "Id of the container", width: -12 }, (r) => {
    const cgroup = cgroupOf(r);
    return cgroup === undefined ? undefined : containerId(cgroup);
  }),
  /** The process that sent the signal; undefined if the kernel did. */
  killer_pid: member.integer(
    { brief: "The process that sent the signal, if one did", width: -10 },
    (r) => r.killer_pid || undefined,
  ),
  killer_comm: member.text(
    { brief: "Name of the thread that sent the signal", width: -16 },
    (r) => r.killer_pid === 0 ? undefined : r.$killer_comm,
  ),
  /** The arguments at the end; undefined where the process has no memory any more. */
  args: member.words({ brief: "Arguments, argv[0] included; from Linux 6.16 on" }, (r) => {
    if (!r.args_known) return undefined;
    const { bytes, start } = r.$strings;
    const at = start + r.cgroup_size;
    r.$own.args.place(bytes, at, at + r.args_size);
    return r.$own.words;
  }),
  args_truncated: member.boolean(
    { brief: "Whether there are more arguments, or longer ones", width: -14 },
    (r) => r.args_known ? r.args_cut !== 0 : undefined,
  ),
};

/** The end of a process, or of a thread. */
export type ProcessEnd = EventOf<typeof members>;

/**
 * The part of the CPU time that was spent in the kernel. The scheduler's sum is exact, and ticks of the
 * clock have sampled how it divides: cputime_adjust() in kernel/sched/cputime.c does the same.
 */
function systemTime({ cpu_ns, user_ns, system_ns }: event_view): bigint {
  if (system_ns === 0n) return 0n;
  return cpu_ns * system_ns / (user_ns + system_ns);
}

function cgroupOf({ cgroup_size, $strings: { bytes, start } }: event_view): string | undefined {
  return cgroup_size === 0 ? undefined : decodePath(bytes, start, start + cgroup_size);
}

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  age: table.decimal(
    { brief: "How long it lived, in seconds", header: "AGE(s)", decimals: 2, width: -7 },
    (e) => Number(e.duration_ns) / 1e9,
  ),
  outcome: table.text(
    { brief: "0, the exit code, or the signal", header: "EXIT_CODE" },
    ({ exit_code, signal, core_dumped }) =>
      signal !== undefined
        ? `signal ${signalNumber(String(signal))} (${signal})${core_dumped ? ", core dumped" : ""}`
        : exit_code === 0
        ? "0"
        : `code ${exit_code}`,
  ),
};

export const { tool, start: exitsnoop } = ringTool({
  name: "exitsnoop",
  group: "processes",
  brief: "Trace processes as they end, and why",
  examples: [
    ["exitsnoop", "all of them"],
    ["exitsnoop -x", "only those that failed: another exit code than 0, or a signal"],
    ["exitsnoop -t", "include the time of day"],
    ["exitsnoop -T", "each thread"],
    ["exitsnoop -p 181", "only process 181"],
    ["exitsnoop --fields pid,comm,signal,killer_pid,killer_comm", "who killed whom"],
    ["exitsnoop -o json", "one JSON object a line, with all that is known"],
  ],
  options: {
    timestamp: flag("t", "Include the time of day (HH:MM:SS)"),
    failed: flag("x", "Show only what ended with a signal, or an exit code other than 0"),
    threaded: flag("T", "Show each thread, not each process"),
    ...targetOptions,
  },
  demanding: [{ threaded: true }],
  members,
  derived,
  columns: ({ timestamp }) => [
    timestamp && "time",
    "comm",
    "pid",
    "ppid",
    "tid",
    "age",
    "outcome",
  ],
  failed: (e) => e.signal !== undefined || (e.exit_code ?? 0) !== 0,
  own,
  open: () => Exitsnoop.open(),
  prepare({ rodata, progs }, { failed, threaded }, shown) {
    rodata.failed = failed;
    rodata.threaded = threaded;
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    rodata.with_args = shown.has("args") || shown.has("args_truncated");
    const killers = shown.has("killer_pid") || shown.has("killer_comm");
    loadHooks(progs, { exit: true, signal: killers });
  },
});

if (import.meta.main) await toolMain(tool);
