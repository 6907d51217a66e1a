// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of offcputime: for how long threads are off CPU, by the stacks with which they leave it.
 *
 * A thread leaves its CPU as prev of a switch, where it is the current task and its stacks can be read, and
 * is back as next of another one. Threads that have ended leave for good, and idle tasks wait for nothing:
 * both are left out. Threads that are off CPU when the tool starts are taken from an iterator over all tasks.
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
#include "stacks.h"
#include "task_targets.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */
#define EOPNOTSUPP 95
#define ANY_STATE (~0ULL)

/* which stacks are wanted */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;
/* threads of processes only, or of the kernel only */
const volatile bool user_threads_only;
const volatile bool kernel_threads_only;
/* threads in targ_tids only */
const volatile bool targ_by_tid;
/* those only that leave in one of these states: bit 0 is 'A' */
const volatile __u64 targ_states = ANY_STATE;
/* or that wait for a disk, or the like */
const volatile bool targ_iowait;
/* times from this on, up to that */
const volatile __u64 min_ns;
const volatile __u64 max_ns = ~0ULL;

/* the iterator has not seen all threads yet */
bool seeding;

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

struct absence {
	__u64 since; /* bpf_ktime_get_ns(), or 0 for a thread that has moved while the iterator was at work */
	__u64 woken; /* the same, or 0 if nobody has woken it up yet */
	struct place place;
};

/* threads that are off CPU, by their ids */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there may be threads, before load */
	__type(key, __u32);
	__type(value, struct absence);
} absences SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there are threads, before load */
	__type(key, __u32);
	__type(value, bool);
} targ_tids SEC(".maps");

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

static __always_inline bool is_wanted(struct task_struct *task, __u32 letter, bool iowait)
{
	bool of_kernel = task->flags & PF_KTHREAD;
	__u32 tid = task->pid;

	if (user_threads_only && of_kernel)
		return false;
	if (kernel_threads_only && !of_kernel)
		return false;
	if (targ_by_tid && !bpf_map_lookup_elem(&targ_tids, &tid))
		return false;
	return targ_states & 1ULL << (letter - 'A' & 63) || (targ_iowait && iowait);
}

static __always_inline bool is_in_iowait(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
}

static __always_inline void add_time(const struct absence *absence, __u64 until)
{
	/* clocks of two CPUs may differ by a little */
	__u64 ns = until > absence->since ? until - absence->since : 0;
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
	else if (absence->woken && until > absence->woken)
		time->queued_ns += until - absence->woken;
	if (ns > time->max_ns)
		time->max_ns = ns;
}

/*
 * A thread has got a CPU. While the iterator is at work, that stays noted: it may have seen the thread off CPU
 * before this, and be about to enter it. Of a thread that ends meanwhile, the empty entry stays until its number
 * is used again.
 */
static __always_inline void arrive(__u32 tid, __u64 when)
{
	struct absence *absence = bpf_map_lookup_elem(&absences, &tid), present = {};

	if (absence && absence->since)
		add_time(absence, when);
	if (seeding)
		bpf_map_update_elem(&absences, &tid, &present, BPF_ANY);
	else if (absence)
		bpf_map_delete_elem(&absences, &tid);
}

/* A thread, the current one, loses its CPU in this state. */
static __always_inline void leave(void *ctx, struct task_struct *prev, __u32 state, __u64 now)
{
	struct absence absence = { .since = now };
	__u32 tid = prev->pid;

	/* not all kernels show each switch: prev may have got the CPU unseen, when its time slice began */
	arrive(tid, now - ran_ns(prev));
	if (state & TASK_DEAD)
		return;
	absence.place.state = state_letter(state);
	absence.place.iowait = is_in_iowait(prev);
	if (!is_wanted(prev, absence.place.state, absence.place.iowait) || !is_target())
		return;
	absence.place.pid = prev->tgid;
	absence.place.tid = tid;
	absence.place.kernel = kernel_stacks ? keep_stack(ctx, STACK_KERNEL) : -ENOENT;
	absence.place.user = user_stacks ? keep_stack(ctx, STACK_USER) : -ENOENT;
	bpf_get_current_comm(absence.place.comm, sizeof(absence.place.comm));
	if (bpf_map_update_elem(&absences, &tid, &absence, BPF_ANY))
		count_lost_map();
}

SEC("tp_btf/sched_switch")
int BPF_PROG(btf_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 state = switched_state(ctx, prev);
	__u64 now = bpf_ktime_get_ns();

	/* idle tasks wait for nothing; what the kernel has preempted runs on as soon as it may, whatever its state */
	if (prev->pid)
		leave(ctx, prev, stays_runnable(preempt, prev, state) ? 0 : state, now);
	if (next->pid)
		arrive(next->pid, now);
	return 0;
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

/* Notes the threads that are off CPU, once the hooks are attached. Their time begins with the trace. */
SEC("iter/task")
int seed_absences(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct absence absence = {};
	__u32 tid, state;
	int error; /* Linux 5.10 leaves the upper half of a long as it is */

	if (!task)
		return 0;
	tid = task->pid;
	state = task_state(task);
	if (is_on_cpu(task) || task->exit_state || state & (TASK_DEAD | TASK_NEW))
		return 0;
	absence.place.state = state_letter(state);
	absence.place.iowait = is_in_iowait(task);
	if (!is_wanted(task, absence.place.state, absence.place.iowait) || !is_target_task(task))
		return 0;
	absence.place.pid = task->tgid;
	absence.place.tid = tid;
	absence.place.kernel = kernel_stacks ? keep_task_stack(task) : -ENOENT;
	absence.place.user = user_stacks && task->mm ? -EOPNOTSUPP : -ENOENT;
	bpf_probe_read_kernel_str(absence.place.comm, sizeof(absence.place.comm), task->comm);
	absence.since = bpf_ktime_get_ns();
	/* what has moved meanwhile is known by now */
	error = bpf_map_update_elem(&absences, &tid, &absence, BPF_NOEXIST);
	if (error && error != -EEXIST)
		count_lost_map();
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
