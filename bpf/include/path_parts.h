/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Paths that the kernel has, as their parts from the last to the first, a NUL behind each: the kernel keeps
 * them that way, and to turn them round is cheaper for the reader. An empty part at the end stands for the first
 * parts of a path that is too long. decodePath() of lib/tool/text/strings.ts reads it.
 */
#ifndef DENOBPF_PATH_PARTS_H
#define DENOBPF_PATH_PARTS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define PART_SIZE 256 /* NAME_MAX and a NUL */
#define PARTS_SIZE 1024 /* of a path; a longer one lacks its first parts */
#define MAX_PARTS 32
#define PARTS_ROOM (2 * PARTS_SIZE) /* what must be left of a record that a path is appended to */

/*
 * A size that has grown by the length of a part and stays below `limit`, a power of two. The two
 * XORs with `any` number change nothing, but make the verifier forget what it knew of the size: all
 * ways through a loop then look alike to it, and it follows one of them instead of each.
 */
static __always_inline __u64 grow(__u64 size, __u64 length, __u64 any, __u64 limit)
{
	size += length;
	asm volatile("%[size] ^= %[any]\n%[size] ^= %[any]" : [size] "+r"(size) : [any] "r"(any));
	return size & (limit - 1);
}

/* The length of a name with its NUL, or 0. */
static __always_inline long read_part(__u8 *to, const void *name)
{
	long length = bpf_probe_read_kernel_str(to, PART_SIZE, name);

	return length < 0 ? 0 : length;
}

/* Writes the mark of a path that lacks its first parts. Returns the new size. */
static __always_inline __u64 write_cut(__u8 *to, __u64 size)
{
	size &= PARTS_ROOM - 1;
	barrier_var(size);
	to[size] = 0;
	return size + 1;
}

/* Writes a path within its file system. Returns its size. */
static __always_inline __u32 write_inner_path(__u8 *to, struct dentry *dentry)
{
	__u64 size = 0;
	int i;

	for (i = 0; i < MAX_PARTS && size <= PARTS_SIZE; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == parent)
			break;
		size = grow(size, read_part(to + size, BPF_CORE_READ(dentry, d_name.name)),
			    (__u64)parent, PARTS_ROOM);
		dentry = parent;
	}
	if (size && dentry != BPF_CORE_READ(dentry, d_parent))
		return write_cut(to, size);
	if (size)
		return size;
	to[0] = '/';
	to[1] = 0;
	return 2;
}

/* Writes a path as a process with this root sees it. Returns its size. */
static __always_inline __u32 write_path(__u8 *to, const struct path *path, const struct path *root)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct dentry *root_dentry = BPF_CORE_READ(root, dentry);
	struct vfsmount *root_mnt = BPF_CORE_READ(root, mnt);
	bool whole = false;
	__u64 size = 0;
	int i;

	for (i = 0; i < MAX_PARTS && size <= PARTS_SIZE; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		long length = 0;

		whole = dentry == root_dentry && vfsmount == root_mnt;
		if (whole)
			break;
		if (dentry == parent || dentry == BPF_CORE_READ(vfsmount, mnt_root)) {
			struct mount *mount =
				(void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			whole = mount == above;
			if (whole)
				break;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfsmount = (void *)above + bpf_core_field_offset(struct mount, mnt);
		} else {
			length = read_part(to + size, BPF_CORE_READ(dentry, d_name.name));
			dentry = parent;
		}
		size = grow(size, length, (__u64)parent, PARTS_ROOM);
	}
	if (size && (whole || (dentry == root_dentry && vfsmount == root_mnt)))
		return size;
	if (size)
		return write_cut(to, size);
	if (dentry != root_dentry)
		return read_part(to, BPF_CORE_READ(dentry, d_name.name));
	to[0] = '/';
	to[1] = 0;
	return 2;
}

#endif /* DENOBPF_PATH_PARTS_H */
