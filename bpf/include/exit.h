/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * When a process ends, and how: for programs at sched_process_exit, which sees threads.
 */
#ifndef DENOBPF_EXIT_H
#define DENOBPF_EXIT_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */

struct process {
	__u64 pid;
	__u64 start;
};

/* processes whose end has just been seen */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process);
	__type(value, bool);
} ended SEC(".maps");

/* Whether this thread's end is the end of its process: true once for each process. */
static __always_inline bool is_process_end(struct task_struct *task)
{
	struct process process = {};
	bool yes = true;

	/* A process ends with its last thread, which need not be the first one it had. */
	if (BPF_CORE_READ(task, signal, live.counter))
		return false;
	/* The last threads may get here side by side, on several CPUs: the first one counts. */
	process.pid = BPF_CORE_READ(task, tgid);
	process.start = BPF_CORE_READ(task, group_leader, start_boottime);
	return bpf_map_update_elem(&ended, &process, &yes, BPF_NOEXIST) == 0;
}

/* What wait(2) will return to the parent; see wait_task_zombie() in kernel/exit.c. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

#endif /* DENOBPF_EXIT_H */
