// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biolatency: counts requests to block devices by the logarithm of the time that they take,
 * from their issue to the device, or from when they were made, to their last completion.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "block.h"
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
	__u64 requeued; /* it will be issued again, and the first time counts */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct request *);
	__type(value, struct issue);
} issues SEC(".maps");

SEC("raw_tp/block_getrq")
int btf_getrq(__u64 *ctx)
{
	keep_owner(behind_queue(ctx, getrq_has_queue));
	return 0;
}

SEC("raw_tp/block_rq_merge")
int btf_merge(__u64 *ctx)
{
	drop_owner(behind_queue(ctx, rq_has_queue));
	return 0;
}

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue *known = bpf_map_lookup_elem(&issues, &rq);
	struct issue issue = { .start = bpf_ktime_get_ns() };
	struct owner owner = {};
	bool owned = false;

	if (known && known->requeued) {
		known->requeued = false;
		return 0;
	}
	/* of an earlier request at this address, whose end was not seen */
	if (known)
		bpf_map_delete_elem(&issues, &rq);
	if (queued || by_owner)
		owned = take_owner(rq, &owner);
	issue.dev = disk_dev(rq);
	if (targ_dev && issue.dev != targ_dev)
		return 0;
	if (by_owner && !(owned && owner.is_target))
		return 0;
	if (queued && owned)
		issue.start = owner.time;
	issue.cmd_flags = BPF_CORE_READ(rq, cmd_flags);
	if (bpf_map_update_elem(&issues, &rq, &issue, BPF_ANY))
		count_lost_map();
	return 0;
}

SEC("raw_tp/block_rq_requeue")
int btf_requeue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue *issue = bpf_map_lookup_elem(&issues, &rq);

	if (issue)
		issue->requeued = true;
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
	struct issue *issue = bpf_map_lookup_elem(&issues, &rq);

	if (!issue || !is_last(rq, ctx[2]))
		return 0;
	count_latency(issue, (__u32)ctx[1]);
	bpf_map_delete_elem(&issues, &rq);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
