/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A name that is taken away from a file: see removals.h. */
#ifndef DENOBPF_REMOVAL_H
#define DENOBPF_REMOVAL_H

#include <bpf/bpf_core_read.h>
#include "paths.h"
#include "targets.h"

enum removal_op { UNLINK, RMDIR, RENAME, EXCHANGE };

/* Pointers are numbers here: global functions are passed no pointers. */
struct removal {
	__u64 mnt;
	__u64 dentry;
	__u64 new_mnt; /* of a rename */
	__u64 new_dentry;
	__u64 op; /* enum removal_op */
};

/* The file that has this name, or NULL. */
static __always_inline struct inode *named_inode(__u64 dentry)
{
	return BPF_CORE_READ((struct dentry *)dentry, d_inode);
}

/* The verifier looks at a global function once. */
__noinline int append_name_path(__u64 mnt, __u64 dentry)
{
	struct path path = { .mnt = (void *)mnt, .dentry = (void *)dentry };
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct event *event = begun_record();

	return event ? append_path(event, &path, &fs->root) : 0;
}

/* Appends the path of a name as the current task sees it, or its last part alone. Returns its size. */
static __always_inline __u32 append_name(struct event *event, __u64 mnt, __u64 dentry, bool whole)
{
	if (whole)
		return append_name_path(mnt, dentry);
	return append_kernel_string(event, BPF_CORE_READ((struct dentry *)dentry, d_name.name),
				    PART_SIZE, NULL);
}

#endif /* DENOBPF_REMOVAL_H */
