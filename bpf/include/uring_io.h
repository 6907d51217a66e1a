/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Reads and writes of io_uring, as they end, by the tracepoint io_uring_complete. What a request has come to is read
 * from the request itself: the tracepoint passes it second since Linux 5.19, and the rest in one way or another.
 * The user half, lib/tool/uring_io.ts, loads the program from Linux 6.1 on, which lets raw tracepoints have maps
 * that are not preallocated, and attaches it: a kernel may be built without io_uring.
 *
 *	SEC("?raw_tp")
 *	int uring_complete(__u64 *ctx)
 *	{
 *		struct uring_io io = {};
 *
 *		if (!read_uring_io(ctx, &io) || !is_target_task(io.task))
 *			return 0;
 */
#ifndef DENOBPF_URING_IO_H
#define DENOBPF_URING_IO_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* enum io_uring_op of include/uapi/linux/io_uring.h, since Linux 6.15 */
#define URING_READV_FIXED 60
#define URING_WRITEV_FIXED 61

struct uring_io {
	struct file *file;
	struct task_struct *task; /* the thread that asked */
	__s64 result; /* bytes, or an error below 0 */
	bool writes;
};

struct io_cqe___any {
	__s32 res;
} __attribute__((preserve_access_index));

struct io_uring_task___any {
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* until Linux 6.12 */
struct io_kiocb___task {
	struct task_struct *task;
} __attribute__((preserve_access_index));

struct io_kiocb___tctx {
	struct file *file;
	__u8 opcode;
	struct io_cqe___any cqe;
	struct io_uring_task___any *tctx;
} __attribute__((preserve_access_index));

static __always_inline struct task_struct *asker(struct io_kiocb___tctx *request)
{
	struct io_kiocb___task *older = (void *)request;

	if (bpf_core_field_exists(older->task))
		return BPF_CORE_READ(older, task);
	return BPF_CORE_READ(request, tctx, task);
}

/* Returns whether a request has ended that reads a file or writes to it. */
static __always_inline bool read_uring_io(const __u64 *ctx, struct uring_io *io)
{
	struct io_kiocb___tctx *request = (void *)ctx[1];

	/* none for one of several results of a request: those of sockets, not of files */
	if (!request)
		return false;
	switch (BPF_CORE_READ(request, opcode)) {
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_READ:
	case URING_READV_FIXED:
		break;
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITE:
	case URING_WRITEV_FIXED:
		io->writes = true;
		break;
	default:
		return false;
	}
	io->file = BPF_CORE_READ(request, file);
	io->task = asker(request);
	io->result = BPF_CORE_READ(request, cqe.res);
	return true;
}

#endif /* DENOBPF_URING_IO_H */
