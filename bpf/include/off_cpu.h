/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Threads that are off CPU, from the switch at which they leave it to the one at which they are back.
 *
 * A thread leaves its CPU as prev of a switch, where it is the current task and its stacks can be read, and
 * is back as next of another one. Threads that have ended leave for good, and idle tasks wait for nothing:
 * both are left out. Threads that are off CPU when the tool starts are taken from an iterator over all tasks.
 *
 * The scheduler holds a lock and has interrupts off: one form of each hook is enough, and maps are preallocated.
 *
 * A kernel half defines struct place, with the members state and iowait at least, includes this, and then
 * says what it keeps of a thread that leaves, and what becomes of the time: on_left(), on_seen(), on_back().
 */
#ifndef DENOBPF_OFF_CPU_H
#define DENOBPF_OFF_CPU_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "losses.h"
#include "sched.h"
#include "task_flags.h"
#include "task_targets.h"

#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */
#define ANY_STATE (~0ULL)

/* threads of processes only, or of the kernel only */
const volatile bool user_threads_only;
const volatile bool kernel_threads_only;
/* threads in targ_tids only */
const volatile bool targ_by_tid;
/* those only that leave in one of these states: bit 0 is 'A' */
const volatile __u64 targ_states = ANY_STATE;
/* or that wait for a disk, or the like */
const volatile bool targ_iowait;
/* times from this on, up to that */
const volatile __u64 min_ns;
const volatile __u64 max_ns = ~0ULL;

/* the iterator has not seen all threads yet */
bool seeding;

struct absence {
	__u64 since; /* bpf_ktime_get_ns(), or 0 for a thread that has moved while the iterator was at work */
	__u64 woken; /* the same, or 0 if nobody has woken it up yet */
	struct place place;
};

/* What the kernel half keeps of the current task, which leaves its CPU. */
static __always_inline void on_left(void *ctx, struct task_struct *task, struct place *place);
/* What it keeps of a task that is off CPU when the tool starts. */
static __always_inline void on_seen(struct task_struct *task, struct place *place);
/* What becomes of a task's time that has ended. */
static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until);

/* threads that are off CPU, by their ids */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there may be threads, before load */
	__type(key, __u32);
	__type(value, struct absence);
} absences SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there are threads, before load */
	__type(key, __u32);
	__type(value, bool);
} targ_tids SEC(".maps");

/* The time between two readings of the clock, which may differ by a little from CPU to CPU. */
static __always_inline __u64 ns_between(__u64 since, __u64 until)
{
	return until > since ? until - since : 0;
}

static __always_inline bool is_wanted(struct task_struct *task, const struct place *place)
{
	bool of_kernel = task->flags & PF_KTHREAD;
	__u32 tid = task->pid;

	if (user_threads_only && of_kernel)
		return false;
	if (kernel_threads_only && !of_kernel)
		return false;
	if (targ_by_tid && !bpf_map_lookup_elem(&targ_tids, &tid))
		return false;
	return targ_states & 1ULL << (place->state - 'A' & 63) || (targ_iowait && place->iowait);
}

static __always_inline bool is_in_iowait(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
}

static __always_inline void fill_state(struct place *place, struct task_struct *task, __u32 state)
{
	place->state = state_letter(state);
	place->iowait = is_in_iowait(task);
}

/*
 * A thread has got a CPU. While the iterator is at work, that stays noted: it may have seen the thread off CPU
 * before this, and be about to enter it. Of a thread that ends meanwhile, the empty entry stays until its number
 * is used again.
 */
static __always_inline void arrive(struct task_struct *task, __u64 when)
{
	__u32 tid = task->pid;
	struct absence *absence = bpf_map_lookup_elem(&absences, &tid), present = {};

	if (absence && absence->since)
		on_back(task, absence, when);
	if (seeding)
		bpf_map_update_elem(&absences, &tid, &present, BPF_ANY);
	else if (absence)
		bpf_map_delete_elem(&absences, &tid);
}

/* A thread, the current one, loses its CPU in this state. */
static __always_inline void leave(void *ctx, struct task_struct *prev, __u32 state, __u64 now)
{
	struct absence absence = { .since = now };
	__u32 tid = prev->pid;

	/* not all kernels show each switch: prev may have got the CPU unseen, when its time slice began */
	arrive(prev, now - ran_ns(prev));
	if (state & TASK_DEAD)
		return;
	fill_state(&absence.place, prev, state);
	if (!is_wanted(prev, &absence.place) || !is_target())
		return;
	on_left(ctx, prev, &absence.place);
	if (bpf_map_update_elem(&absences, &tid, &absence, BPF_ANY))
		count_lost_map();
}

SEC("tp_btf/sched_switch")
int BPF_PROG(btf_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 state = switched_state(ctx, prev);
	__u64 now = bpf_ktime_get_ns();

	/* idle tasks wait for nothing; what the kernel has preempted runs on as soon as it may, whatever its state */
	if (prev->pid)
		leave(ctx, prev, stays_runnable(preempt, prev, state) ? 0 : state, now);
	if (next->pid)
		arrive(next, now);
	return 0;
}

/* Notes the threads that are off CPU, once the hooks are attached. Their time begins with the trace. */
SEC("iter/task")
int seed_absences(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct absence absence = {};
	__u32 tid, state;
	int error; /* Linux 5.10 leaves the upper half of a long as it is */

	if (!task)
		return 0;
	tid = task->pid;
	state = task_state(task);
	if (is_on_cpu(task) || task->exit_state || state & (TASK_DEAD | TASK_NEW))
		return 0;
	fill_state(&absence.place, task, state);
	if (!is_wanted(task, &absence.place) || !is_target_task(task))
		return 0;
	on_seen(task, &absence.place);
	absence.since = bpf_ktime_get_ns();
	/* what has moved meanwhile is known by now */
	error = bpf_map_update_elem(&absences, &tid, &absence, BPF_NOEXIST);
	if (error && error != -EEXIST)
		count_lost_map();
	return 0;
}

#endif /* DENOBPF_OFF_CPU_H */
