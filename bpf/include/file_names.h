/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What files are called of which a tool counts something: a name is kept when a file is counted for the first time.
 * The user half, lib/tool/named_files.ts, deletes those that are used no more.
 *
 *	FILE_NAMES(BPF_MAP_TYPE_HASH, struct file_id, 10240, BPF_F_NO_PREALLOC);
 *
 *	struct file_name *name = begin_file_name(&names, &id, sb);
 *
 *	if (!name)
 *		return 0;
 *	name->size = write_path(name->parts, path, root);
 *	return keep_file_name(&names, &id, name);
 */
#ifndef DENOBPF_FILE_NAMES_H
#define DENOBPF_FILE_NAMES_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "losses.h"
#include "path_parts.h"

#define FS_SIZE 32 /* of the name of a file system's type */

struct file_name {
	__u32 size; /* of its parts, see path_parts.h; 0 if there is no path */
	__u32 rdev; /* which device it is, if it is one */
	char fs[FS_SIZE];
	/* Linux 5.10 does not know that the last part begins within PARTS_SIZE, only within PARTS_ROOM */
	__u8 parts[PARTS_ROOM + PART_SIZE];
};

#define FILE_NAMES(kind, id, entries, flags)     \
	struct {                                 \
		__uint(type, kind);              \
		__uint(max_entries, entries);    \
		__uint(map_flags, flags);        \
		__type(key, id);                 \
		__type(value, struct file_name); \
	} names SEC(".maps")

/* where a name is put together: it is too big for the stack */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_name);
} next_name SEC(".maps");

/* Where the name of a file of this file system is to be written; NULL if the map has it already. */
static __always_inline struct file_name *begin_file_name(void *names, const void *id,
							 struct super_block *sb)
{
	struct file_name *name;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(names, id))
		return NULL;
	name = bpf_map_lookup_elem(&next_name, &zero);
	if (!name)
		return NULL;
	name->rdev = 0;
	__builtin_memset(name->fs, 0, sizeof(name->fs));
	bpf_probe_read_kernel_str(name->fs, sizeof(name->fs), BPF_CORE_READ(sb, s_type, name));
	return name;
}

static __always_inline int keep_file_name(void *names, const void *id, const struct file_name *name)
{
	if (bpf_map_update_elem(names, id, name, BPF_ANY))
		count_lost_map();
	return 0;
}

#endif /* DENOBPF_FILE_NAMES_H */
