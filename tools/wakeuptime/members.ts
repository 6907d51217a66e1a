import { type Counted, escapeText, type EventOf, membersOf } from "#lib/tool/mod.ts";
import {
  type FlameFrame,
  framePath,
  framesOf,
  type Marks,
  stackMembers,
  taskFrame,
} from "#lib/tool/stacks.ts";
import { wakerMembers, wakerName } from "#lib/tool/wakers.ts";
import type { Wakeups } from "./counter.ts";

const member = membersOf<Counted<Wakeups>>();

/** The members of a row. */
export const members = {
  /** The end of the trace, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the trace", width: -8 }, (r) => r.$time),
  comm: member.text({ brief: "Name of the thread that was woken up", width: -16 }, (r) => r.comm),
  pid: member.integer({ brief: "Its process", width: -7 }, (r) => r.pid),
  /** `[irq]` and `[softirq]` for interrupts, `[unseen]` if the kernel has not shown the wake-up. */
  waker_comm: member.text(
    { brief: "Name of the thread that has woken it up, [irq] or [softirq]", width: -16 },
    wakerName,
  ),
  ...wakerMembers<Counted<Wakeups>>((r) => r),
  count: member.integer(
    { brief: "How often it was woken up there", width: 8 },
    (r) => r.time.count,
  ),
  /** Nanoseconds in all. */
  total_ns: member.integer(
    { brief: "Time that it was blocked until then", width: 14 },
    (r) => r.time.total_ns,
  ),
  /** Nanoseconds. */
  max_ns: member.integer({ brief: "The longest of these times", width: 14 }, (r) => r.time.max_ns),
  ...stackMembers,
};

/** Time of the threads of one name in a process, by one waker with one stack. */
export type WakeupTime = EventOf<typeof members>;

/** A row as the C tool prints it, with the stack of the waker's process below that of the kernel. */
export function drawn(row: WakeupTime, value: string, marks: Marks): string {
  const lines = [
    `${"target:".padEnd(16)} ${row.comm}`,
    ...framesOf(row, "--", marks),
    `${"waker:".padStart(16)} ${row.waker_comm}`,
    value,
  ];
  return lines.map((line) => `\t${escapeText(line)}\n`).join("");
}

/** A row in flame graphs, as the Python tool has it: the waker, its stack from the outermost function on, the target. */
export function path(row: WakeupTime, marks: Marks): FlameFrame[] {
  return [
    taskFrame(row.waker_comm),
    ...framePath(row, marks).reverse(),
    taskFrame(row.comm),
  ];
}
