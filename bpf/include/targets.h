/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which tasks a tool traces: what its options --pid, --ppid, --uid, --comm, --cgroup, --container,
 * --mntns and --pidns say. The user half, which declares and sets them, is lib/tool/options/targets.ts.
 *
 * All are constants by the time the verifier sees the program, and it drops what they make
 * unreachable: a tool that traces everything pays nothing.
 */
#ifndef DENOBPF_TARGETS_H
#define DENOBPF_TARGETS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define ANY_UID 0xffffffff
#define ANY_LEVEL 0xffffffff
#define MAX_PID_NS_LEVEL 32 /* include/linux/pid_namespace.h */

/* trace the processes in targ_pids only */
const volatile bool targ_by_pid;
/* trace the children of this process only */
const volatile __u32 targ_ppid;
/* trace this user only */
const volatile __u32 targ_uid = ANY_UID;
/* trace tasks of this name only */
const volatile char targ_comm[16] __attribute__((aligned(8)));
/* trace the cgroup in targ_cgroups only, and those below it */
const volatile bool targ_by_cgroup;
/* the same cgroup by its id, and how deep it lies below the root if that is known: for task_targets.h */
const volatile __u64 targ_cgroup_id;
const volatile __u32 targ_cgroup_level = ANY_LEVEL;
/* trace the mount namespace with this inode number only */
const volatile __u32 targ_mntns;
/* trace the pid namespace with this inode number only */
const volatile __u32 targ_pidns;
/* the pid namespace that pids are given in, or 0 for the host's */
const volatile __u32 targ_pids_in;

/* Preallocated: Linux 5.10 refuses a program of a perf event that mentions a hash map which is not. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there are pids, before load */
	__type(key, __u32);
	__type(value, bool);
} targ_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} targ_cgroups SEC(".maps");

/* The number of a task, and of which pid namespace, at one level: 0 is the host's. */
static __always_inline struct upid task_upid(struct pid *pid, __u32 level)
{
	struct upid upid = {};
	void *numbers = (void *)pid + bpf_core_field_offset(pid->numbers);

	bpf_probe_read_kernel(&upid, sizeof(upid), numbers + level * sizeof(upid));
	return upid;
}

/* The pid namespace that a task lives in. */
static __always_inline __u32 task_pidns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid upid = task_upid(pid, BPF_CORE_READ(pid, level));

	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* The mount namespace that a task lives in. */
static __always_inline __u32 task_mntns(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* The pid of a task's process as the processes in its own pid namespace see it. */
static __always_inline __u32 task_ns_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);

	return task_upid(pid, BPF_CORE_READ(pid, level)).nr;
}

/* The same in another namespace above its own, or 0 if it cannot be seen from there. */
static __always_inline __u32 task_pid_in(struct task_struct *task, __u32 pidns)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level, last = BPF_CORE_READ(pid, level);

	for (level = 0; level <= MAX_PID_NS_LEVEL; level++) {
		struct upid upid;

		if (level > last)
			break;
		upid = task_upid(pid, level);
		if (BPF_CORE_READ(upid.ns, ns.inum) == pidns)
			return upid.nr;
	}
	return 0;
}

/* The pid of a task's process as the user of the tool sees it. */
static __always_inline __u32 targ_pid_of(struct task_struct *task)
{
	if (targ_pids_in)
		return task_pid_in(task, targ_pids_in);
	return BPF_CORE_READ(task, tgid);
}

static __always_inline struct task_struct *current_task(void)
{
	return (void *)bpf_get_current_task();
}

static __always_inline bool is_targ_pid(void)
{
	__u32 pid = targ_pids_in ? targ_pid_of(current_task()) : bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&targ_pids, &pid);
}

static __always_inline bool is_targ_ppid(void)
{
	return targ_ppid == targ_pid_of(BPF_CORE_READ(current_task(), real_parent));
}

static __always_inline bool is_targ_comm(void)
{
	const volatile __u64 *wanted = (const volatile __u64 *)targ_comm;
	__u64 comm[2] = {}; /* Linux 6.1 leaves the bytes behind the name as they were */

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == wanted[0] && comm[1] == wanted[1];
}

/* Whether the current task is to be traced. */
static __always_inline bool is_target(void)
{
	if (targ_uid != ANY_UID && targ_uid != (__u32)bpf_get_current_uid_gid())
		return false;
	if (targ_by_pid && !is_targ_pid())
		return false;
	if (targ_ppid && !is_targ_ppid())
		return false;
	if (targ_comm[0] && !is_targ_comm())
		return false;
	if (targ_mntns && targ_mntns != task_mntns(current_task()))
		return false;
	if (targ_pidns && targ_pidns != task_pidns(current_task()))
		return false;
	if (targ_by_cgroup && bpf_current_task_under_cgroup(&targ_cgroups, 0) != 1)
		return false;
	return true;
}

#endif /* DENOBPF_TARGETS_H */
