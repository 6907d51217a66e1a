/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The folder whose own files a tool is about, not those of folders in it: its option --directory. */
#ifndef DENOBPF_FOLDER_H
#define DENOBPF_FOLDER_H

#include <bpf/bpf_core_read.h>

/* the folder, or 0 for all */
const volatile __u64 targ_folder_ino;
const volatile __u32 targ_folder_dev;

static __always_inline bool is_in_targ_folder(struct dentry *dentry)
{
	struct inode *folder;

	if (!targ_folder_ino)
		return true;
	folder = BPF_CORE_READ(dentry, d_parent, d_inode);
	return BPF_CORE_READ(folder, i_ino) == targ_folder_ino &&
	       BPF_CORE_READ(folder, i_sb, s_dev) == targ_folder_dev;
}

#endif /* DENOBPF_FOLDER_H */
