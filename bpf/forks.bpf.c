// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of forks: counts processes and threads as they are created, by the process that creates them, and the
 * programs that its children execute.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "task_targets.h"

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */

/* what is kept apart; processes of the same name, or all of them, are one if neither is */
const volatile bool by_process;
const volatile bool by_name;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid; /* 0 unless by process */
	comm comm;
};

struct created {
	__u64 processes;
	__u64 threads;
	__u64 execs;
};

/* Preallocated: a fork may be traced with locks held. */
COUNTS(counts, struct group, struct created, 10240, 0);

static const struct created nothing;

static __always_inline struct created *created_by(struct task_struct *task)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };

	if (by_process)
		group.pid = BPF_CORE_READ(task, tgid);
	if (by_name)
		BPF_CORE_READ_STR_INTO(&group.comm, task, group_leader, comm);
	return count_at(&counts, &group, &nothing);
}

/* The current task is the one that creates another. */
static __always_inline int on_new(__u64 clone_flags)
{
	struct created *created;

	if (!is_target())
		return 0;
	created = created_by((void *)bpf_get_current_task());
	if (!created)
		return 0;
	if (clone_flags & CLONE_THREAD)
		created->threads++;
	else
		created->processes++;
	return 0;
}

SEC("raw_tp/task_newtask")
int BPF_PROG(btf_new, struct task_struct *task, __u64 clone_flags)
{
	return on_new(clone_flags);
}

SEC("tp/task/task_newtask")
int tp_new(struct trace_event_raw_task_newtask *ctx)
{
	return on_new(ctx->clone_flags);
}

static __always_inline int on_exec(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct created *created;

	if (!is_target_task(parent))
		return 0;
	created = created_by(parent);
	if (created)
		created->execs++;
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(btf_exec, struct task_struct *task)
{
	return on_exec();
}

SEC("tp/sched/sched_process_exec")
int tp_exec(void *ctx)
{
	return on_exec();
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
