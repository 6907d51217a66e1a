import { type Counted, escapeText, type EventOf, membersOf } from "#lib/tool/mod.ts";
import {
  type FlameFrame,
  framePath,
  framesOf,
  type Marks,
  type Sides,
  stackMembers,
  taskFrame,
} from "#lib/tool/stacks.ts";
import { type OffCpu, offCpuMembers, offCpuTimeMembers } from "#lib/tool/off_cpu_times.ts";
import { knownContext, wakerMembers, wakerName, type Woken } from "#lib/tool/wakers.ts";

type Row = Counted<OffCpu, Sides>;

const member = membersOf<Row>();

/** Who has woken the thread up; undefined where nobody needed to, or has yet. */
function wokenOf({ waker }: OffCpu): Woken | undefined {
  if (waker === undefined) return undefined;
  const { pid, comm, seen } = waker;
  return {
    current_pid: seen ? pid : undefined,
    current_comm: seen ? comm : undefined,
    context: seen ? knownContext(waker) : undefined,
  };
}

/** The members of a row. */
export const members = {
  ...offCpuMembers,
  /** `[irq]` and `[softirq]` for interrupts, `[unseen]` if the kernel has not shown the wake-up. */
  waker_comm: member.text(
    { brief: "Name of the thread that has woken it up, [irq] or [softirq]", width: -16 },
    (r) => {
      const woken = wokenOf(r);
      return woken && wakerName(woken);
    },
  ),
  ...wakerMembers<Row>(wokenOf),
  ...offCpuTimeMembers,
  ...stackMembers,
  truncated: {
    ...stackMembers.truncated,
    value: (r: Row) => r.truncated || (r.waker?.truncated ?? false),
  },
  /** Functions of the kernel, the innermost first. */
  waker_kernel: member.words(
    { brief: "Functions of the kernel that have woken it up, the innermost first" },
    (r) => r.$own.kernel ? r.waker?.kernel : undefined,
  ),
  /** Functions of the waker's process, the innermost first. */
  waker_user: member.words(
    { brief: "Functions of the waker's process, the innermost first" },
    (r) => r.$own.user ? r.waker?.user : undefined,
  ),
};

/** Time of one thread off CPU, with one stack, until it was woken up by one waker with one stack. */
export type OffWakeTime = EventOf<typeof members>;

/** The stack of the waker, the innermost first. */
function wakerFrames({ waker_kernel, waker_user }: OffWakeTime, border: string, marks: Marks) {
  return framesOf({ kernel: waker_kernel, user: waker_user }, border, marks);
}

/**
 * A row as the Python tool prints it: the waker, its stack from the outermost function on, then that of the thread
 * from the innermost on, so that both meet where one wakes up the other.
 */
export function drawn(row: OffWakeTime, value: string, marks: Marks): string {
  const { comm, pid, waker_comm, waker_pid } = row;
  const waker = waker_comm === undefined ? [] : [
    `${"waker:".padEnd(16)} ${waker_comm} ${waker_pid ?? ""}`.trimEnd(),
    ...wakerFrames(row, "-", marks).reverse(),
    `${"--".padEnd(16)} --`,
  ];
  const lines = [
    ...waker,
    ...framesOf(row, "-", marks),
    `${"target:".padEnd(16)} ${comm} ${pid}`,
    `    ${value}`,
  ];
  return lines.map((line) => `    ${escapeText(line)}\n`).join("");
}

/**
 * A row in flame graphs, as the Python tool has it: the thread, its stack from the outermost function on, that of
 * the waker from the innermost on, the waker.
 */
export function path(row: OffWakeTime, marks: Marks): FlameFrame[] {
  const { comm, waker_comm, waker_kernel, waker_user } = row;
  const own = [taskFrame(comm), ...framePath(row, marks).reverse()];
  if (waker_comm === undefined) return own;
  const waker = framePath({ kernel: waker_kernel, user: waker_user }, marks)
    .map(({ name }) => ({ name, kind: "waker" as const }));
  return [...own, taskFrame("--"), ...waker, taskFrame(waker_comm)];
}
