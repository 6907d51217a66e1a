// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of bootstrap_legacy: bootstrap with a perf event array, as kernels before Linux 5.8 have
 * no ring buffer.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "exit.h"
#include "kinds.h"

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
	char filename[127];
};

/* A buffer for each CPU; those who read them count what did not fit. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__type(value, struct event);
} events SEC(".maps");

static __always_inline void begin_event(struct event *event, struct task_struct *task)
{
	/* padding included: all of it is sent */
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_boot_ns();
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
}

SEC("tp/sched/sched_process_exec")
int handle_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	/* the upper half of __data_loc is the length */
	void *filename = (void *)ctx + (__u16)ctx->__data_loc_filename;
	struct event event;

	if (min_duration_ns)
		return 0;
	begin_event(&event, (void *)bpf_get_current_task());
	bpf_probe_read_kernel_str(event.filename, sizeof(event.filename), filename);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

SEC("tp/sched/sched_process_exit")
int handle_exit(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);
	__u64 duration_ns = bpf_ktime_get_boot_ns() - start;
	struct event event;

	if (duration_ns < min_duration_ns || !is_process_end(task))
		return 0;
	begin_event(&event, task);
	event.exit_event = true;
	event.duration_ns = duration_ns;
	event.status = wait_status(task);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
