/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The hook at the beginning of every system call, in two forms, of which one is loaded: lib/tool/trace/hooks.ts
 * says when, and why. A kernel half that needs the number of the call alone includes this behind its
 *
 *	static __always_inline int on_enter(long nr)
 */
#ifndef DENOBPF_SYS_ENTER_H
#define DENOBPF_SYS_ENTER_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("raw_tp/sys_enter")
int BPF_PROG(btf_enter, struct pt_regs *regs, long nr)
{
	return on_enter(nr);
}

SEC("tp/raw_syscalls/sys_enter")
int tp_enter(struct trace_event_raw_sys_enter *ctx)
{
	return on_enter(ctx->id);
}

#endif /* DENOBPF_SYS_ENTER_H */
