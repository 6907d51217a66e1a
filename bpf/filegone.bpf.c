// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of filegone: an event for each name of a file that unlink, rmdir or rename takes away. The hooks
 * are those of removals.h, and of filelife.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "files.h"
#include "kinds.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* report renames only where they take the name of another file */
const volatile bool replaced_only;
/* gather paths, not names alone */
const volatile bool with_path;
/* gather the name of the file system's type */
const volatile bool with_fs;

struct event {
	boot_ns time;
	/* of the file whose name is gone: of a rename that replaces another file, that one */
	byte_count size;
	ino ino;
	dev dev;
	__u32 mode;
	__u32 nlink; /* names that it has left */
	pid pid;
	tid tid;
	uid uid;
	__u16 op; /* enum removal_op */
	__u16 replaced;
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* from the last part to the first, see paths.h; or the last part alone */
	__u32 new_path_size; /* of a rename */
	__u32 fs_size;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2 * 2048 + FS_SIZE) /* PARTS_ROOM */
#include "removal.h"

static __always_inline int on_removal(const struct removal *removal)
{
	struct inode *inode = named_inode(removal->dentry), *other = NULL;
	struct super_block *sb;
	struct event *event;

	if (removal->op == RENAME)
		other = named_inode(removal->new_dentry);
	if ((replaced_only && removal->op >= RENAME && !other) || !is_target())
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	if (other) {
		inode = other;
		event->replaced = true;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->op = removal->op;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	sb = BPF_CORE_READ(inode, i_sb);
	event->size = BPF_CORE_READ(inode, i_size);
	event->ino = BPF_CORE_READ(inode, i_ino);
	event->dev = BPF_CORE_READ(sb, s_dev);
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->nlink = BPF_CORE_READ(inode, i_nlink);
	event->path_size = append_name(event, removal->mnt, removal->dentry, with_path);
	if (removal->new_dentry)
		event->new_path_size =
			append_name(event, removal->new_mnt, removal->new_dentry, with_path);
	if (with_fs)
		event->fs_size =
			append_kernel_string(event, BPF_CORE_READ(sb, s_type, name), FS_SIZE, NULL);
	send_record(event);
	return 0;
}

#include "removals.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
