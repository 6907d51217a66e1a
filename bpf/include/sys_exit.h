/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The hook at the end of every system call, in two forms, of which one is loaded: lib/tool/trace/hooks.ts says
 * when, and why. A kernel half that looks at the registers of the call includes this behind its
 *
 *	static __always_inline int on_exit(struct pt_regs *regs, long ret)
 */
#ifndef DENOBPF_SYS_EXIT_H
#define DENOBPF_SYS_EXIT_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "syscall.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(btf_exit, struct pt_regs *regs, long ret)
{
	return on_exit(regs, ret);
}

SEC("tp/raw_syscalls/sys_exit")
int tp_exit(struct trace_event_raw_sys_exit *ctx)
{
	return on_exit(task_registers(), ctx->ret);
}

#endif /* DENOBPF_SYS_EXIT_H */
