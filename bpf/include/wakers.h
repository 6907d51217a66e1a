/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who wakes up threads that are off CPU, and with which stacks: for kernel halves with off_cpu.h, which include
 * this behind it. The user half is lib/tool/wakers.ts.
 */
#ifndef DENOBPF_WAKERS_H
#define DENOBPF_WAKERS_H

/* the task that wakes another one up, or is interrupted for that */
struct waker {
	stack_id kernel; /* -ENOENT if the wake-up was not seen */
	stack_id user;
	comm comm;
	pid pid;
	__u32 zero; /* no padding */
};

/* Who has woken up each thread last, by its id. Threads that end before they block again leave their entries. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* as many as there may be threads, before load */
	__type(key, __u32);
	__type(value, struct waker);
} wakers SEC(".maps");

/*
 * In the task that wakes up another one: sched_wakeup may come later, on another CPU. A thread that still has its
 * CPU may be about to leave it, blocked: then this is the only wake-up that it gets. The kernel's stack is taken
 * in any case, as it shows whether the waker is an interrupt.
 */
SEC("tp_btf/sched_waking")
int BPF_PROG(btf_waking, struct task_struct *task)
{
	struct waker waker = { .pid = bpf_get_current_pid_tgid() >> 32 };
	__u32 tid = task->pid;
	struct absence *absence = bpf_map_lookup_elem(&absences, &tid);

	if (absence && absence->since)
		absence->woken = bpf_ktime_get_ns();
	else if (!is_on_cpu(task) || !is_target_task(task))
		return 0;
	bpf_get_current_comm(waker.comm, sizeof(waker.comm));
	waker.kernel = keep_stack(ctx, STACK_KERNEL);
	waker.user = user_stacks ? keep_stack(ctx, STACK_USER) : -ENOENT;
	if (bpf_map_update_elem(&wakers, &tid, &waker, BPF_ANY))
		count_lost_map();
	return 0;
}

#endif /* DENOBPF_WAKERS_H */
