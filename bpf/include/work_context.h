/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Whether the kernel is at work for the current task, or in an interrupt, which may be nothing of that task.
 * The user half, which has to set where the kernel counts that, is lib/tool/work_context.ts; wakeup_context.ts finds
 * the same by a stack, for tools that have one.
 */
#ifndef DENOBPF_WORK_CONTEXT_H
#define DENOBPF_WORK_CONTEXT_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

enum work_context {
	WORK_TASK,
	WORK_SOFTIRQ,
	WORK_IRQ, /* NMIs as well */
};

/*
 * Parts of the count: include/linux/preempt.h. Softirqs that are only disabled count in the bits above the first one.
 * From Linux 7.3 on, places where interrupts are only disabled count where interrupts counted before.
 */
#define PREEMPT_IN_SOFTIRQ 0x100
#define PREEMPT_IN_IRQ 0x00ff0000
#define PREEMPT_IN_IRQ_HIGHER 0x1f000000

const volatile bool irqs_count_higher;

/*
 * x86 has the count for each CPU, and the run queue too: this is how many bytes it lies behind that one, which is
 * found from the current task. By its name no program finds it where /proc/kallsyms has functions alone.
 */
const volatile __s64 preempt_count_from_rq;

/* arm64 has it for each task, in the lower half. */
struct thread_info___counts {
	__u64 preempt_count;
} __attribute__((preserve_access_index));

struct task_struct___counts {
	struct thread_info___counts thread_info;
} __attribute__((preserve_access_index));

static __always_inline __u32 preempt_count(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___counts *counts = (void *)task;
	__u32 count = 0;

	if (bpf_core_field_exists(counts->thread_info.preempt_count))
		return BPF_CORE_READ(counts, thread_info.preempt_count);
	if (bpf_core_field_exists(task->se.cfs_rq)) {
		void *rq = BPF_CORE_READ(task, se.cfs_rq, rq);

		bpf_probe_read_kernel(&count, sizeof(count), rq + preempt_count_from_rq);
	}
	return count;
}

/* What the kernel is at work for on this CPU, at the moment. */
static __always_inline enum work_context work_context(void)
{
	__u32 count = preempt_count();

	if (count & (irqs_count_higher ? PREEMPT_IN_IRQ_HIGHER : PREEMPT_IN_IRQ))
		return WORK_IRQ;
	return count & PREEMPT_IN_SOFTIRQ ? WORK_SOFTIRQ : WORK_TASK;
}

#endif /* DENOBPF_WORK_CONTEXT_H */
