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

#define TASK_INTERRUPTIBLE 0x1
#define TASK_UNINTERRUPTIBLE 0x2
#define __TASK_STOPPED 0x4
#define __TASK_TRACED 0x8
#define TASK_PARKED 0x40
#define TASK_DEAD 0x80
#define TASK_WAKING 0x200
#define TASK_NOLOAD 0x400
#define TASK_NEW 0x800
#define TASK_RTLOCK_WAIT 0x1000 /* since Linux 5.16 */

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

/* How long a task that leaves its CPU has had it. Only those of the fair class keep that. */
static __always_inline __u64 ran_ns(struct task_struct *prev)
{
	return prev->se.sum_exec_runtime - prev->se.prev_sum_exec_runtime;
}

/*
 * The state of a task that is not on a CPU as one letter, as ps(1) and /proc/PID/stat have it: R for one that
 * waits for a CPU, W for one that is being woken up, X for one that has ended. Bits of include/linux/sched.h.
 */
static __always_inline __u8 state_letter(__u32 state)
{
	if ((state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == (TASK_UNINTERRUPTIBLE | TASK_NOLOAD))
		return 'I';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	if (state & (TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT))
		return 'D';
	if (state & __TASK_STOPPED)
		return 'T';
	if (state & __TASK_TRACED)
		return 't';
	if (state & TASK_PARKED)
		return 'P';
	if (state & TASK_DEAD)
		return 'X';
	if (state & TASK_WAKING)
		return 'W';
	return state ? '?' : 'R';
}

#endif /* DENOBPF_SCHED_H */
