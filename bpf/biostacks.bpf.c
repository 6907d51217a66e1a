// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biostacks: how long requests to block devices take, by the stacks with which they are asked for.
 * A stack is taken when the request is made, kept with its owner and then with the issue, and counted by at the last
 * completion. That may be long after: of both maps the user half reads which stacks are still needed.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "slots.h"
#include "stacks.h"

#define SLOTS 32 /* of microseconds: the last one is of 35 minutes and more */

/* trace this disk only */
const volatile __u32 targ_dev;
/* count the requests of targets only */
const volatile bool by_owner;
/* count these operations only: a bit for each, or 0 for all */
const volatile __u64 targ_ops;
/* count requests that take at least this long only */
const volatile __u64 min_ns;
/* nanoseconds in what slots are of */
const volatile __u64 unit_ns = 1000;
/* whether stacks of processes are wanted, besides those of the kernel */
const volatile bool user_stacks = true;

struct group {
	__u32 set;
	cpu_nr cpu;
	stack_id kernel;
	stack_id user;
	dev dev;
	pid pid;
	__u32 op; /* enum req_op */
	__u32 owner; /* enum owner_kind */
	comm comm; /* empty for OWNER_UNKNOWN */
};

struct latencies {
	__u64 count;
	__u64 errors;
	byte_count bytes;
	duration_ns total_ns;
	duration_ns queue_ns; /* the part of it until the issue */
	duration_ns min_ns;
	duration_ns max_ns;
	__u32 slots[SLOTS];
};

/* too big for the stack */
static const struct latencies empty;

/* Preallocated: completions come in interrupts. */
COUNTS(latencies, struct group, struct latencies, 8192, 0);

struct issue {
	__u64 start; /* when the request was made, or issued if that is not known */
	__u64 queue_ns; /* from then to the issue */
	__u64 bytes;
	__u32 requeued;
	__u32 requeues;
	struct group group; /* without set and CPU */
};

#define OWNER_IS_TASK
#define OWNER_HAS_STACKS
#include "block_issues.h"

static __always_inline bool is_wanted_op(__u32 op)
{
	return !targ_ops || (op < 64 && targ_ops >> op & 1);
}

/* A flush of the device has no bio: it is of what asks for it. */
static __always_inline bool is_wanted_bio(struct bio *bio)
{
	if (targ_dev && bio_disk_dev(bio) != targ_dev)
		return false;
	return is_wanted_op(BPF_CORE_READ(bio, bi_opf) & REQ_OP_MASK) ||
	       (is_wanted_op(REQ_OP_FLUSH) && asks_for_flush(bio));
}

static __always_inline void keep_stacks(void *ctx, struct owner *owner)
{
	owner->kernel = keep_stack(ctx, STACK_KERNEL);
	owner->user = user_stacks ? keep_stack(ctx, STACK_USER) : -ENOENT;
}

static __always_inline bool take_stacks(void *ctx, struct bio *bio, struct owner *owner)
{
	if ((by_owner && !owner->is_target) || !is_wanted_bio(bio))
		return false;
	keep_stacks(ctx, owner);
	return true;
}

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue issue = { .start = bpf_ktime_get_ns() };
	struct owner owner = { .kernel = -ENOENT, .user = -ENOENT };
	struct group *group = &issue.group;

	if (!is_first_issue(rq))
		return 0;
	group->owner = find_owner(rq, &owner);
	group->dev = disk_dev(rq);
	group->op = request_op(rq);
	if (targ_dev && group->dev != targ_dev)
		return 0;
	if (by_owner && !owner.is_target)
		return 0;
	if (!is_wanted_op(group->op))
		return 0;
	if (group->owner == OWNER_PASSTHROUGH)
		keep_stacks(ctx, &owner);
	if (group->owner == OWNER_TASK) {
		issue.queue_ns = issue.start - owner.time;
		issue.start = owner.time;
	}
	issue.bytes = BPF_CORE_READ(rq, __data_len);
	group->kernel = owner.kernel;
	group->user = owner.user;
	group->pid = owner.pid;
	__builtin_memcpy(group->comm, owner.comm, sizeof(group->comm));
	keep_issue(rq, &issue);
	return 0;
}

static __always_inline void count_latency(const struct issue *issue, bool failed)
{
	__u64 ns = bpf_ktime_get_ns() - issue->start;
	__u64 log = log2_slot(ns / unit_ns), slot = log < SLOTS ? log : SLOTS - 1;
	struct group group = issue->group;
	struct latencies *found;

	if (ns < min_ns)
		return;
	group.set = set;
	group.cpu = bpf_get_smp_processor_id();
	found = count_at(&latencies, &group, &empty);
	if (!found)
		return;
	if (!found->count || ns < found->min_ns)
		found->min_ns = ns;
	if (ns > found->max_ns)
		found->max_ns = ns;
	found->total_ns += ns;
	found->queue_ns += issue->queue_ns;
	found->bytes += issue->bytes;
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
