// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of offcputime: for how long threads are off CPU, by the stacks with which they leave it.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "stacks.h"

#define EOPNOTSUPP 95 /* include/uapi/asm-generic/errno.h */

/* which stacks are wanted */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;

/* whose time it is, and where it was spent */
struct place {
	pid pid;
	tid tid;
	stack_id kernel;
	stack_id user;
	comm comm;
	__u32 state; /* a letter */
	__u32 iowait;
};

#include "off_cpu.h"

struct group {
	__u32 set;
	cpu_nr cpu;
	struct place place;
};

struct time {
	__u64 count;
	duration_ns total_ns;
	duration_ns
		queued_ns; /* the part of it in which the thread could go on, and waited for a CPU */
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
	place->kernel = kernel_stacks ? keep_stack(ctx, STACK_KERNEL) : -ENOENT;
	place->user = user_stacks ? keep_stack(ctx, STACK_USER) : -ENOENT;
}

static __always_inline void on_seen(struct task_struct *task, struct place *place)
{
	fill_task(place, task);
	place->kernel = kernel_stacks ? keep_task_stack(task) : -ENOENT;
	place->user = user_stacks && task->mm ? -EOPNOTSUPP : -ENOENT;
}

static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until)
{
	__u64 ns = ns_between(absence->since, until);
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.place = absence->place,
	};
	struct time none = {}, *time;

	if (ns < min_ns || ns > max_ns)
		return;
	time = count_at(&times, &group, &none);
	if (!time)
		return;
	time->count++;
	time->total_ns += ns;
	if (absence->place.state == 'R')
		time->queued_ns += ns;
	else if (absence->woken)
		time->queued_ns += ns_between(absence->woken, until);
	if (ns > time->max_ns)
		time->max_ns = ns;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(btf_wakeup, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct absence *absence = bpf_map_lookup_elem(&absences, &tid);

	if (absence && !absence->woken)
		absence->woken = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
