/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For tools that show how long tasks take for something: times in slots of powers of two, by what the user wants
 * to distinguish. lib/tool/task_times.ts is the user half.
 */
#ifndef DENOBPF_TASK_TIMES_H
#define DENOBPF_TASK_TIMES_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "counts.h"
#include "kinds.h"
#include "targets.h"
#include "times.h"

/* what distinguishes times */
const volatile bool by_pid;
const volatile bool by_tid;
const volatile bool by_pidns;
const volatile bool by_cgroup;
const volatile bool by_kind;

struct group {
	__u32 set;
	cpu_nr cpu;
	cgroup_id cgroup;
	pid pid;
	tid tid;
	ns_inum pidns;
	__u32 kind; /* what the tool distinguishes times by */
};

/* two sets for each CPU; more before load where times are distinguished */
COUNTS(counts, struct group, struct times, 1, 0);

struct name_key {
	__u32 set;
	__u32 id; /* of the process, or of the thread where these are distinguished */
};

struct name {
	char comm[16];
};

/* the names of the tasks in counts, as they were at their last time */
COUNTS(names, struct name_key, struct name, 1, 0);

static __always_inline void keep_name(struct task_struct *task, __u32 set)
{
	struct name_key key = { .set = set, .id = by_tid ? task->pid : task->tgid };
	struct name empty = {}, *name = count_at(&names, &key, &empty);

	if (!name)
		return;
	if (by_tid)
		BPF_CORE_READ_STR_INTO(&name->comm, task, comm);
	else
		BPF_CORE_READ_STR_INTO(&name->comm, task, group_leader, comm);
}

static __always_inline void add_time(struct task_struct *task, __u32 kind, __u64 ns)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct times *times;

	if (by_pid)
		group.pid = task->tgid;
	if (by_tid)
		group.tid = task->pid;
	if (by_pidns)
		group.pidns = task_pidns(task);
	if (by_cgroup)
		group.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	if (by_kind)
		group.kind = kind;
	times = count_at(&counts, &group, &no_times);
	if (!times)
		return;
	if (by_pid || by_tid)
		keep_name(task, group.set);
	times_add(times, ns);
}

#endif /* DENOBPF_TASK_TIMES_H */
