/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What programs of the scheduler know of a task; lib/tool/sched.ts is the user half.
 *
 *	SEC("tp_btf/sched_switch")
 *	int BPF_PROG(btf_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
 *	{
 *		__u32 state = switched_state(ctx, prev);
 *
 *		if (stays_runnable(preempt, prev, state))
 *			...
 *	}
 */
#ifndef DENOBPF_SCHED_H
#define DENOBPF_SCHED_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* whether sched_switch passes the state of prev, as its fourth argument: the user half looks into BTF */
const volatile bool has_prev_state;

/* until Linux 5.13 */
struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

/* The state of a task at this moment, which need not be the one that it left the CPU in. */
static __always_inline __u32 task_state(struct task_struct *task)
{
	struct task_struct___old *old = (void *)task;

	if (bpf_core_field_exists(old->state))
		return BPF_CORE_READ(old, state);
	return BPF_CORE_READ(task, __state);
}

/*
 * The state in which prev leaves the CPU: 0 is TASK_RUNNING. Where the kernel does not pass it, a task that
 * another CPU is about to wake up again reads TASK_WAKING, which is not 0 either.
 */
static __always_inline __u32 switched_state(unsigned long long *ctx, struct task_struct *prev)
{
	if (has_prev_state)
		return ctx[3];
	return task_state(prev);
}

/* Whether a task has a CPU. The field is an int, or a byte on newer kernels. */
static __always_inline bool is_on_cpu(struct task_struct *task)
{
	__u32 on_cpu = 0;

	bpf_core_read(&on_cpu, bpf_core_field_size(task->on_cpu), &task->on_cpu);
	return on_cpu;
}

/*
 * Whether prev waits for a CPU from now on. A task that is preempted after it has set its state, and before it
 * blocks, has another state than TASK_RUNNING. So has, in what some kernels pass, one that a signal keeps from
 * blocking: its state is TASK_RUNNING by now.
 */
static __always_inline bool stays_runnable(bool preempt, struct task_struct *prev, __u32 state)
{
	return preempt || !state || !task_state(prev);
}

#endif /* DENOBPF_SCHED_H */
