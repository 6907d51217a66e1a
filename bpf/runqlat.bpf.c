// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of runqlat: how long tasks wait for a CPU.
 *
 * A wait begins when a task is woken up, is new, or leaves the CPU while it could go on. It ends when the
 * task gets a CPU. The task that waits is asked whether it is a target, not the current one.
 *
 * The scheduler holds a lock and has interrupts off: one form of each hook is enough, and maps are preallocated.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "sched.h"
#include "slots.h"
#include "task_targets.h"

#define SLOTS 40 /* the last one takes what is longer: more than 9 minutes even of nanoseconds */

/* what a slot's powers of two count: 1000 for microseconds */
const volatile __u64 unit_ns = 1000;
/* what distinguishes waits */
const volatile bool by_pid;
const volatile bool by_tid;
const volatile bool by_pidns;
const volatile bool by_cgroup;
const volatile bool by_kind;

enum kind { KIND_WOKEN, KIND_NEW, KIND_PREEMPTED };

struct wait {
	__u64 start;
	__u64 kind; /* an enum kind */
};

/* the tasks that wait for a CPU, by tid */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct wait);
} waiting SEC(".maps");

/* the tid of the task that each CPU was last seen to get */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} running SEC(".maps");

struct group {
	__u32 set;
	cpu_nr cpu;
	cgroup_id cgroup;
	pid pid;
	tid tid;
	ns_inum pidns;
	__u32 kind;
};

struct waits {
	__u64 count;
	duration_ns total_ns;
	duration_ns min_ns;
	duration_ns max_ns;
	__u32 slots[SLOTS];
};

/* too big for the stack */
static const struct waits no_waits;

/* two sets for each CPU; more before load where waits are distinguished */
COUNTS(counts, struct group, struct waits, 1, 0);

struct name_key {
	__u32 set;
	__u32 id; /* of the process, or of the thread where these are distinguished */
};

struct name {
	char comm[16];
};

/* the names of the tasks in counts, as they were at their last wait */
COUNTS(names, struct name_key, struct name, 1, 0);

static __always_inline void begin_wait(struct task_struct *task, enum kind kind)
{
	struct wait wait = { .kind = kind }, *known;
	__u32 tid = task->pid;

	/* an idle task waits for nothing */
	if (!tid || !is_target_task(task))
		return;
	known = bpf_map_lookup_elem(&waiting, &tid);
	/* it was preempted on its way to sleep, and has waited since then */
	if (known && known->kind == KIND_PREEMPTED && kind == KIND_WOKEN)
		return;
	wait.start = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waiting, &tid, &wait, BPF_ANY))
		count_lost_map();
}

static __always_inline void keep_name(struct task_struct *task, __u32 set)
{
	struct name_key key = { .set = set, .id = by_tid ? task->pid : task->tgid };
	struct name empty = {}, *name = count_at(&names, &key, &empty);

	if (!name)
		return;
	if (by_tid)
		BPF_CORE_READ_STR_INTO(&name->comm, task, comm);
	else
		BPF_CORE_READ_STR_INTO(&name->comm, task, group_leader, comm);
}

static __always_inline void count_wait(struct task_struct *task, __u64 ns, __u32 kind)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	__u32 slot;
	struct waits *waits;

	if (by_pid)
		group.pid = task->tgid;
	if (by_tid)
		group.tid = task->pid;
	if (by_pidns)
		group.pidns = task_pidns(task);
	if (by_cgroup)
		group.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	if (by_kind)
		group.kind = kind;
	waits = count_at(&counts, &group, &no_waits);
	if (!waits)
		return;
	if (by_pid || by_tid)
		keep_name(task, group.set);
	if (!waits->count || ns < waits->min_ns)
		waits->min_ns = ns;
	if (ns > waits->max_ns)
		waits->max_ns = ns;
	waits->count++;
	waits->total_ns += ns;
	slot = log2_slot(ns / unit_ns);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	waits->slots[slot]++;
}

/* Ends the wait of a task that has got the CPU this long ago. */
static __always_inline void end_wait(struct task_struct *task, __u64 ran_ns)
{
	__u64 end = bpf_ktime_get_ns() - ran_ns;
	__u32 tid = task->pid;
	struct wait *wait = bpf_map_lookup_elem(&waiting, &tid);

	if (!wait)
		return;
	/* the clocks of two CPUs may be apart by a little */
	count_wait(task, end > wait->start ? end - wait->start : 0, wait->kind);
	bpf_map_delete_elem(&waiting, &tid);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(btf_wakeup, struct task_struct *task)
{
	/* woken up before it has left the CPU, it waits for none */
	if (!is_on_cpu(task))
		begin_wait(task, KIND_WOKEN);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(btf_wakeup_new, struct task_struct *task)
{
	begin_wait(task, KIND_NEW);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(btf_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 zero = 0, *seen = bpf_map_lookup_elem(&running, &zero);

	if (!seen)
		return 0;
	/* not all kernels show each switch: prev got the CPU unseen, when its time slice began */
	if (*seen != prev->pid)
		end_wait(prev, ran_ns(prev));
	if (stays_runnable(preempt, prev, switched_state(ctx, prev)))
		begin_wait(prev, KIND_PREEMPTED);
	end_wait(next, 0);
	*seen = next->pid;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
