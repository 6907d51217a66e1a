/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Whether a task that need not be the current one is to be traced: the one that is woken up, switched to,
 * or sent a signal. It takes a few reads of the kernel's memory more than is_target() of targets.h.
 */
#ifndef DENOBPF_TASK_TARGETS_H
#define DENOBPF_TASK_TARGETS_H

#include "targets.h"

#define MAX_CGROUP_LEVEL \
	64 /* cgroups that are deeper are not looked for where the level is not known */

/* until Linux 5.19, the cgroups themselves since 6.0 */
struct cgroup___old {
	int level;
	__u64 ancestor_ids[];
} __attribute__((preserve_access_index));

struct cgroup___new {
	int level;
	struct cgroup *ancestors[];
} __attribute__((preserve_access_index));

/* The id of a cgroup's ancestor at a level: 0 is the root's, and the last one its own. */
static __always_inline __u64 ancestor_id(struct cgroup *cgroup, __u32 level)
{
	struct cgroup___old *old = (void *)cgroup;
	struct cgroup___new *new = (void *)cgroup;
	struct cgroup *ancestor = NULL;
	__u64 id = 0;

	if (bpf_core_field_exists(old->ancestor_ids)) {
		bpf_probe_read_kernel(&id, sizeof(id),
				      (void *)cgroup + bpf_core_field_offset(old->ancestor_ids) +
					      level * sizeof(id));
		return id;
	}
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)cgroup + bpf_core_field_offset(new->ancestors) +
				      level * sizeof(ancestor));
	return BPF_CORE_READ(ancestor, kn, id);
}

static __always_inline bool is_targ_cgroup_of(struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	__u32 level, last = BPF_CORE_READ(cgroup, level);

	if (targ_cgroup_level != ANY_LEVEL)
		return targ_cgroup_level <= last &&
		       ancestor_id(cgroup, targ_cgroup_level) == targ_cgroup_id;
	for (level = 0; level < MAX_CGROUP_LEVEL && level <= last; level++) {
		if (ancestor_id(cgroup, level) == targ_cgroup_id)
			return true;
	}
	return false;
}

static __always_inline bool is_targ_pid_of(struct task_struct *task)
{
	__u32 pid = targ_pid_of(task);

	return bpf_map_lookup_elem(&targ_pids, &pid);
}

static __always_inline bool is_targ_comm_of(struct task_struct *task)
{
	const volatile __u64 *wanted = (const volatile __u64 *)targ_comm;
	__u64 comm[2] = {};

	BPF_CORE_READ_STR_INTO((char(*)[16])comm, task, comm);
	return comm[0] == wanted[0] && comm[1] == wanted[1];
}

/* Whether this task is to be traced. */
static __always_inline bool is_target_task(struct task_struct *task)
{
	if (targ_uid != ANY_UID && targ_uid != BPF_CORE_READ(task, real_cred, uid.val))
		return false;
	if (targ_by_pid && !is_targ_pid_of(task))
		return false;
	if (targ_ppid && targ_ppid != targ_pid_of(BPF_CORE_READ(task, real_parent)))
		return false;
	if (targ_comm[0] && !is_targ_comm_of(task))
		return false;
	if (targ_mntns && targ_mntns != task_mntns(task))
		return false;
	if (targ_pidns && targ_pidns != task_pidns(task))
		return false;
	if (targ_by_cgroup && !is_targ_cgroup_of(task))
		return false;
	return true;
}

#endif /* DENOBPF_TASK_TARGETS_H */
