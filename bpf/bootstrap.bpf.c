// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of bootstrap: an event when a process executes a file, and one when it ends.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "exit.h"
#include "kinds.h"
#include "targets.h"

/* report only the ends of processes that lived at least so long; 0 reports everything */
const volatile __u64 min_duration_ns;

struct event {
	boot_ns time;
	__u64 duration_ns; /* how long the process lived */
	pid pid;
	pid ppid;
	__u32 status; /* as wait(2) returns it */
	bool exit_event;
	comm comm;
	char filename[256];
};

#include "events.h"

static __always_inline struct event *begin_event(struct task_struct *task)
{
	struct event *event = reserve_event();

	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	return event;
}

static __always_inline int on_exec(struct task_struct *task, const void *filename)
{
	struct event *event;

	if (!is_target())
		return 0;
	event = begin_event(task);
	if (!event)
		return 0;
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), filename);
	submit_event(event);
	return 0;
}

static __always_inline int on_exit(struct task_struct *task)
{
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);
	__u64 duration_ns = bpf_ktime_get_boot_ns() - start;
	struct event *event;

	if (duration_ns < min_duration_ns || !is_target() || !is_process_end(task))
		return 0;
	event = begin_event(task);
	if (!event)
		return 0;
	event->exit_event = true;
	event->duration_ns = duration_ns;
	event->status = wait_status(task);
	submit_event(event);
	return 0;
}

/* Each hook in two forms, of which one is loaded: lib/tool/trace/hooks.ts says when, and why. */

SEC("raw_tp/sched_process_exec")
int BPF_PROG(btf_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, BPF_CORE_READ(bprm, filename));
}

SEC("tp/sched/sched_process_exec")
int tp_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	/* the upper half of __data_loc is the length */
	return on_exec((void *)bpf_get_current_task(),
		       (void *)ctx + (__u16)ctx->__data_loc_filename);
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_exit, struct task_struct *task)
{
	return on_exit(task);
}

SEC("tp/sched/sched_process_exit")
int tp_exit(void *ctx)
{
	return on_exit((void *)bpf_get_current_task());
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
