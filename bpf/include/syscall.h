/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The system call that the current task is in, read from its saved registers. They are the same at
 * entry and at exit but for the one that carries the return value.
 *
 * Registers: man 2 syscall; compat marks: TS_COMPAT of arch/x86/include/asm/thread_info.h and
 * TIF_32BIT of arch/arm64/include/asm/thread_info.h.
 */
#ifndef DENOBPF_SYSCALL_H
#define DENOBPF_SYSCALL_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "task_flags.h"

#define ENOSYS 38 /* include/uapi/asm-generic/errno.h */

#if defined(__TARGET_ARCH_x86)

#define THREAD_SIZE 16384 /* arch/x86/include/asm/page_64_types.h, without KASAN */
#define NR_EXECVE 59
#define NR_ACCEPT 43
#define NR_ACCEPT4 288
#define NR_LISTEN 50
#define TS_COMPAT 0x0002
#define X32_SYSCALL_BIT 0x40000000

/* On the way of every system call: a load instead of a call to a helper, where the kernel (5.11) can. */
static __always_inline bool syscall_is_compat(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;

	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

static __always_inline int syscall_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* nth argument of a 64-bit call, n a constant from 0 to 5 */
static __always_inline __u64 syscall_arg(struct pt_regs *regs, int n)
{
	switch (n) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

/* nth argument of a 32-bit call, n a constant from 0 to 5 */
static __always_inline __u64 syscall_arg32(struct pt_regs *regs, int n)
{
	switch (n) {
	case 0:
		return (__u32)regs->bx;
	case 1:
		return (__u32)regs->cx;
	case 2:
		return (__u32)regs->dx;
	case 3:
		return (__u32)regs->si;
	case 4:
		return (__u32)regs->di;
	default:
		return (__u32)regs->bp;
	}
}

#elif defined(__TARGET_ARCH_arm64)

#define NR_EXECVE 221
#define NR_ACCEPT 202
#define NR_ACCEPT4 242
#define NR_LISTEN 201
#define TIF_32BIT 22

static __always_inline bool syscall_is_compat(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->thread_info.flags & (1UL << TIF_32BIT);

	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.flags) & (1UL << TIF_32BIT);
}

static __always_inline int syscall_number(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline __u64 syscall_arg(struct pt_regs *regs, int n)
{
	return n == 0 ? regs->orig_x0 : regs->regs[n];
}

static __always_inline __u64 syscall_arg32(struct pt_regs *regs, int n)
{
	return (__u32)syscall_arg(regs, n);
}

#else
#error "syscall.h knows x86 and arm64 only"
#endif

struct syscall_args {
	__u64 first, second, third, fourth, fifth, sixth;
};

/* The arguments of the call, be it a 64-bit or a 32-bit one. */
static __always_inline struct syscall_args syscall_args(struct pt_regs *regs)
{
	struct syscall_args args;

	if (syscall_is_compat()) {
		args.first = syscall_arg32(regs, 0);
		args.second = syscall_arg32(regs, 1);
		args.third = syscall_arg32(regs, 2);
		args.fourth = syscall_arg32(regs, 3);
		args.fifth = syscall_arg32(regs, 4);
		args.sixth = syscall_arg32(regs, 5);
	} else {
		args.first = syscall_arg(regs, 0);
		args.second = syscall_arg(regs, 1);
		args.third = syscall_arg(regs, 2);
		args.fourth = syscall_arg(regs, 3);
		args.fifth = syscall_arg(regs, 4);
		args.sixth = syscall_arg(regs, 5);
	}
	return args;
}

/* The same registers, for hooks that are not handed them in a form that can be read from: since Linux 5.15. */
static __always_inline struct pt_regs *task_registers(void)
{
	return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* The same where the kernel may be older: NULL on arm64 then. What they hold is not of a type that is known. */
static __always_inline struct pt_regs *user_registers(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return task_registers();
#if defined(__TARGET_ARCH_x86)
	/* task_pt_regs() of arch/x86/include/asm/processor.h */
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
#else
	return NULL;
#endif
}

/* The number of the system call that the task is in, or -1: it may also be in a page fault, or a kernel thread. */
static __always_inline int current_syscall(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *regs = user_registers();

	if (!regs || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return -1;
#if defined(__TARGET_ARCH_x86)
	/* what the entry code stores there until a call has a result; a fault leaves the user's value */
	if (BPF_CORE_READ(regs, ax) != (unsigned long)-ENOSYS)
		return -1;
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#endif
}

#endif /* DENOBPF_SYSCALL_H */
