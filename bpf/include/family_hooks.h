/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The hooks by which family.h follows a command, each in two forms, of which one is loaded:
 * lib/tool/trace/hooks.ts says when, and why. A kernel half includes this behind its
 *
 *	static __always_inline int handle_exec(__u32 old_tid)
 *	static __always_inline int handle_end(void)
 *
 * which call follow_exec() and leave_family(), besides what they do for the tool.
 */
#ifndef DENOBPF_FAMILY_HOOKS_H
#define DENOBPF_FAMILY_HOOKS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "family.h"

SEC("raw_tp/sched_process_fork")
int BPF_PROG(btf_fork, struct task_struct *parent, struct task_struct *child)
{
	adopt_child(BPF_CORE_READ(child, pid));
	return 0;
}

SEC("tp/sched/sched_process_fork")
int tp_fork(struct trace_event_raw_sched_process_fork *ctx)
{
	adopt_child(ctx->child_pid);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(btf_exec, struct task_struct *task, pid_t old_pid)
{
	return handle_exec(old_pid);
}

SEC("tp/sched/sched_process_exec")
int tp_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	return handle_exec(ctx->old_pid);
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_end)
{
	return handle_end();
}

SEC("tp/sched/sched_process_exit")
int tp_end(void *ctx)
{
	return handle_end();
}

#endif /* DENOBPF_FAMILY_HOOKS_H */
