/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For how long threads are off CPU, by the stacks with which they leave it: what offcputime and offwaketime
 * share. The user half is lib/tool/off_cpu_times.ts. A kernel half defines on_back() of off_cpu.h.
 */
#ifndef DENOBPF_OFF_CPU_TIMES_H
#define DENOBPF_OFF_CPU_TIMES_H

#include "counts.h"
#include "kinds.h"
#include "stacks.h"

#define EOPNOTSUPP 95 /* include/uapi/asm-generic/errno.h */

/* which stacks are wanted */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;

/* whose time it is, and where it was spent */
struct place {
	pid pid;
	tid tid;
	stack_id kernel;
	stack_id user;
	comm comm;
	__u32 state; /* a letter */
	__u32 iowait;
};

#include "off_cpu.h"

struct time {
	__u64 count;
	duration_ns total_ns;
	duration_ns
		queued_ns; /* the part of it in which the thread could go on, and waited for a CPU */
	duration_ns max_ns;
};

static __always_inline void fill_task(struct place *place, struct task_struct *task)
{
	place->pid = task->tgid;
	place->tid = task->pid;
	BPF_CORE_READ_STR_INTO(&place->comm, task, comm);
}

static __always_inline void on_left(void *ctx, struct task_struct *task, struct place *place)
{
	fill_task(place, task);
	place->kernel = kernel_stacks ? keep_stack(ctx, STACK_KERNEL) : -ENOENT;
	place->user = user_stacks ? keep_stack(ctx, STACK_USER) : -ENOENT;
}

static __always_inline void on_seen(struct task_struct *task, struct place *place)
{
	fill_task(place, task);
	place->kernel = kernel_stacks ? keep_task_stack(task) : -ENOENT;
	place->user = user_stacks && task->mm ? -EOPNOTSUPP : -ENOENT;
}

static __always_inline void add_time(struct time *time, const struct absence *absence, __u64 ns,
				     __u64 until)
{
	time->count++;
	time->total_ns += ns;
	if (absence->place.state == 'R')
		time->queued_ns += ns;
	else if (absence->woken)
		time->queued_ns += ns_between(absence->woken, until);
	if (ns > time->max_ns)
		time->max_ns = ns;
}

#endif /* DENOBPF_OFF_CPU_TIMES_H */
