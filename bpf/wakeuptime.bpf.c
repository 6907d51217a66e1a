// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of wakeuptime: for how long threads are blocked, by who wakes them up, and by the stacks with which
 * that is done.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "stacks.h"

/* whether stacks of processes are wanted, besides those of the kernel */
const volatile bool user_stacks = true;

/* who is blocked */
struct place {
	pid pid;
	tid tid;
	comm comm;
	__u32 state; /* a letter */
	__u32 iowait;
};

#include "off_cpu.h"
#include "wakers.h"

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	pid waker_pid;
	comm comm;
	comm waker_comm;
	stack_id kernel; /* -ENOENT if the wake-up was not seen */
	stack_id user;
};

struct time {
	__u64 count;
	duration_ns total_ns;
	duration_ns max_ns;
};

COUNTS(times, struct group, struct time, 32768, 0);

static __always_inline void fill_task(struct place *place, struct task_struct *task)
{
	place->pid = task->tgid;
	place->tid = task->pid;
	BPF_CORE_READ_STR_INTO(&place->comm, task, comm);
}

static __always_inline void on_left(void *ctx, struct task_struct *task, struct place *place)
{
	fill_task(place, task);
}

static __always_inline void on_seen(struct task_struct *task, struct place *place)
{
	fill_task(place, task);
}

static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until)
{
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.pid = absence->place.pid,
		.kernel = -ENOENT,
		.user = -ENOENT,
	};
	__u32 tid = absence->place.tid;
	struct waker *waker = bpf_map_lookup_elem(&wakers, &tid);
	struct time none = {}, *time;
	__u64 ns;

	if (waker) {
		/* it may be woken up when it is about to leave its CPU, and is not blocked for any time then */
		ns = absence->woken ? ns_between(absence->since, absence->woken) : 0;
		group.waker_pid = waker->pid;
		group.kernel = waker->kernel;
		group.user = waker->user;
		__builtin_memcpy(group.waker_comm, waker->comm, sizeof(group.waker_comm));
		bpf_map_delete_elem(&wakers, &tid);
	} else if (absence->place.state == 'W') {
		return; /* it was woken up before the trace, and has only waited for a CPU since then */
	} else {
		ns = ns_between(absence->since, until); /* not all kernels show each wake-up */
	}
	if (ns < min_ns || ns > max_ns)
		return;
	__builtin_memcpy(group.comm, absence->place.comm, sizeof(group.comm));
	time = count_at(&times, &group, &none);
	if (!time)
		return;
	time->count++;
	time->total_ns += ns;
	if (ns > time->max_ns)
		time->max_ns = ns;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
