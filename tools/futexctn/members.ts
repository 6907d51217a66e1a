/** What futexctn shows of waits. */
import { type Counted, drawHistogram, escapeText, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { timeMembers, unitOf, type UnitOptions } from "#lib/tool/task_times.ts";
import { RESULTS, type Waits } from "./counter.ts";
import { opOf } from "./kinds.ts";

const member = membersOf<Counted<Waits, UnitOptions>>();

const { count: _, ...times } = timeMembers("wait");

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  pid: member.integer({ brief: "Process that waits", width: -7 }, (r) => r.pid),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => r.comm),
  uaddr: member.text(
    { brief: "Address of the futex in the process", width: -18 },
    (r) => `0x${r.uaddr.toString(16)}`,
  ),
  /** Undefined for memory without a name. */
  mapping: member.text(
    { brief: "File that the address is mapped from, and where in it", width: -32 },
    (r) => r.mapping,
  ),
  /** `lock` if the operation, a function of the stack or the word is that of a lock; else `wait`. */
  kind: member.text(
    { brief: "lock, or wait for anything else: a condition, a thread, work", width: -4 },
    (r) => r.kind,
  ),
  op: member.text(
    {
      brief: "wait, wait_bitset, wait_requeue_pi, lock_pi, lock_pi2, waitv, futex_wait",
      width: -11,
    },
    (r) => opOf(r.op),
  ),
  result: member.text(
    { brief: "woken, timeout, changed, signal, error; waiting: not ended yet", width: -7 },
    (r) => RESULTS[r.result],
  ),
  shared: member.boolean(
    { brief: "Whether other processes may use it, at other addresses" },
    (r) => Boolean(r.shared),
  ),
  /** Undefined where the kernel does not know it. */
  owner_tid: member.integer(
    { brief: "Thread that has the lock, of lock_pi", width: -7 },
    (r) => r.owner || undefined,
  ),
  wakes: member.integer(
    { brief: "Threads that the process has woken up at this address" },
    (r) => r.wakers.values().reduce((sum, woken) => sum + woken, 0),
  ),
  wakers: member.integers(
    { brief: "Threads that did so, those that did it most first" },
    (r) => [...r.wakers].sort(([, a], [, b]) => b - a).slice(0, 16).map(([tid]) => tid),
  ),
  count: member.integer({ brief: "Waits", width: 8 }, (r) => Number(r.count)),
  ...times,
  user: member.words({ brief: "Functions of the process, the innermost first" }, (r) => r.names),
  truncated: member.boolean(
    { brief: "Whether the stack has more frames than were taken" },
    (r) => r.truncated,
  ),
};

/** Waits at one address with one stack, that have ended alike. */
export type FutexWaits = EventOf<typeof members>;

/** A row as the C tool prints it, with what else is known at the end of its line. */
export function drawn(row: FutexWaits, summary: boolean): string {
  const { comm, pid, uaddr, count, kind, op, result, owner_tid, mapping, unit } = row;
  const { unit: units, ns } = unitOf({ milliseconds: unit === "ms", nanoseconds: false });
  const [avg, max, min] = [row.avg_ns, row.max_ns, row.min_ns].map((t) => BigInt(t) / BigInt(ns));
  const line = `${escapeText(comm)}[${pid}] lock ${uaddr} contended ${count} times, ` +
    `${avg} avg ${units} [max: ${max} ${units}, min ${min} ${units}] ${kind}: ${op}, ${result}` +
    (owner_tid === undefined ? "" : `, owner ${owner_tid}`) +
    (mapping === undefined ? "" : `, at ${escapeText(mapping)}`);
  if (summary) return `${line}\n`;
  const frames = row.user.map((name) => `    ${escapeText(name)}\n`).join("");
  return `${line}\n    -\n${frames}    -\n${drawHistogram(row.histogram, { unit: units })}`;
}
