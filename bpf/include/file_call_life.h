/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Calls of file systems from their beginning to their end, for file_calls.h, which includes this. The kernel
 * half says by on_file_call() what becomes of a call that has ended.
 */
#ifndef DENOBPF_FILE_CALL_LIFE_H
#define DENOBPF_FILE_CALL_LIFE_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "calls.h"
#include "file_call.h"
#include "files.h"
#include "targets.h"

#define EAGAIN 11 /* include/uapi/asm-generic/errno-base.h */
#define ENOMEM 12
#define EFAULT 14
#define EIOCBQUEUED 529 /* include/linux/errno.h */
/* of enum vm_fault_reason, include/linux/mm_types.h */
#define VM_FAULT_ERROR 0x73 /* OOM, SIGBUS, HWPOISON, HWPOISON_LARGE, SIGSEGV */

/* s_magic of the file systems that are traced; 0: of any */
const volatile __u64 targ_magics[2];
/* trace this device only, or 0 */
const volatile __u32 targ_dev;
/* trace regular files only */
const volatile bool regular_only;

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

/*
 * The beginning of a read or write that is tried again, or NULL. One that is kept by this kiocb and is not to be
 * tried again has ended without being seen.
 */
static __always_inline struct file_call *find_first(const struct file_call *call)
{
	__u64 iocb = (__u64)call->iocb;
	struct file_call *first = iocb ? bpf_map_lookup_elem(&queued, &iocb) : NULL;

	return first && first->again && first->file == call->file && first->offset == call->offset
		       ? first
		       : NULL;
}

/* Drops a call of a thread that has ended within it, and had the id of this one. */
static __always_inline void forget_ended_thread(const struct file_call *call)
{
	struct file_call *known = call_of(&calls, call->op);

	if (!known || known->thread_start == call->thread_start)
		return;
	call_forget(&calls, call->op);
	count_lost_map();
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
	call->thread_start = BPF_CORE_READ(current_task(), start_boottime);
	forget_ended_thread(call);
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
	if (!known || (went_on && !known->end))
		return 0; /* its end has been seen, or comes later */
	if (ret == -EAGAIN) {
		known->again = true;
		return 0;
	}
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

#endif /* DENOBPF_FILE_CALL_LIFE_H */
