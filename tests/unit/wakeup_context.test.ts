/** What wakes up a thread, by functions that kernels were seen to have on their stacks. */
import { assertEquals } from "@std/assert";
import { contextOf, interrupted } from "#lib/tool/wakers.ts";

const TIMER = "try_to_wake_up hrtimer_wakeup __hrtimer_run_queues hrtimer_interrupt";

/** What is called for, the functions, and how many of them are the interrupt's. */
const STACKS = {
  "a system call": [
    "task",
    "try_to_wake_up autoremove_wake_function __wake_up_common anon_pipe_write vfs_write ksys_write " +
    "do_syscall_64 entry_SYSCALL_64_after_hwframe",
    undefined,
  ],
  "a timer of x86": [
    "irq",
    `${TIMER} __sysvec_apic_timer_interrupt sysvec_apic_timer_interrupt ` +
    "asm_sysvec_apic_timer_interrupt folio_batch_move_lru exc_page_fault asm_exc_page_fault",
    7,
  ],
  "a timer of arm64": [
    "irq",
    `${TIMER} arch_timer_handler_virt handle_percpu_devid_irq generic_handle_domain_irq ` +
    "gic_handle_irq call_on_irq_stack do_interrupt_handler el1_interrupt el1h_64_irq_handler " +
    "el1h_64_irq cpuidle_enter_state do_idle",
    12,
  ],
  "a timer of arm64 with Linux 5.10": [
    "irq",
    `${TIMER} arch_timer_handler_virt __handle_domain_irq gic_handle_irq el1_irq arch_cpu_idle`,
    8,
  ],
  "a device": [
    "irq",
    "try_to_wake_up __handle_irq_event_percpu handle_irq_event __common_interrupt " +
    "common_interrupt asm_common_interrupt vfs_read",
    6,
  ],
  "a softirq after an interrupt": [
    "softirq",
    "try_to_wake_up process_timeout call_timer_fn handle_softirqs __irq_exit_rcu " +
    "sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt main_loop",
    7,
  ],
  "a softirq of a task that sends to itself": [
    "softirq",
    "try_to_wake_up sock_def_readable tcp_data_queue net_rx_action __do_softirq do_softirq " +
    "__local_bh_enable_ip tcp_sendmsg ksys_write do_syscall_64",
    10,
  ],
  "an interrupt of a softirq": [
    "irq",
    `${TIMER} sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt handle_softirqs do_softirq`,
    6,
  ],
  "none": ["task", "", undefined],
} as const;

for (const [what, [context, functions, count]] of Object.entries(STACKS)) {
  Deno.test(`contextOf() knows ${what}`, () => {
    const kernel = functions.split(" ");
    assertEquals([contextOf(kernel), interrupted(kernel)], [context, count]);
  });
}
