/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Names that are taken away from files: by unlink, rmdir and rename. A system call asks the security modules
 * first, which are passed the mount, and so the path; whether it succeeds is known when the kernel changes its
 * cache of names. Both are functions whose arguments are the same on every kernel. What a file system asks
 * of the one below it, as overlayfs does, passes the second with names of its own, and is not taken for another
 * removal.
 *
 * A kernel half includes this behind its `struct event` and its
 *
 *	static __always_inline int on_removal(const struct removal *removal)
 *
 * which it declares before: `struct removal` is of removal.h.
 */
#ifndef DENOBPF_REMOVALS_H
#define DENOBPF_REMOVALS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "function_hooks.h"
#include "losses.h"
#include "removal.h"

/* Of one that fails no end is seen, and it stays until the thread's next one, or until there are many newer. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct removal);
} removals SEC(".maps");

static __always_inline int begin_removal(const struct removal *removal)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(&removals, &tid, removal, BPF_ANY))
		count_lost_map();
	return 0;
}

/* Ends the removal of the current thread if it is that of these names. */
static __always_inline int end_removal(__u64 dentry, __u64 new_dentry, bool exchanged)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct removal *known = bpf_map_lookup_elem(&removals, &tid), removal;

	if (!known || known->dentry != dentry || known->new_dentry != new_dentry)
		return 0;
	removal = *known;
	bpf_map_delete_elem(&removals, &tid);
	if (exchanged)
		removal.op = EXCHANGE;
	return on_removal(&removal);
}

static __always_inline __u64 mount_of(__u64 path)
{
	return (__u64)BPF_CORE_READ((const struct path *)path, mnt);
}

/* int security_path_unlink(const struct path *dir, struct dentry *dentry), and security_path_rmdir */
static __always_inline int begin_delete(const __u64 *args, enum removal_op op)
{
	struct removal removal = {
		.mnt = mount_of(args[0]),
		.dentry = args[1],
		.op = op,
	};

	return begin_removal(&removal);
}

static __always_inline int handle_unlink(const __u64 *args)
{
	return begin_delete(args, UNLINK);
}

static __always_inline int handle_rmdir(const __u64 *args)
{
	return begin_delete(args, RMDIR);
}

/*
 * int security_path_rename(const struct path *old_dir, struct dentry *old_dentry,
 *			    const struct path *new_dir, struct dentry *new_dentry, unsigned int flags)
 */
static __always_inline int handle_rename(const __u64 *args)
{
	struct removal removal = {
		.mnt = mount_of(args[0]),
		.dentry = args[1],
		.new_mnt = mount_of(args[2]),
		.new_dentry = args[3],
		.op = RENAME,
	};

	return begin_removal(&removal);
}

/* void d_delete(struct dentry *dentry) */
static __always_inline int handle_deleted(const __u64 *args)
{
	return end_removal(args[0], 0, false);
}

/* void d_move(struct dentry *dentry, struct dentry *target) */
static __always_inline int handle_moved(const __u64 *args)
{
	return end_removal(args[0], args[1], false);
}

/* void d_exchange(struct dentry *dentry1, struct dentry *dentry2) */
static __always_inline int handle_exchanged(const __u64 *args)
{
	return end_removal(args[0], args[1], true);
}

FUNCTION_HOOK(unlink, "security_path_unlink", handle_unlink)
FUNCTION_HOOK(rmdir, "security_path_rmdir", handle_rmdir)
FUNCTION_HOOK(rename, "security_path_rename", handle_rename)
FUNCTION_HOOK(deleted, "d_delete", handle_deleted)
FUNCTION_HOOK(moved, "d_move", handle_moved)
FUNCTION_HOOK(exchanged, "d_exchange", handle_exchanged)

#endif /* DENOBPF_REMOVALS_H */
