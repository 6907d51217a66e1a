/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Processes by their numbers, and by descriptors that stand for them. */
#ifndef DENOBPF_PIDS_H
#define DENOBPF_PIDS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "files.h"

/* The levels of a tree for PID_MAX_LIMIT, 22 bits, where a node has 16 slots: CONFIG_BASE_SMALL. Else it has 64. */
#define MAX_PID_LEVELS 6
/* include/linux/xarray.h: an entry that stands for a node has bit 1 set, and is no small number. */
#define XA_INTERNAL 2
#define XA_MASK 3
#define XA_LAST_SMALL 4096

static __always_inline struct xa_node *xa_node_of(void *entry)
{
	bool is_node = ((__u64)entry & XA_MASK) == XA_INTERNAL && (__u64)entry > XA_LAST_SMALL;

	return is_node ? entry - XA_INTERNAL : NULL;
}

/* What a number stands for in a pid namespace, or NULL: find_pid_ns() of kernel/pid.c. */
static __always_inline struct pid *find_pid(struct pid_namespace *ns, __u32 number)
{
	void *entry = BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	struct xa_node *node = xa_node_of(entry);
	__u32 level, slots;

	if (!node)
		return NULL; /* the tree has the number 0 alone, which is none */
	slots = bpf_core_field_size(node->slots) / sizeof(void *);
	if (number >> BPF_CORE_READ(node, shift) >= slots)
		return NULL;
	for (level = 0; level < MAX_PID_LEVELS && node; level++) {
		__u32 slot = (number >> BPF_CORE_READ(node, shift)) & (slots - 1);

		entry = NULL;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(node->slots) +
					      slot * sizeof(entry));
		node = xa_node_of(entry);
	}
	return (__u64)entry & XA_MASK ? NULL : entry;
}

/* The pid namespace that the numbers of the current task are of. */
static __always_inline struct pid_namespace *current_pid_namespace(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid upid = {};

	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid + bpf_core_field_offset(pid->numbers) +
				      BPF_CORE_READ(pid, level) * sizeof(upid));
	return upid.ns;
}

/* The thread that has this id, or NULL if it is gone. */
static __always_inline struct task_struct *task_of_pid(struct pid *pid)
{
	struct hlist_node *link = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);

	return link ? (void *)link -
			       bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID])
		    : NULL;
}

/*
 * What a descriptor of the current task stands for: a pidfd, or a folder of /proc, which the kernel takes as well.
 * The descriptor must be one of them.
 */
static __always_inline struct pid *pid_of_pidfd(int fd)
{
	struct file *file = file_of_fd(fd);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct pid *pid;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR) {
		struct proc_inode *proc =
			(void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);

		return BPF_CORE_READ(proc, pid);
	}
	/* until Linux 6.8; pidfs has it in the inode since */
	pid = BPF_CORE_READ(file, private_data);
	return pid ?: BPF_CORE_READ(inode, i_private);
}

#endif /* DENOBPF_PIDS_H */
