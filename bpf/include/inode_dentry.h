/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A name of an inode, where nothing but the inode is known. */
#ifndef DENOBPF_INODE_DENTRY_H
#define DENOBPF_INODE_DENTRY_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Where the names of an inode are linked: in a union of this name, or, since Linux 7, of none. */
struct dentry___union {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

struct dentry___plain {
	struct hlist_node d_alias;
} __attribute__((preserve_access_index));

/* One of its names that the kernel has in memory, or NULL: a block device has none. */
static __always_inline struct dentry *inode_dentry(struct inode *inode)
{
	void *alias = BPF_CORE_READ(inode, i_dentry.first);
	struct dentry___union *older = NULL;
	struct dentry___plain *newer = NULL;

	if (!alias)
		return NULL;
	if (bpf_core_field_exists(newer->d_alias))
		return alias - bpf_core_field_offset(newer->d_alias);
	return alias - bpf_core_field_offset(older->d_u.d_alias);
}

#endif /* DENOBPF_INODE_DENTRY_H */
