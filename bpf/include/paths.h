/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Paths of path_parts.h that are appended to a record. This header includes record.h. */
#ifndef DENOBPF_PATHS_H
#define DENOBPF_PATHS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "path_parts.h"
#include "record.h"

/*
 * Appends a path of the file system as a process with this root sees it. Returns its size, or 0 if it does
 * not fit. A file that no folder holds (memfd_create) has one part, its name.
 */
static __always_inline __u32 append_path(struct event *event, const struct path *path,
					 const struct path *root)
{
	__u8 *to = room_for(event, PARTS_ROOM);

	return to ? keep_written(event, write_path(to, path, root)) : 0;
}

/* `parent` until Linux 6.14, `__parent` since */
struct kernfs_node___old {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

struct kernfs_node___new {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___old *old = (void *)node;
	struct kernfs_node___new *new = (void *)node;

	if (bpf_core_field_exists(old->parent))
		return BPF_CORE_READ(old, parent);
	return BPF_CORE_READ(new, __parent);
}

/* Appends the path of a cgroup in its hierarchy. Returns its size, or 0 for the root and if it does not fit. */
static __always_inline __u32 append_cgroup_path(struct event *event, struct cgroup *cgroup)
{
	struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	__u8 *to = room_for(event, PARTS_ROOM);
	__u64 size = 0;
	int i;

	if (!to)
		return 0;

	for (i = 0; i < MAX_PARTS && size <= PARTS_SIZE; i++) {
		struct kernfs_node *parent = kernfs_parent(node);
		long length;

		if (!parent)
			break;
		length = read_part(to + size, BPF_CORE_READ(node, name));
		size = grow(size, length, (__u64)parent, PARTS_ROOM);
		node = parent;
	}
	if (kernfs_parent(node))
		size = write_cut(to, size);
	return keep_written(event, size);
}

/* The same of a task's cgroup (v2). */
static __always_inline __u32 append_cgroup(struct event *event, struct task_struct *task)
{
	return append_cgroup_path(event, BPF_CORE_READ(task, cgroups, dfl_cgrp));
}

#endif /* DENOBPF_PATHS_H */
