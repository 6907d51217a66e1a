// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of runqslower: an event for each task that has waited long for a CPU.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "run_queue.h"

#define QUEUED_UNKNOWN 0xffffffff
#define MAX_RT_PRIO 100 /* include/linux/sched/prio.h: lower ones are those of real-time tasks */

/* show only waits of more than this; 0 shows all */
const volatile __u64 min_ns;
/* show only this thread */
const volatile __u32 targ_tid;
/* show only threads with names that begin so */
const volatile char targ_prefix[16];

struct event {
	boot_ns time;
	duration_ns delay_ns;
	duration_ns prev_ran_ns; /* 0: it is not known */
	cgroup_id cgroup_id;
	pid pid;
	tid tid;
	__u32 kind; /* an enum wait_kind */
	cpu_nr cpu;
	__u32 queued; /* or QUEUED_UNKNOWN */
	__u32 policy;
	__s32 prio; /* as the kernel counts it: -1 is the highest, that of deadline tasks */
	__u32 prev_known;
	pid prev_pid;
	tid prev_tid;
	pid waker_pid; /* 0: it is not known, or an idle task */
	tid waker_tid;
	comm comm;
	comm prev_comm;
	comm waker_comm;
};

#include "events.h"

struct waker {
	__u32 pid;
	__u32 tid;
	char comm[16];
};

/* who has woken up each task last, by tid */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* more before load where wakers are shown */
	__type(key, __u32);
	__type(value, struct waker);
} wakers SEC(".maps");

/* sched_wakeup may come on another CPU than the waker's: this one does not. */
SEC("tp_btf/sched_waking")
int BPF_PROG(btf_waking, struct task_struct *task)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct waker waker = { .pid = id >> 32, .tid = id };
	__u32 tid = task->pid;

	if (!is_target_task(task))
		return 0;
	bpf_get_current_comm(waker.comm, sizeof(waker.comm));
	bpf_map_update_elem(&wakers, &tid, &waker, BPF_ANY);
	return 0;
}

static __always_inline bool has_prefix(const char *comm)
{
	int i;

	for (i = 0; i < sizeof(targ_prefix) && targ_prefix[i]; i++) {
		if (comm[i] != targ_prefix[i])
			return false;
	}
	return true;
}

/* Linux 6.12 and 6.13 */
struct cfs_rq___delayed {
	unsigned int h_nr_delayed;
} __attribute__((preserve_access_index));

/* since Linux 6.14 */
struct cfs_rq___runnable {
	unsigned int h_nr_queued;
	unsigned int h_nr_runnable;
} __attribute__((preserve_access_index));

/*
 * How many tasks wait for the CPU that this one has got. From Linux 6.12 on the run queue also has tasks that
 * sleep already, and are taken out of it later. Without CONFIG_FAIR_GROUP_SCHED no task leads to its run queue.
 */
static __always_inline __u32 queued_behind(struct task_struct *task)
{
	struct cfs_rq___runnable *runnable;
	struct cfs_rq___delayed *delayed;
	struct rq *rq;
	__u32 tasks;

	if (!bpf_core_field_exists(task->se.cfs_rq))
		return QUEUED_UNKNOWN;
	rq = BPF_CORE_READ(task, se.cfs_rq, rq);
	runnable = (void *)&rq->cfs;
	delayed = (void *)&rq->cfs;
	tasks = BPF_CORE_READ(rq, nr_running);
	if (bpf_core_field_exists(runnable->h_nr_runnable))
		tasks -= BPF_CORE_READ(runnable, h_nr_queued) -
			 BPF_CORE_READ(runnable, h_nr_runnable);
	else if (bpf_core_field_exists(delayed->h_nr_delayed))
		tasks -= BPF_CORE_READ(delayed, h_nr_delayed);
	return tasks ? tasks - 1 : 0;
}

static __always_inline void fill_prev(struct event *event, struct task_struct *prev)
{
	event->prev_known = true;
	event->prev_pid = prev->tgid;
	event->prev_tid = prev->pid;
	BPF_CORE_READ_STR_INTO(&event->prev_comm, prev, comm);
	if (prev->pid && prev->prio >= MAX_RT_PRIO)
		event->prev_ran_ns = ran_ns(prev);
}

static __always_inline void fill_waker(struct event *event)
{
	__u32 tid = event->tid; /* Linux 5.10 takes no key out of a ring */
	struct waker *waker = bpf_map_lookup_elem(&wakers, &tid);

	if (event->kind != WAIT_WOKEN || !waker)
		return;
	event->waker_pid = waker->pid;
	event->waker_tid = waker->tid;
	__builtin_memcpy(event->waker_comm, waker->comm, sizeof(waker->comm));
}

static __always_inline void on_waited(struct task_struct *task, enum wait_kind kind, __u64 ns,
				      struct task_struct *prev)
{
	struct event *event;
	char comm[16] = {};

	if ((min_ns && ns <= min_ns) || (targ_tid && targ_tid != task->pid))
		return;
	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	if (!has_prefix(comm))
		return;
	event = reserve_event();
	if (!event)
		return;
	event->time = bpf_ktime_get_boot_ns() - (prev ? 0 : ran_ns(task));
	event->delay_ns = ns;
	event->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	event->pid = task->tgid;
	event->tid = task->pid;
	event->kind = kind;
	event->cpu = bpf_get_smp_processor_id();
	event->queued = queued_behind(task);
	event->policy = task->policy;
	event->prio = task->prio;
	__builtin_memcpy(event->comm, comm, sizeof(comm));
	if (prev)
		fill_prev(event, prev);
	fill_waker(event);
	submit_event(event);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
