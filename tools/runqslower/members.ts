import { event } from "#skel/runqslower.ts";
import { type EventOf, type LazyOf, membersOf, WAIT_KINDS } from "#lib/tool/mod.ts";

/** SCHED_... by number: include/uapi/linux/sched.h. */
const POLICIES: Readonly<Record<number, string>> = {
  0: "SCHED_OTHER",
  1: "SCHED_FIFO",
  2: "SCHED_RR",
  3: "SCHED_BATCH",
  5: "SCHED_IDLE",
  6: "SCHED_DEADLINE",
  7: "SCHED_EXT",
};

/** `QUEUED_UNKNOWN` of the kernel half. */
const QUEUED_UNKNOWN = 0xffff_ffff;

const member = membersOf(event);
const { c } = member;

/** The members of an event. */
export const members = {
  /** When the task got a CPU. */
  time: { ...c.time, brief: "When the task got a CPU" },
  pid: c.pid,
  tid: { ...c.tid, brief: "The thread that waited", width: -6 },
  comm: { ...c.comm, brief: "Name of the thread" },
  delay_ns: { ...c.delay_ns, brief: "How long it waited, in nanoseconds" },
  /** Why it waited: `woken`, `new` or `preempted`. */
  kind: member.text(
    { brief: "Why it waited: woken, new or preempted", width: -9 },
    (r) => WAIT_KINDS[r.kind],
  ),
  cpu: { ...c.cpu, brief: "The CPU that it got" },
  /** Undefined where the kernel was built without CONFIG_FAIR_GROUP_SCHED. */
  queued: member.integer(
    { brief: "Tasks that wait for this CPU still", width: 6 },
    (r) => r.queued === QUEUED_UNKNOWN ? undefined : r.queued,
  ),
  policy: member.text(
    { brief: "Scheduling policy of the thread", width: -14 },
    (r) => POLICIES[r.policy] ?? `${r.policy}`,
  ),
  /** As the kernel counts it: 100 to 139 for nice -20 to 19, 0 to 99 for real-time tasks, -1 for deadline tasks. */
  prio: member.integer(
    { brief: "Its priority: 100 to 139 for nice -20 to 19, less is real-time", width: 4 },
    (r) => r.prio,
  ),
  cgroup_id: c.cgroup_id,
  /** The process that had the CPU before; undefined where the kernel does not show that. */
  prev_pid: member.integer(
    { brief: "Process that had the CPU before", width: -8 },
    (r) => r.prev_known ? r.prev_pid : undefined,
  ),
  prev_tid: member.integer(
    { brief: "Thread that had the CPU before; 0 is an idle CPU", header: "PREV TID", width: -6 },
    (r) => r.prev_known ? r.prev_tid : undefined,
  ),
  prev_comm: member.text(
    { brief: "Name of that thread", header: "PREV COMM", width: -16 },
    (r) => r.prev_known ? r.$prev_comm : undefined,
  ),
  /** For how long it had the CPU; undefined for idle and real-time tasks. */
  prev_ran_ns: member.integer(
    { brief: "For how long it had the CPU, in nanoseconds", width: 12 },
    (r) => r.prev_ran_ns || undefined,
  ),
  /** The process that woke the thread up; undefined if `kind` is another, or the CPU was idle. */
  waker_pid: member.integer(
    { brief: "Process that woke it up, or was interrupted by what did", width: -9 },
    (r) => r.waker_pid || undefined,
  ),
  waker_tid: member.integer(
    { brief: "Thread that woke it up, or was interrupted", width: -9 },
    (r) => r.waker_tid || undefined,
  ),
  waker_comm: member.text(
    { brief: "Name of that thread", width: -16 },
    (r) => r.waker_tid === 0 ? undefined : r.$waker_comm,
  ),
};

/** A wait that took long. */
export type LongWait = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  delay_us: table.integer(
    { brief: "delay_ns, in microseconds", header: "LAT(us)", width: 14, unit: 1e3 },
    (e) => e.delay_ns,
  ),
};
