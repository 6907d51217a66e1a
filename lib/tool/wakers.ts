/**
 * What offwaketime and wakeuptime share: the user half of bpf/include/wakers.h. It stands apart from stacks.ts, as
 * few tools need it.
 *
 * @module
 */
import { membersOf } from "./members/members_of.ts";
import { type Context, contextOf, interrupted } from "./wakeup_context.ts";

export { type Context, contextOf, interrupted };

/** The function of the kernel with the hook. */
export const WAKING = "try_to_wake_up";

/** In place of a stack of the kernel, which each wake-up has: -ENOENT. */
export const UNSEEN = -2n;

/** The kernel has not shown the wake-up. */
const NOBODY = "[unseen]";

/** Who has woken up a thread. */
export interface Woken {
  /** The task that has woken it up, or that was interrupted for that; undefined if that was not seen. */
  readonly current_pid: number | undefined;
  readonly current_comm: string | undefined;
  /** Undefined if the kernel's stack may have more functions, or was lost. */
  readonly context: Context | undefined;
}

/** What is known of it by the stack. */
interface NamedStack {
  readonly kernel: readonly string[];
  /** Whether the kernel has passed all frames of its own. */
  readonly has_all_kernel: boolean;
}

/** It is an interrupt where one is seen; a task where there is nothing more to see, and functions have names. */
export function knownContext({ kernel, has_all_kernel }: NamedStack): Context | undefined {
  const context = contextOf(kernel);
  const isKnown = context !== "task" || has_all_kernel && kernel[0] === WAKING;
  return isKnown ? context : undefined;
}

/** Whether an interrupt has woken the thread up, as far as that is known: then no task has. */
const isInterrupt = ({ context }: Woken) => context === "irq" || context === "softirq";

/** The waker's name: `[irq]` and `[softirq]` for interrupts, `[unseen]` if the kernel has not shown the wake-up. */
export function wakerName(woken: Woken): string {
  return isInterrupt(woken) ? `[${woken.context}]` : woken.current_comm ?? NOBODY;
}

/** Who has woken up the thread of a row; undefined where nobody needed to. */
type Waking<R> = (row: R) => Woken | undefined;

/** Declares the members that say who has woken a thread up, besides the name. */
export function wakerMembers<R>(of: Waking<R>) {
  const member = membersOf<R>();
  const ofInterrupt = <T>(row: R, value: (woken: Woken) => T): T | undefined => {
    const woken = of(row);
    return woken && isInterrupt(woken) ? value(woken) : undefined;
  };
  return {
    /** Undefined for interrupts, and if it is not known. */
    waker_pid: member.integer(
      { brief: "Process of the waker, if it is no interrupt", width: -9 },
      (r) => ofInterrupt(r, () => true) ? undefined : of(r)?.current_pid,
    ),
    /** `task`, `softirq` or `irq`; undefined if the stack of the kernel does not say. */
    context: member.text(
      { brief: "What woke it up: a task, a softirq, or an irq", width: -7 },
      (r) => of(r)?.context,
    ),
    interrupted_comm: member.text(
      { brief: "Name of the thread that an interrupt came to", width: -16 },
      (r) => ofInterrupt(r, ({ current_comm }) => current_comm),
    ),
    /** 0 where a CPU was idle. */
    interrupted_pid: member.integer(
      { brief: "Its process; 0 where a CPU was idle", header: "INTERRUPTED", width: -11 },
      (r) => ofInterrupt(r, ({ current_pid }) => current_pid),
    ),
  };
}
