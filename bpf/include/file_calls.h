/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Calls of file systems: reads, writes, opens, syncs, looks at attributes, page faults. Which functions are
 * hooked is chosen by the user half, lib/tool/file_systems.ts: those of one or two file systems, or those
 * that the calls of processes to any file system pass. Each hook is there twice: as fentry and fexit, and as
 * kprobe and kretprobe, for modules and kernels that have no types.
 *
 * A read or write by io_uring or aio may go on when the function has returned (EIOCBQUEUED), or may be tried
 * again by another thread (EAGAIN). Such a call is kept by its kiocb until its end is seen, and belongs to the
 * thread that began it.
 *
 * A kernel half includes this behind its
 *
 *	static __always_inline int on_file_call(const struct file_call *call, __s64 ret, __u64 latency_ns,
 *						bool async)
 *
 * which it declares before: `struct file_call` is of file_call.h.
 */
#ifndef DENOBPF_FILE_CALLS_H
#define DENOBPF_FILE_CALLS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "file_call.h"
#include "files.h"
#include "targets.h"

#define EAGAIN 11 /* include/uapi/asm-generic/errno-base.h */
#define ENOMEM 12
#define EFAULT 14
#define EIOCBQUEUED 529 /* include/linux/errno.h */
#define LLONG_MAX 0x7fffffffffffffffLL
/* of enum vm_fault_reason, include/linux/mm_types.h */
#define VM_FAULT_ERROR 0x73 /* OOM, SIGBUS, HWPOISON, HWPOISON_LARGE, SIGSEGV */

/* s_magic of the file systems that are traced; 0: of any */
const volatile __u64 targ_magics[2];
/* trace this device only, or 0 */
const volatile __u32 targ_dev;
/* trace regular files only */
const volatile bool regular_only;
const volatile __u32 page_shift = 12;

CALLS(calls, struct file_call, 4096, 0);

/* reads and writes that may go on when their function has returned, by their kiocb */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct file_call);
} queued SEC(".maps");

static __always_inline bool is_wanted_file(struct inode *inode)
{
	struct super_block *sb;

	if (regular_only && (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return false;
	if (!targ_magics[0] && !targ_dev)
		return true;
	sb = BPF_CORE_READ(inode, i_sb);
	if (targ_dev && BPF_CORE_READ(sb, s_dev) != targ_dev)
		return false;
	if (targ_magics[0]) {
		__u64 magic = BPF_CORE_READ(sb, s_magic);

		return magic == targ_magics[0] || magic == targ_magics[1];
	}
	return true;
}

/* The beginning of a read or write that is tried again, or NULL. */
static __always_inline struct file_call *find_first(const struct file_call *call)
{
	__u64 iocb = (__u64)call->iocb;
	struct file_call *first = iocb ? bpf_map_lookup_elem(&queued, &iocb) : NULL;

	/* another one may have this kiocb now, if its end was not seen */
	return first && first->file == call->file && first->offset == call->offset ? first : NULL;
}

static __noinline int begin(struct file_call *call)
{
	struct file_call *first = find_first(call);
	__u64 id = bpf_get_current_pid_tgid(), iocb = (__u64)call->iocb;

	if (first) {
		call->start = first->start;
		call->pid = first->pid;
		call->tid = first->tid;
		call->requested = first->requested;
		call->root_mnt = first->root_mnt;
		call->root_dentry = first->root_dentry;
		__builtin_memcpy(call->comm, first->comm, sizeof(call->comm));
	} else {
		struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);

		if (!call->inode || !is_wanted_file(call->inode) || !is_target())
			return 0;
		call->start = bpf_ktime_get_ns();
		call->pid = id >> 32;
		call->tid = id;
		call->root_mnt = BPF_CORE_READ(fs, root.mnt);
		call->root_dentry = BPF_CORE_READ(fs, root.dentry);
		bpf_get_current_comm(call->comm, sizeof(call->comm));
	}
	if (!call_begin(&calls, call->op, call) || !iocb)
		return 0;
	if (bpf_map_update_elem(&queued, &iocb, call, BPF_ANY))
		count_lost_map();
	return 0;
}

/* vm_fault_to_errno() of include/linux/mm.h */
static __always_inline __s64 fault_error(__u32 fault)
{
	if (!(fault & VM_FAULT_ERROR))
		return 0;
	return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
}

/* What appends has its place only now: the position is behind what was read or written. */
static __always_inline void find_offset(struct file_call *call, __s64 ret)
{
	loff_t end = 0;

	if (!call->pos || ret <= 0)
		return;
	bpf_probe_read_kernel(&end, sizeof(end), call->pos);
	if (end != call->offset && end >= ret)
		call->offset = end - ret;
}

/* The verifier looks at a global function once. It takes numbers only. */
__noinline int end(__u32 op, __u64 frame, __u64 result)
{
	struct file_call call = { .frame = frame }, *known;
	__u64 now = bpf_ktime_get_ns(), iocb;
	bool went_on;
	__s64 ret = result;

	if (op > FILE_WRITE)
		ret = (__s32)result;
	if (op == FILE_FAULT)
		ret = fault_error(result);
	if (!call_end(&calls, op, &call))
		return 0;
	iocb = (__u64)call.iocb;
	if (!iocb) {
		find_offset(&call, ret);
		return on_file_call(&call, ret, now - call.start, false);
	}
	went_on = ret == -EIOCBQUEUED;
	known = bpf_map_lookup_elem(&queued, &iocb);
	if (!known || (went_on && !known->end) || ret == -EAGAIN)
		return 0; /* its end has been seen, or comes later */
	if (went_on) {
		ret = known->ret;
		now = known->end;
	} else {
		find_offset(&call, ret);
	}
	bpf_map_delete_elem(&queued, &iocb);
	return on_file_call(&call, ret, now - call.start, went_on);
}

/* Ends a read or write that went on. It may do so while its function has not returned yet. */
__noinline int complete(__u64 iocb, __u64 ret)
{
	struct file_call *known = bpf_map_lookup_elem(&queued, &iocb), *inner, call;
	__u64 now = bpf_ktime_get_ns();

	if (!known)
		return 0;
	inner = call_of(&calls, known->op);
	if (inner && (__u64)inner->iocb == iocb) {
		known->ret = ret;
		known->end = now;
		return 0;
	}
	call = *known;
	bpf_map_delete_elem(&queued, &iocb);
	return on_file_call(&call, ret, now - call.start, true);
}

/* What functions are passed: `args` are an fentry's context, or a copy of a kprobe's registers. */

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

#define NEW_CALL(at, what) \
	{ .frame = (at), .op = (what), .offset = NOT_KNOWN, .requested = NOT_KNOWN }

/* A pointer as a number: global functions are passed no pointers. */
static __always_inline __u64 as_number(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/* The end is attached before the beginning, so that no call is missed in between. */
#define TYPED(name, target, take, op, result)                         \
	SEC("?fexit/" target)                                         \
	int fexit_##name(__u64 *ctx)                                  \
	{                                                             \
		return end(op, as_number(ctx), result);               \
	}                                                             \
                                                                      \
	SEC("?fentry/" target)                                        \
	int fentry_##name(__u64 *ctx)                                 \
	{                                                             \
		struct file_call call = NEW_CALL(as_number(ctx), op); \
                                                                      \
		take(&call, ctx);                                     \
		return begin(&call);                                  \
	}

/* One for each of two file systems; the functions here are those that there are on every kernel. */
TYPED(read_a, "ext4_file_read_iter", take_iter, FILE_READ, ctx[2])
TYPED(read_b, "ext4_file_read_iter", take_iter, FILE_READ, ctx[2])
TYPED(write_a, "ext4_file_write_iter", take_iter, FILE_WRITE, ctx[2])
TYPED(write_b, "ext4_file_write_iter", take_iter, FILE_WRITE, ctx[2])
TYPED(splice_a, "iter_file_splice_write", take_splice, FILE_READ, ctx[5])
TYPED(splice_b, "iter_file_splice_write", take_splice, FILE_READ, ctx[5])
TYPED(open_a, "ext4_file_open", take_open, FILE_OPEN, ctx[2])
TYPED(open_b, "ext4_file_open", take_open, FILE_OPEN, ctx[2])
TYPED(fsync_a, "vfs_fsync_range", take_fsync, FILE_FSYNC, ctx[4])
TYPED(fsync_b, "vfs_fsync_range", take_fsync, FILE_FSYNC, ctx[4])
TYPED(getattr_a, "vfs_getattr_nosec", take_getattr, FILE_GETATTR, ctx[4])
TYPED(idmap_getattr_a, "simple_getattr", take_idmap_getattr, FILE_GETATTR, ctx[5])
TYPED(getattr_b, "vfs_getattr_nosec", take_getattr, FILE_GETATTR, ctx[4])
TYPED(idmap_getattr_b, "simple_getattr", take_idmap_getattr, FILE_GETATTR, ctx[5])
/* of any file system */
TYPED(fault, "filemap_fault", take_fault, FILE_FAULT, ctx[1])
TYPED(vfs_read, "vfs_read", take_buffer, FILE_READ, ctx[4])
TYPED(vfs_readv, "vfs_readv", take_vector, FILE_READ, ctx[5])
TYPED(vfs_write, "vfs_write", take_buffer, FILE_WRITE, ctx[4])
TYPED(vfs_writev, "vfs_writev", take_vector, FILE_WRITE, ctx[5])
TYPED(vfs_open, "vfs_open", take_vfs_open, FILE_OPEN, ctx[2])
TYPED(do_fsync, "do_fsync", take_do_fsync, FILE_FSYNC, ctx[2])

/* The same by probes, which are attached to any number of functions. */
#define PROBED(name, take, op)                                                                  \
	SEC("?kprobe")                                                                          \
	int kprobe_##name(struct pt_regs *regs)                                                 \
	{                                                                                       \
		struct file_call call = NEW_CALL(kprobe_frame(regs), op);                       \
		__u64 args[] = { PT_REGS_PARM1(regs), PT_REGS_PARM2(regs), PT_REGS_PARM3(regs), \
				 PT_REGS_PARM4(regs) };                                         \
                                                                                                \
		take(&call, args);                                                              \
		return begin(&call);                                                            \
	}

PROBED(read, take_iter, FILE_READ)
PROBED(write, take_iter, FILE_WRITE)
PROBED(splice, take_splice, FILE_READ)
PROBED(open, take_open, FILE_OPEN)
PROBED(fsync, take_fsync, FILE_FSYNC)
PROBED(getattr, take_getattr, FILE_GETATTR)
PROBED(idmap_getattr, take_idmap_getattr, FILE_GETATTR)
PROBED(fault, take_fault, FILE_FAULT)
PROBED(vfs_read, take_buffer, FILE_READ)
PROBED(vfs_readv, take_vector, FILE_READ)
PROBED(vfs_write, take_buffer, FILE_WRITE)
PROBED(vfs_writev, take_vector, FILE_WRITE)
PROBED(vfs_open, take_vfs_open, FILE_OPEN)
PROBED(do_fsync, take_do_fsync, FILE_FSYNC)

#define PROBED_RETURN(name, op)                                          \
	SEC("?kretprobe")                                                \
	int kretprobe_##name(struct pt_regs *regs)                       \
	{                                                                \
		return end(op, kretprobe_frame(regs), PT_REGS_RC(regs)); \
	}

PROBED_RETURN(read, FILE_READ)
PROBED_RETURN(write, FILE_WRITE)
PROBED_RETURN(open, FILE_OPEN)
PROBED_RETURN(fsync, FILE_FSYNC)
PROBED_RETURN(getattr, FILE_GETATTR)
PROBED_RETURN(fault, FILE_FAULT)

/*
 * Where reads and writes that went on end. Those of aio and io_uring end in a function of theirs; those that
 * another file system, or a loop device, has asked for in one of their own, but all that iomap makes here.
 */
#define COMPLETION(name)                                            \
	SEC("?fentry/" #name)                                       \
	int fentry_##name(__u64 *ctx)                               \
	{                                                           \
		return complete(as_number((void *)ctx[0]), ctx[1]); \
	}

COMPLETION(aio_complete_rw)
COMPLETION(io_complete_rw)
COMPLETION(io_complete_rw_iopoll)

SEC("?kprobe")
int kprobe_complete(struct pt_regs *regs)
{
	return complete(PT_REGS_PARM1(regs), PT_REGS_PARM2(regs));
}

/* private to fs/iomap/direct-io.c */
struct iomap_dio___any {
	struct kiocb *iocb;
} __attribute__((preserve_access_index));

SEC("?fexit/iomap_dio_complete")
int fexit_iomap_dio_complete(__u64 *ctx)
{
	struct iomap_dio___any *dio = (void *)ctx[0];

	return complete((__u64)BPF_CORE_READ(dio, iocb), ctx[1]);
}

#endif /* DENOBPF_FILE_CALLS_H */
