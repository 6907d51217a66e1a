/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The hook at the beginning of every system call, for kernel halves that look at its registers: see sys_exit.h,
 * and sys_enter.h for those that need its number alone. It is included behind
 *
 *	static __always_inline int on_enter(void *ctx, struct pt_regs *regs, long nr)
 */
#ifndef DENOBPF_SYS_ENTER_REGISTERS_H
#define DENOBPF_SYS_ENTER_REGISTERS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "syscall.h"

SEC("tp_btf/sys_enter")
int BPF_PROG(btf_enter, struct pt_regs *regs, long nr)
{
	return on_enter(ctx, regs, nr);
}

SEC("tp/raw_syscalls/sys_enter")
int tp_enter(struct trace_event_raw_sys_enter *ctx)
{
	return on_enter(ctx, task_registers(), ctx->id);
}

#endif /* DENOBPF_SYS_ENTER_REGISTERS_H */
