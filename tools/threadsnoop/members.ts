import { event, type event_view } from "#skel/threadsnoop.ts";
import {
  bootTime,
  containerId,
  type EventOf,
  type LazyOf,
  membersOf,
  partsOf,
} from "#lib/tool/mod.ts";
import { frameName, Symbolizer } from "#lib/tool/stacks.ts";

/** What members are read by, besides the record. */
export function own() {
  return { start: bootTime(), symbols: new Symbolizer() };
}

/** By their bits: include/uapi/linux/sched.h. Those that start a process, not a thread, are left out. */
const CLONE_FLAGS: readonly (readonly [bit: bigint, name: string])[] = [
  [0x100n, "VM"],
  [0x200n, "FS"],
  [0x400n, "FILES"],
  [0x800n, "SIGHAND"],
  [0x2000n, "PTRACE"],
  [0x8000n, "PARENT"],
  [0x1_0000n, "THREAD"],
  [0x4_0000n, "SYSVSEM"],
  [0x8_0000n, "SETTLS"],
  [0x10_0000n, "PARENT_SETTID"],
  [0x20_0000n, "CHILD_CLEARTID"],
  [0x40_0000n, "DETACHED"],
  [0x80_0000n, "UNTRACED"],
  [0x100_0000n, "CHILD_SETTID"],
  [0x8000_0000n, "IO"],
];

/** What the kernel sets for the threads that it makes for itself: create_io_thread() and vhost_task_create(). */
const CLONE_UNTRACED = 0x80_0000n;

const member = membersOf(event, own);
const { c } = member;
const parts = partsOf(event, "cgroup");

const isNew = ({ new_tid }: event_view) => new_tid !== 0;

/** The name of a function of the process; where it lies, if it has none. */
function nameOf(r: event_view & { readonly $own: ReturnType<typeof own> }, address: bigint) {
  if (address === 0n) return undefined;
  return frameName(r.$own.symbols.user(r.pid, address));
}

/** The members of an event. */
export const members = {
  time: c.time,
  event: member.text(
    { brief: "NEW, or EXIT with --exits", width: -5 },
    (r) => isNew(r) ? "NEW" : "EXIT",
  ),
  pid: c.pid,
  tid: { ...c.tid, brief: "The thread that creates the other, or that ends" },
  new_tid: member.integer(
    { brief: "NEW: the thread that was created", width: -7 },
    (r) => isNew(r) ? r.new_tid : undefined,
  ),
  comm: { ...c.comm, brief: "Name of the thread that creates the other, or that ends" },
  uid: c.uid,
  /** Undefined unless pthread_create() has made it: `worker`, or `prog+0x11c9` if the function has no name. */
  func: member.text(
    { brief: "NEW: the function that was passed to pthread_create()", width: -24 },
    (r) => nameOf(r, r.func),
  ),
  /** The function of the process that has called the kernel: `__clone3`, `runtime.clone` of Go. */
  caller: member.text(
    { brief: "NEW: the function that has called the kernel", width: -16 },
    (r) => nameOf(r, r.caller),
  ),
  flags: member.words({ brief: "NEW: flags of clone(2), without CLONE_" }, (r) => flagsOf(r)),
  /** As io_uring and vhost have them. */
  of_kernel: member.boolean(
    { brief: "NEW: whether the kernel made it for itself: io_uring, vhost", width: -9 },
    (r) => isNew(r) ? (r.clone_flags & CLONE_UNTRACED) !== 0n : undefined,
  ),
  cpus: member.integer(
    { brief: "NEW: how many CPUs it may run on", width: 4 },
    (r) => isNew(r) ? r.cpus : undefined,
  ),
  duration_ns: member.integer(
    { brief: "EXIT: how long the thread lived, in nanoseconds", width: 14 },
    (r) => isNew(r) ? undefined : r.duration_ns,
  ),
  cgroup_id: c.cgroup_id,
  /** Undefined for the root. */
  cgroup: member.text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: member.text(
    { brief: "Id of the container", width: -12 },
    (r) => containerId(parts.cgroup.path(r)),
  ),
  /** Since the trace began. */
  elapsed_ms: member.integer(
    { brief: "Milliseconds since the trace began", header: "TIME(ms)", width: -10, only: "table" },
    (r) => r.time < r.$own.start ? 0n : (r.time - r.$own.start) / 1_000_000n,
  ),
};

function flagsOf(r: event_view): string[] | undefined {
  if (!isNew(r)) return undefined;
  return CLONE_FLAGS.filter(([bit]) => r.clone_flags & bit).map(([, name]) => name);
}

/** A thread that was created, or that ended. */
export type ThreadEvent = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  age_ms: table.decimal(
    { brief: "How long it lived, in milliseconds", header: "AGE(ms)", width: 9, decimals: 2 },
    (e) => e.duration_ns === undefined ? undefined : Number(e.duration_ns) / 1e6,
  ),
};
