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
#include "file_call_args.h"
#include "file_call_life.h"

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
