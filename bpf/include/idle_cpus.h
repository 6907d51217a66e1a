/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which CPUs are idle, and how many of the tasks that wait for another one could have them. */
#ifndef DENOBPF_IDLE_CPUS_H
#define DENOBPF_IDLE_CPUS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "queued.h"

#define MAX_CPUS 8192 /* CONFIG_NR_CPUS of the largest kernels */
#define MAX_TASKS 1024 /* tasks of a CPU that are asked where they may run */
#define WORD_BITS 64

/* how many CPUs there may be */
const volatile __u32 nr_cpus = 1;

/* those that are idle and that no task was found for, as bits */
__u64 idle_cpus[MAX_CPUS / WORD_BITS];

static __always_inline void set_idle(__u32 cpu, bool idle)
{
	__u32 word = cpu / WORD_BITS;
	__u64 bit = 1ULL << cpu % WORD_BITS;

	/* the compiler knows what this says of the word, the verifier does not */
	barrier_var(word);
	if (word >= MAX_CPUS / WORD_BITS)
		return;
	if (idle)
		idle_cpus[word] |= bit;
	else
		idle_cpus[word] &= ~bit;
}

/* Whether a task may run on a CPU that is idle. That one is no other task's then. */
static __always_inline bool takes_idle_cpu(struct task_struct *task)
{
	const __u64 *allowed = (const void *)BPF_CORE_READ(task, cpus_ptr);
	__u32 at;

	for (at = 0; at < MAX_CPUS / WORD_BITS && at * WORD_BITS < nr_cpus; at++) {
		__u64 both = 0;

		if (!idle_cpus[at])
			continue;
		bpf_probe_read_kernel(&both, sizeof(both), &allowed[at]);
		both &= idle_cpus[at];
		if (!both)
			continue;
		idle_cpus[at] &= ~(both & -both);
		return true;
	}
	return false;
}

/* a walk over the tasks of a run queue, which others may change meanwhile */
struct walk {
	struct task_struct *current;
	struct list_head *head;
	struct list_head *at;
	__u32 placed;
};

static long place_task(__u32 index, void *ctx)
{
	struct walk *walk = ctx;
	struct list_head *at = walk->at;
	struct task_struct *task;

	at = walk->at = BPF_CORE_READ(at, next);
	if (!at || at == walk->head)
		return 1;
	task = (void *)at - bpf_core_field_offset(struct task_struct, se.group_node);
	if (task != walk->current && is_runnable(task) && takes_idle_cpu(task))
		walk->placed++;
	return 0;
}

/*
 * For how many tasks of the fair class in this queue there is an idle CPU where they may run, one for each. Of
 * several such CPUs a task gets the first, so another may find none where there is one if all were moved around.
 * @current: the task that has the CPU
 */
static __always_inline __u32 idle_cpus_for(struct rq *rq, struct task_struct *current)
{
	struct walk walk = { .current = current };

	walk.at = walk.head = (void *)rq + bpf_core_field_offset(struct rq, cfs_tasks);
	bpf_loop(MAX_TASKS, place_task, &walk, 0);
	return walk.placed;
}

#endif /* DENOBPF_IDLE_CPUS_H */
