// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of dcsnoop: an event for each name that is not in the kernel's cache of names, and if asked for, for each
 * that is. The hooks are those of name_lookups.h, and of dcstat.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "name_lookup.h"
#include "targets.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* report only names that do not exist */
const volatile bool negative_only;
/* gather the folder's path */
const volatile bool with_folder;
/* gather the name of the file system's type */
const volatile bool with_fs;

struct event {
	boot_ns time;
	duration_ns latency_ns; /* of ASKED */
	dev dev;
	pid pid;
	tid tid;
	uid uid;
	enum lookup_outcome outcome;
	__u32 negative;
	/* sizes of what follows in strings, in this order */
	__u32 name_size; /* without a NUL */
	__u32 folder_size; /* from the last part to the first, see paths.h */
	__u32 fs_size;
	__u32 unused;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (256 + 2048 + FS_SIZE) /* PART_SIZE, PARTS_ROOM */
#include "paths.h"

/*
 * The path of a folder on the mount that the current task walks along. The verifier looks at a global function once.
 */
__noinline int append_walked(__u64 folder)
{
	struct task_struct *task = current_task();
	struct nameidata *walk = BPF_CORE_READ(task, nameidata);
	struct path path = {
		.mnt = BPF_CORE_READ(walk, path.mnt),
		.dentry = (void *)folder,
	};
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct event *event = begun_record();

	if (!event || !walk || (__u64)BPF_CORE_READ(walk, path.dentry) != folder)
		return 0;
	return append_path(event, &path, &fs->root);
}

/* Its path within its file system, as one that lacks its first parts: where that is mounted is not known. */
__noinline int append_below(__u64 folder)
{
	struct event *event = begun_record();
	struct dentry *dentry = (void *)folder;
	__u8 *to = event ? room_for(event, PARTS_ROOM) : NULL;
	__u64 size = 0;
	int i;

	if (!to)
		return 0;
	for (i = 0; i < MAX_PARTS && size <= PARTS_SIZE; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		long length;

		if (dentry == parent)
			break;
		length = read_part(to + size, BPF_CORE_READ(dentry, d_name.name));
		size = grow(size, length, (__u64)parent, PARTS_ROOM);
		dentry = parent;
	}
	return keep_written(event, write_cut(to, size));
}

static __always_inline int on_lookup(const struct lookup *lookup)
{
	struct dentry *dentry = (void *)lookup->dentry, *folder = (void *)lookup->parent;
	struct qstr *name = (void *)lookup->name;
	struct super_block *sb;
	struct event *event;

	if (negative_only && !lookup->negative)
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	if (!folder)
		folder = BPF_CORE_READ(dentry, d_parent);
	sb = BPF_CORE_READ(folder, d_sb);
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = lookup->latency_ns;
	event->outcome = lookup->outcome;
	event->negative = lookup->negative;
	event->dev = BPF_CORE_READ(sb, s_dev);
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->name_size = append_kernel_bytes(event, BPF_CORE_READ(name, name),
					       BPF_CORE_READ(name, len), PART_SIZE);
	if (with_folder)
		event->folder_size = append_walked((__u64)folder) ?: append_below((__u64)folder);
	if (with_fs)
		event->fs_size =
			append_kernel_string(event, BPF_CORE_READ(sb, s_type, name), FS_SIZE, NULL);
	send_record(event);
	return 0;
}

#include "name_lookups.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
