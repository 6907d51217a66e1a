/** Whether the kernel wakes up a thread in a task or in an interrupt, by the functions on its stack. */

/** Where the kernel was at work: for the current task, or in an interrupt of it. */
export type Context = "task" | "softirq" | "irq";

/** The functions of kernel/softirq.c that run handlers: the second one since Linux 6.10 with the first below it. */
const SOFTIRQ = /^(__do_softirq|handle_softirqs)$/;

/**
 * Entries of interrupts, and what runs their handlers: of x86 arch/x86/entry/entry_64.S and
 * include/asm/idtentry.h, of arm64 arch/arm64/kernel/entry.S and entry-common.c, of all kernel/irq and
 * kernel/time.
 */
const IRQ = new RegExp(
  "^((asm_)?sysvec_|(asm_|__)?common_interrupt$|(asm_)?exc_nmi|" +
    "el[01][ht]?_(64_|32_)?(irq|fiq|interrupt)|gic_handle_irq$|" +
    "(generic_)?handle_domain_irq$|__handle_irq_event_percpu$|hrtimer_interrupt$)",
);

/** Where an interrupt has begun: what lies further out is of the task that it came to. */
const ENTRY = /^(asm_|el[01][ht]?_(64_|32_)?(irq|fiq)(_handler)?$)/;

/** The innermost context of a stack, by its functions, the innermost first. */
export function contextOf(kernel: readonly string[]): Context {
  for (const name of kernel) {
    if (SOFTIRQ.test(name)) return "softirq";
    if (IRQ.test(name)) return "irq";
  }
  return "task";
}

/**
 * How many functions of a stack are those of an interrupt; undefined if there is none. A softirq that a task has
 * let run, as it does where it sends to itself, has the functions of that task as well.
 */
export function interrupted(kernel: readonly string[]): number | undefined {
  const handler = kernel.findIndex((name) => SOFTIRQ.test(name) || IRQ.test(name));
  if (handler < 0) return undefined;
  const entry = kernel.findIndex((name, at) => at >= handler && ENTRY.test(name));
  return entry < 0 ? kernel.length : entry + 1;
}
