// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of threadsnoop: an event for each thread that a process creates, and for each that ends. The
 * kernel knows all of them, whatever made them; pthread_create() knows which function they run.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "targets.h"

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */

const volatile bool with_caller;
const volatile bool with_cgroup;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	__u64 clone_flags;
	__u64 func; /* what pthread_create() was asked to run, or 0 */
	__u64 caller; /* where the process has called the kernel, or 0 */
	duration_ns duration_ns; /* of an end: how long it lived */
	pid pid;
	tid tid; /* the thread that creates one, or that ends */
	tid new_tid; /* or 0 of an end */
	uid uid;
	__u32 cpus; /* that it may run on */
	__u32 cgroup_size;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2 * 1024) /* PARTS_ROOM */
#include "paths.h"

/* What each thread is in pthread_create() for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} funcs SEC(".maps");

SEC("uprobe")
int BPF_KPROBE(pthread_create_entry, void *thread, void *attributes, void *routine)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 func = (__u64)routine;

	if (is_target() && bpf_map_update_elem(&funcs, &tid, &func, BPF_ANY))
		count_lost_map();
	return 0;
}

/* It may have failed: a thread that is created otherwise must not have the function of that one. */
SEC("uretprobe")
int pthread_create_exit(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&funcs, &tid);
	return 0;
}

__noinline int write_cgroup(void)
{
	struct event *event = begun_record();

	return event ? append_cgroup(event, current_task()) : 0;
}

static __always_inline struct event *begin_event(void)
{
	struct event *event = begin_record();

	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	return event;
}

static __always_inline int on_new(void *ctx, __u32 new_tid, __u64 clone_flags)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct event *event;
	__u64 *func;

	if (!(clone_flags & CLONE_THREAD) || !is_target())
		return 0;
	event = begin_event();
	if (!event)
		return 0;
	event->new_tid = new_tid;
	event->clone_flags = clone_flags;
	event->cpus = BPF_CORE_READ(current_task(), nr_cpus_allowed);
	func = bpf_map_lookup_elem(&funcs, &tid);
	if (func)
		event->func = *func;
	if (with_caller &&
	    bpf_get_stack(ctx, &event->caller, sizeof(event->caller), BPF_F_USER_STACK) < 0)
		event->caller = 0;
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	send_record(event);
	return 0;
}

/* The leader of a process is no thread that was created in it. */
static __always_inline int on_exit(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct event *event;

	if (id >> 32 == (__u32)id || !is_target())
		return 0;
	event = begin_event();
	if (!event)
		return 0;
	event->duration_ns = event->time - BPF_CORE_READ(current_task(), start_boottime);
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	send_record(event);
	return 0;
}

/* Each hook in two forms, of which one is loaded: lib/tool/trace/hooks.ts says when, and why. */

SEC("raw_tp/task_newtask")
int BPF_PROG(btf_new, struct task_struct *task, __u64 clone_flags)
{
	return on_new(ctx, BPF_CORE_READ(task, pid), clone_flags);
}

SEC("tp/task/task_newtask")
int tp_new(struct trace_event_raw_task_newtask *ctx)
{
	return on_new(ctx, ctx->pid, ctx->clone_flags);
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_exit, struct task_struct *task)
{
	return on_exit();
}

SEC("tp/sched/sched_process_exit")
int tp_exit(void *ctx)
{
	return on_exit();
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
