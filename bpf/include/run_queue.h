/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How long tasks wait for a CPU.
 *
 * A wait begins when a task is woken up, is new, or leaves the CPU while it could go on. It ends when the
 * task gets a CPU. The task that waits is asked whether it is a target, not the current one.
 *
 * The scheduler holds a lock and has interrupts off: one form of each hook is enough, and maps are preallocated.
 *
 * A kernel half includes this and then says what becomes of a wait, in on_waited().
 */
#ifndef DENOBPF_RUN_QUEUE_H
#define DENOBPF_RUN_QUEUE_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "losses.h"
#include "sched.h"
#include "task_targets.h"

/* why a task waits */
enum wait_kind { WAIT_WOKEN, WAIT_NEW, WAIT_PREEMPTED };

/*
 * What the kernel half does with a wait that has ended. `prev` has left the CPU for the task. It is NULL where
 * the kernel has not shown that: the task has run for a while then.
 */
static __always_inline void on_waited(struct task_struct *task, enum wait_kind kind, __u64 ns,
				      struct task_struct *prev);

struct wait {
	__u64 start;
	__u64 kind; /* an enum wait_kind */
};

/* the tasks that wait for a CPU, by tid */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct wait);
} waiting SEC(".maps");

/* the tid of the task that each CPU was last seen to get */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} running SEC(".maps");

static __always_inline void begin_wait(struct task_struct *task, enum wait_kind kind)
{
	struct wait wait = { .kind = kind }, *known;
	__u32 tid = task->pid;

	/* an idle task waits for nothing */
	if (!tid || !is_target_task(task))
		return;
	known = bpf_map_lookup_elem(&waiting, &tid);
	/* it was preempted on its way to sleep, and has waited since then */
	if (known && known->kind == WAIT_PREEMPTED && kind == WAIT_WOKEN)
		return;
	wait.start = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waiting, &tid, &wait, BPF_ANY))
		count_lost_map();
}

/* Ends the wait of a task that has got the CPU this long ago. */
static __always_inline void end_wait(struct task_struct *task, __u64 ran_ns,
				     struct task_struct *prev)
{
	__u64 end = bpf_ktime_get_ns() - ran_ns;
	__u32 tid = task->pid;
	struct wait *wait = bpf_map_lookup_elem(&waiting, &tid);

	if (!wait)
		return;
	/* the clocks of two CPUs may be apart by a little */
	on_waited(task, wait->kind, end > wait->start ? end - wait->start : 0, prev);
	bpf_map_delete_elem(&waiting, &tid);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(btf_wakeup, struct task_struct *task)
{
	/* woken up before it has left the CPU, it waits for none */
	if (!is_on_cpu(task))
		begin_wait(task, WAIT_WOKEN);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(btf_wakeup_new, struct task_struct *task)
{
	begin_wait(task, WAIT_NEW);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(btf_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 zero = 0, *seen = bpf_map_lookup_elem(&running, &zero);

	if (!seen)
		return 0;
	/* not all kernels show each switch: prev got the CPU unseen, when its time slice began */
	if (*seen != prev->pid)
		end_wait(prev, ran_ns(prev), NULL);
	if (stays_runnable(preempt, prev, switched_state(ctx, prev)))
		begin_wait(prev, WAIT_PREEMPTED);
	end_wait(next, 0, prev);
	*seen = next->pid;
	return 0;
}

#endif /* DENOBPF_RUN_QUEUE_H */
