// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of cpudist: how long tasks are on a CPU at a time, or off CPU, counted in slots of powers of two.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"

#define IN_IOWAIT 'd' /* in place of D, for a task that waits for a disk, or the like */

/* count idle tasks, too */
const volatile bool include_idle;

/* where a task is that is off CPU */
struct place {
	__u32 state; /* a letter */
	__u32 iowait;
};

#include "off_cpu.h"
#include "task_times.h"

/* the task that each CPU was last seen to get */
struct slice {
	__u64 since; /* bpf_ktime_get_ns(), or 0 before the first switch */
	tid tid;
	__u32 zero; /* no padding */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slice);
} slices SEC(".maps");

static __always_inline void on_left(void *ctx, struct task_struct *task, struct place *place)
{
}

static __always_inline void on_seen(struct task_struct *task, struct place *place)
{
}

static __always_inline __u32 kind_of(__u32 letter, bool iowait)
{
	return letter == 'D' && iowait ? IN_IOWAIT : letter;
}

static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until)
{
	add_time(task, kind_of(absence->place.state, absence->place.iowait),
		 ns_between(absence->since, until));
}

/* Counts the time that prev, the current task, has had its CPU. */
static __always_inline void end_slice(struct task_struct *prev, __u32 state,
				      const struct slice *slice, __u64 now)
{
	/* not all kernels show each switch: prev got the CPU unseen, when its time slice began */
	__u64 ns = slice->tid == prev->pid ? ns_between(slice->since, now) : ran_ns(prev);

	if (!prev->pid && !include_idle)
		return;
	if (is_target())
		add_time(prev, kind_of(state_letter(state), is_in_iowait(prev)), ns);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(btf_slice, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 zero = 0, state = switched_state(ctx, prev);
	struct slice *slice = bpf_map_lookup_elem(&slices, &zero);
	__u64 now = bpf_ktime_get_ns();

	if (!slice)
		return 0;
	if (slice->since)
		end_slice(prev, stays_runnable(preempt, prev, state) ? 0 : state, slice, now);
	slice->since = now;
	slice->tid = next->pid;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
