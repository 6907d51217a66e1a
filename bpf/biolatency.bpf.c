// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biolatency: counts requests to block devices by the logarithm of the time that they take,
 * from their issue to the device, or from when they were made, to their last completion.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "slots.h"

#define SLOTS 64

/* trace this disk only */
const volatile __u32 targ_dev;
/* the time begins when the request is made */
const volatile bool queued;
/* count the requests of targets only */
const volatile bool by_owner;
/* a histogram for each disk, and for each value of these bits of cmd_flags */
const volatile bool by_disk;
const volatile __u32 flags_mask;
/* nanoseconds in what slots are of */
const volatile __u64 unit_ns = 1000;

struct group {
	__u32 set;
	cpu_nr cpu;
	dev dev;
	__u32 cmd_flags;
};

struct latencies {
	__u64 count;
	__u64 errors;
	duration_ns total_ns;
	duration_ns min_ns;
	duration_ns max_ns;
	__u64 slots[SLOTS];
};

/* Preallocated: completions come in interrupts. More entries before load where there are several histograms. */
COUNTS(latencies, struct group, struct latencies, 1, 0);

/* too big for the stack */
static const struct latencies empty;

struct issue {
	__u64 start;
	__u32 dev;
	__u32 cmd_flags;
	__u32 requeued;
	__u32 requeues;
};

#include "block_issues.h"

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue issue = { .start = bpf_ktime_get_ns() };
	struct owner owner = {};
	bool owned = false;

	if (!is_first_issue(rq))
		return 0;
	if (queued || by_owner)
		owned = find_owner(rq, &owner) != OWNER_UNKNOWN;
	issue.dev = disk_dev(rq);
	if (targ_dev && issue.dev != targ_dev)
		return 0;
	if (by_owner && !(owned && owner.is_target))
		return 0;
	if (queued && owned)
		issue.start = owner.time;
	issue.cmd_flags = BPF_CORE_READ(rq, cmd_flags);
	keep_issue(rq, &issue);
	return 0;
}

static __always_inline void count_latency(const struct issue *issue, bool failed)
{
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.dev = by_disk ? issue->dev : 0,
		.cmd_flags = issue->cmd_flags & flags_mask,
	};
	__u64 ns = bpf_ktime_get_ns() - issue->start;
	__u64 slot = log2_slot(ns / unit_ns);
	struct latencies *found = count_at(&latencies, &group, &empty);

	if (!found)
		return;
	if (!found->count || ns < found->min_ns)
		found->min_ns = ns;
	if (ns > found->max_ns)
		found->max_ns = ns;
	found->total_ns += ns;
	found->errors += failed;
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	found->slots[slot & (SLOTS - 1)]++;
	found->count++;
}

SEC("raw_tp/block_rq_complete")
int btf_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	struct issue *issue = find_completed(rq, ctx[2]);

	if (!issue)
		return 0;
	count_latency(issue, (__u32)ctx[1]);
	forget_issue(rq);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
