// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of funclatency: how long functions of the kernel or of processes take, counted in slots of powers
 * of two. pairs.h joins calls and returns.
 *
 * A program at a function of a process can lose the CPU from Linux 6.0 on, and another task count by the same
 * entry meanwhile. So numbers are added to atomically; the extremes are not, for which Linux before 5.12 has no
 * instruction: one of two that come in the same instant may be missed.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "hook_groups.h"
#include "kinds.h"
#include "pairs.h"
#include "targets.h"
#include "which_hook.h"

#define SLOTS 64
#include "times.h"

/* distinguish functions */
const volatile bool by_hook;

/* trace this process alone: it measures what the probes take */
__u32 measuring_pid;

COUNTS(counts, struct group, struct times, 1, 0);

static __noinline int is_wanted(void)
{
	if (measuring_pid)
		return measuring_pid == targ_pid_of(current_task());
	return is_target();
}

static __noinline int begin_call(__u64 frame, __u32 hook)
{
	pair_begin(frame, hook);
	return 0;
}

SEC("kprobe")
int enter(struct pt_regs *ctx)
{
	__u32 hook = which_hook(ctx);

	if (hook != NO_HOOK && is_wanted())
		begin_call(kprobe_frame(ctx), hook);
	return 0;
}

static __noinline int count_time(__u32 hook, __u64 ns)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct times *times;

	if (by_hook)
		group.hook = hook;
	fill_group(&group);
	times = count_at(&counts, &group, &no_times);
	if (!times)
		return 0;
	widen_extremes(times, ns);
	__sync_fetch_and_add(&times->count, 1);
	__sync_fetch_and_add(&times->total_ns, ns);
	__sync_fetch_and_add(slot_of(times, ns), 1);
	return 0;
}

SEC("kprobe")
int leave(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct started_call *call;

	/* without cookies the address is that of the caller */
	call = pair_leave(kretprobe_frame(ctx),
			  has_cookies ? (__u32)bpf_get_attach_cookie(ctx) : NO_HOOK);
	if (!call)
		return 0;
	count_time(call->hook, now - call->start);
	pair_left(call->hook);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
