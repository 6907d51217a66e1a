/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What functions of file systems are passed: each function here takes it from `args`, which are an fentry's
 * context, or a copy of a kprobe's registers.
 */
#ifndef DENOBPF_FILE_CALL_ARGS_H
#define DENOBPF_FILE_CALL_ARGS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "file_call.h"
#include "files.h"

#define LLONG_MAX 0x7fffffffffffffffLL

const volatile __u32 page_shift = 12;

/* Linux 5.10 and its neighbours let programs read no argument that points to a plain number. */
static __always_inline void *number_pointer(const __u64 *args, int at)
{
	void *pointer = NULL;

	bpf_probe_read_kernel(&pointer, sizeof(pointer), args + at);
	return pointer;
}

static __always_inline void take_file(struct file_call *call, struct file *file)
{
	call->file = file;
	call->path = &file->f_path;
	call->inode = BPF_CORE_READ(file, f_inode);
}

static __always_inline void take_path(struct file_call *call, const struct path *path)
{
	call->path = path;
	call->inode = BPF_CORE_READ(path, dentry, d_inode);
}

static __always_inline void take_pos(struct file_call *call, const loff_t *pos)
{
	loff_t offset = 0;

	if (!pos) /* a pipe or a socket */
		return;
	bpf_probe_read_kernel(&offset, sizeof(offset), pos);
	call->pos = pos;
	call->offset = offset;
}

/* ssize_t NAME(struct kiocb *iocb, struct iov_iter *iter) */
static __always_inline void take_iter(struct file_call *call, const __u64 *args)
{
	struct kiocb *iocb = (void *)args[0];
	struct iov_iter *iter = (void *)args[1];

	take_file(call, BPF_CORE_READ(iocb, ki_filp));
	take_pos(call, &iocb->ki_pos);
	call->requested = BPF_CORE_READ(iter, count);
	if (BPF_CORE_READ(iocb, ki_complete))
		call->iocb = iocb;
}

/* ssize_t NAME(struct file *in, loff_t *ppos, struct pipe_inode_info *pipe, size_t len, unsigned int flags) */
static __always_inline void take_splice(struct file_call *call, const __u64 *args)
{
	take_file(call, (void *)args[0]);
	take_pos(call, number_pointer(args, 1));
	call->requested = args[3];
}

/* ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos), and vfs_write */
static __always_inline void take_buffer(struct file_call *call, const __u64 *args)
{
	take_file(call, (void *)args[0]);
	take_pos(call, number_pointer(args, 3));
	call->requested = args[2];
}

/* ssize_t vfs_readv(struct file *file, const struct iovec *vec, unsigned long vlen, loff_t *pos, ...) */
static __always_inline void take_vector(struct file_call *call, const __u64 *args)
{
	take_file(call, (void *)args[0]);
	take_pos(call, number_pointer(args, 3));
}

/* int NAME(struct inode *inode, struct file *file) */
static __always_inline void take_open(struct file_call *call, const __u64 *args)
{
	take_file(call, (void *)args[1]);
	call->inode = (void *)args[0];
}

/* int vfs_open(const struct path *path, struct file *file): the file has no path yet */
static __always_inline void take_vfs_open(struct file_call *call, const __u64 *args)
{
	take_path(call, (void *)args[0]);
	call->file = (void *)args[1];
}

/* int NAME(struct file *file, loff_t start, loff_t end, int datasync) */
static __always_inline void take_fsync(struct file_call *call, const __u64 *args)
{
	take_file(call, (void *)args[0]);
	call->offset = args[1];
	if (args[2] != LLONG_MAX)
		call->requested = args[2] - args[1] + 1;
}

/* int do_fsync(unsigned int fd, int datasync), of which vfs_fsync_range() is a part on some kernels */
static __always_inline void take_do_fsync(struct file_call *call, const __u64 *args)
{
	struct file *file = file_of_fd(args[0]);

	if (!file)
		return;
	take_file(call, file);
	call->offset = 0;
}

/* int NAME(const struct path *path, struct kstat *stat, u32 mask, unsigned int flags) */
static __always_inline void take_getattr(struct file_call *call, const __u64 *args)
{
	take_path(call, (void *)args[0]);
}

/* The same with the mount's idmapping before the path: Linux 5.12, but not vfs_getattr_nosec() */
static __always_inline void take_idmap_getattr(struct file_call *call, const __u64 *args)
{
	take_path(call, (void *)args[1]);
}

/* vm_fault_t filemap_fault(struct vm_fault *vmf) */
static __always_inline void take_fault(struct file_call *call, const __u64 *args)
{
	struct vm_fault *vmf = (void *)args[0];

	take_file(call, BPF_CORE_READ(vmf, vma, vm_file));
	call->offset = (__s64)BPF_CORE_READ(vmf, pgoff) << page_shift;
}

#endif /* DENOBPF_FILE_CALL_ARGS_H */
