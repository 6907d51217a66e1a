// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of fsslower: an event for each call of a file system that takes long. The hooks are those of
 * file_calls.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "file_call.h"
#include "kinds.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* report calls that take at least this long only */
const volatile __u64 min_ns;
/* gather the path, not the name alone */
const volatile bool with_path;
/* gather the name of the file system's type */
const volatile bool with_fs;

struct event {
	boot_ns time; /* when the call ended */
	duration_ns latency_ns;
	__s64 ret; /* bytes, or a negated errno */
	__s64 offset; /* or NOT_KNOWN */
	__s64 requested; /* bytes, or NOT_KNOWN */
	ino ino;
	dev dev;
	pid pid;
	tid tid;
	__u32 flags; /* of the open file */
	__u32 op; /* enum file_op */
	__u16 has_flags;
	__u16 async; /* it went on when the function had returned */
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* from the last part to the first, see paths.h; or the last part alone */
	__u32 fs_size;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2048 + FS_SIZE) /* PARTS_ROOM */
#include "paths.h"

/* The verifier looks at a global function once. It takes numbers only, and finds the event by itself. */
__noinline int append_call_path(__u64 path, __u64 root_mnt, __u64 root_dentry)
{
	struct path root = { .mnt = (void *)root_mnt, .dentry = (void *)root_dentry };
	struct event *event = begun_record();

	return event ? append_path(event, (void *)path, &root) : 0;
}

static __always_inline int on_file_call(const struct file_call *call, __s64 ret, __u64 latency_ns,
					bool async)
{
	const struct path *path = call->path;
	struct inode *inode = call->inode;
	struct file *file = call->file;
	struct super_block *sb;
	struct event *event;

	if (latency_ns < min_ns)
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = latency_ns;
	event->ret = ret;
	event->offset = call->offset;
	event->requested = call->requested;
	event->op = call->op;
	event->async = async;
	event->pid = call->pid;
	event->tid = call->tid;
	__builtin_memcpy(event->comm, call->comm, sizeof(event->comm));
	if (file) {
		event->has_flags = true;
		event->flags = BPF_CORE_READ(file, f_flags);
	}
	sb = BPF_CORE_READ(inode, i_sb);
	event->ino = BPF_CORE_READ(inode, i_ino);
	event->dev = BPF_CORE_READ(sb, s_dev);
	if (with_path)
		event->path_size = append_call_path((__u64)path, (__u64)call->root_mnt,
						    (__u64)call->root_dentry);
	else
		event->path_size = append_kernel_string(
			event, BPF_CORE_READ(path, dentry, d_name.name), PART_SIZE, NULL);
	if (with_fs)
		event->fs_size =
			append_kernel_string(event, BPF_CORE_READ(sb, s_type, name), FS_SIZE, NULL);
	send_record(event);
	return 0;
}

#include "file_calls.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
