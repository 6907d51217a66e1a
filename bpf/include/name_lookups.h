/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Names that are looked up in the kernel's cache of names, its dentries: those that are found there, and those that
 * the file system is asked for. lib/tool/name_lookups.ts chooses the hooks and attaches them.
 *
 * A walk along a path asks lookup_fast() for each part. What that does not find, d_alloc_parallel() looks for once
 * more, and makes a dentry that is marked as being looked up: until the file system has answered. Calls that make or
 * take away a name look for it by lookup_one_qstr_excl(), and some others by d_lookup(). Both look for a name that
 * lookup_fast() has not found a moment before: so a name that is not found counts when it is asked for, not when
 * somebody looks.
 *
 * A kernel half includes this behind its
 *
 *	static __always_inline int on_lookup(const struct lookup *lookup)
 *
 * which it declares before: `struct lookup` is of name_lookup.h.
 */
#ifndef DENOBPF_NAME_LOOKUPS_H
#define DENOBPF_NAME_LOOKUPS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "function_hooks.h"
#include "name_lookup.h"
#include "targets.h"

#define ENOENT 2 /* include/uapi/asm-generic/errno-base.h */
#define MAX_ERRNO 4095 /* include/linux/err.h */

/* how many arguments these functions have on this kernel */
const volatile __u32 fast_arguments;
const volatile __u32 alloc_arguments;

/* Since which time the file system is asked for a name, by its dentry. One whose end was not seen makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} asked SEC(".maps");

/* A call of lookup_one_qstr_excl(). */
struct search {
	__u64 frame;
	__u64 start; /* when the cache was found not to have it */
	__u64 name;
	__u64 parent;
	__u64 found; /* the dentry that the cache had, or 0 */
	__u64 searched; /* the cache has been looked at */
};

CALLS(searches, struct search, 1024, 0);

/* include/linux/dcache.h: no enum in Linux 6.12 and before */
enum dentry_flags___newer {
	DCACHE_PAR_LOOKUP___newer = 1,
};

#define DCACHE_PAR_LOOKUP_BEFORE 0x10000000

static __always_inline bool is_error(__u64 pointer)
{
	return pointer >= (__u64)-MAX_ERRNO;
}

/* Whether the file system is being asked for the name. */
static __always_inline bool is_in_lookup(__u64 dentry)
{
	__u32 mark = DCACHE_PAR_LOOKUP_BEFORE;

	if (bpf_core_enum_value_exists(enum dentry_flags___newer, DCACHE_PAR_LOOKUP___newer))
		mark = bpf_core_enum_value(enum dentry_flags___newer, DCACHE_PAR_LOOKUP___newer);
	return BPF_CORE_READ((struct dentry *)dentry, d_flags) & mark;
}

static __always_inline bool has_inode(__u64 dentry)
{
	return BPF_CORE_READ((struct dentry *)dentry, d_inode);
}

static __always_inline __u64 name_of(__u64 dentry)
{
	return dentry + bpf_core_field_offset(struct dentry, d_name);
}

static __always_inline int on_found(__u64 dentry, enum lookup_outcome outcome)
{
	struct lookup lookup = {
		.name = name_of(dentry),
		.dentry = dentry,
		.outcome = outcome,
	};

	if (misses_only || !is_target())
		return 0;
	lookup.negative = !has_inode(dentry);
	return on_lookup(&lookup);
}

/* struct dentry *lookup_fast(struct nameidata *nd), which has had more arguments */
static __always_inline int end_fast(__u64 dentry)
{
	return dentry && !is_error(dentry) ? on_found(dentry, FOUND) : 0;
}

/* struct dentry *d_lookup(const struct dentry *parent, const struct qstr *name) */
static __always_inline int end_lookup(__u64 dentry)
{
	struct search *search = call_of(&searches, 0);

	if (!search || search->searched)
		return dentry ? on_found(dentry, FOUND) : 0;
	search->searched = true;
	search->found = dentry;
	search->start = bpf_ktime_get_ns();
	return 0;
}

/* struct dentry *d_alloc_parallel(struct dentry *parent, const struct qstr *name), which has had one argument more */
static __always_inline int end_alloc(__u64 dentry)
{
	__u64 now;

	if (!dentry || is_error(dentry))
		return 0;
	if (!is_in_lookup(dentry))
		return on_found(dentry, FOUND_LATER);
	if (!is_target())
		return 0;
	now = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&asked, &dentry, &now, BPF_ANY))
		count_lost_map();
	return 0;
}

/* The file system has answered. */
static __always_inline int end_asked(__u64 dentry, __u64 inode)
{
	__u64 *start = bpf_map_lookup_elem(&asked, &dentry);
	struct lookup lookup = {
		.name = name_of(dentry),
		.dentry = dentry,
		.outcome = ASKED,
		.negative = !inode,
	};

	if (!start)
		return 0;
	lookup.latency_ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&asked, &dentry);
	return on_lookup(&lookup);
}

/* struct dentry *d_splice_alias(struct inode *inode, struct dentry *dentry), and d_splice_alias_ops */
static __always_inline int handle_splice(const __u64 *args)
{
	return end_asked(args[1], args[0]);
}

/* void d_add(struct dentry *dentry, struct inode *inode) */
static __always_inline int handle_add(const __u64 *args)
{
	return end_asked(args[0], args[1]);
}

/* void __d_lookup_unhash_wake(struct dentry *dentry), where the answer was an error, or is not kept */
static __always_inline int handle_unhash(const __u64 *args)
{
	return end_asked(args[0], has_inode(args[0]));
}

FUNCTION_HOOK(splice, "d_splice_alias", handle_splice)
FUNCTION_HOOK(splice_ops, "d_splice_alias_ops", handle_splice)
FUNCTION_HOOK(add, "d_add", handle_add)
FUNCTION_HOOK(unhash, "__d_lookup_unhash_wake", handle_unhash)
/* before Linux 5.19 */
FUNCTION_HOOK(done, "__d_lookup_done", handle_unhash)

RETURN_HOOK(fast, "lookup_fast", fast_arguments, end_fast)
RETURN_HOOK(lookup, "d_lookup", 2, end_lookup)
RETURN_HOOK(alloc, "d_alloc_parallel", alloc_arguments, end_alloc)

/* struct dentry *lookup_one_qstr_excl(const struct qstr *name, struct dentry *base, unsigned int flags) */
static __always_inline int begin_search(__u64 frame, const __u64 *args)
{
	struct search search = { .frame = frame, .name = args[0], .parent = args[1] };

	if (is_target())
		call_begin(&searches, 0, &search);
	return 0;
}

static __always_inline int end_search(__u64 frame, __u64 result)
{
	struct search search = { .frame = frame };
	struct lookup lookup = {};

	if (!call_end(&searches, 0, &search) || !search.searched)
		return 0;
	lookup.name = search.name;
	lookup.parent = search.parent;
	lookup.negative = is_error(result) ? result == (__u64)-ENOENT : !has_inode(result);
	/* what the cache had may have been out of date: then the file system was asked nevertheless */
	if (search.found && (is_error(result) || result == search.found)) {
		if (misses_only)
			return 0;
		lookup.outcome = FOUND;
	} else {
		lookup.outcome = ASKED;
		lookup.latency_ns = bpf_ktime_get_ns() - search.start;
	}
	return on_lookup(&lookup);
}

CALL_HOOK(search, "lookup_one_qstr_excl", 3, begin_search, end_search)
/* before Linux 6.1 */
CALL_HOOK(hash, "__lookup_hash", 3, begin_search, end_search)

#endif /* DENOBPF_NAME_LOOKUPS_H */
