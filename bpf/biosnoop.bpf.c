// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biosnoop: an event for every request to a block device, at its last completion. What is
 * known of a request at its issue is kept until then: who asked for it, its size, since when it waited.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"

/* trace this disk only */
const volatile __u32 targ_dev;
/* report requests of targets only */
const volatile bool by_owner;
/* report requests that take at least this long only */
const volatile __u64 min_ns;
/* report requests that fail only */
const volatile bool failures_only;
/* report these operations only: a bit for each, or 0 for all */
const volatile __u64 targ_ops;
/* find out whether a request begins where the one before it ended */
const volatile bool with_pattern;
/* count the bios that have been merged into a request */
const volatile bool with_merges;

enum pattern { PATTERN_UNKNOWN, PATTERN_RANDOM, PATTERN_SEQUENTIAL };

struct event {
	boot_ns time; /* of the last completion */
	duration_ns queue_ns; /* from when it was made to its issue */
	duration_ns latency_ns; /* from its issue to the last completion */
	__u64 sector; /* of 512 bytes */
	byte_count size_bytes;
	cgroup_id cgroup_id;
	dev dev;
	dev partition; /* 0: of the whole disk, or not known */
	pid pid;
	tid tid;
	__u32 cmd_flags;
	__s32 status; /* 0, a negated errno (Linux 5.10), or a blk_status_t */
	__u32 requeues;
	__u32 merges;
	__u32 owner; /* enum owner_kind */
	__u32 pattern; /* enum pattern */
	comm comm;
};

struct issue {
	__u64 start;
	__u32 requeued;
	__u32 requeues;
	struct event event; /* what is known of it at its issue */
};

#include "events.h"

#define OWNER_IS_TASK
#include "block_issues.h"

/* where the last request of a disk has ended */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} ends SEC(".maps");

/*
 * The partition that a request is for; 0 if it is for the whole disk, the kernel does not count its I/O, or
 * Linux is older than 5.11 and has another type there.
 */
static __always_inline __u32 partition_dev(struct request *rq, __u32 disk)
{
	struct block_device *part = (void *)BPF_CORE_READ(rq, part);
	__u32 dev;

	if (!part || !bpf_core_field_exists(part->bd_start_sect))
		return 0;
	dev = BPF_CORE_READ(part, bd_dev);
	return dev == disk ? 0 : dev;
}

static __always_inline enum pattern find_pattern(const struct event *event)
{
	__u64 end = event->sector + (event->size_bytes >> SECTOR_SHIFT), *last;
	enum pattern pattern = PATTERN_UNKNOWN;

	if (!event->size_bytes)
		return PATTERN_UNKNOWN;
	last = bpf_map_lookup_elem(&ends, &event->dev);
	if (last)
		pattern = *last == event->sector ? PATTERN_SEQUENTIAL : PATTERN_RANDOM;
	bpf_map_update_elem(&ends, &event->dev, &end, BPF_ANY);
	return pattern;
}

/* How many bios a request has besides the first. */
static __always_inline __u32 count_merges(struct request *rq)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);
	__u32 bios;

	for (bios = 0; bios < MAX_BIOS && bio; bios++)
		bio = BPF_CORE_READ(bio, bi_next);
	return bios ? bios - 1 : 0;
}

static __always_inline bool is_wanted_op(__u32 op)
{
	return !targ_ops || (op < 64 && targ_ops >> op & 1);
}

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue issue = { .start = bpf_ktime_get_ns() };
	struct event *event = &issue.event;
	struct owner owner = {};

	if (!is_first_issue(rq))
		return 0;
	event->owner = find_owner(rq, &owner);
	event->dev = disk_dev(rq);
	event->cmd_flags = BPF_CORE_READ(rq, cmd_flags);
	event->size_bytes = BPF_CORE_READ(rq, __data_len);
	event->sector = BPF_CORE_READ(rq, __sector);
	if (with_pattern)
		event->pattern = find_pattern(event);
	if (targ_dev && event->dev != targ_dev)
		return 0;
	if (by_owner && !owner.is_target)
		return 0;
	if (!is_wanted_op(event->cmd_flags & REQ_OP_MASK))
		return 0;
	if (event->owner != OWNER_UNKNOWN)
		event->queue_ns = issue.start - owner.time;
	event->pid = owner.pid;
	event->tid = owner.tid;
	__builtin_memcpy(event->comm, owner.comm, sizeof(event->comm));
	event->partition = partition_dev(rq, event->dev);
	event->cgroup_id = paying_cgroup(rq, &owner);
	if (with_merges)
		event->merges = count_merges(rq);
	keep_issue(rq, &issue);
	return 0;
}

SEC("raw_tp/block_rq_complete")
int btf_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	struct issue *issue = find_completed(rq, ctx[2]);
	__u64 latency_ns;
	struct event *event;
	__s32 status = ctx[1];

	if (!issue)
		return 0;
	latency_ns = bpf_ktime_get_ns() - issue->start;
	if (latency_ns < min_ns || (failures_only && !status))
		goto forget;
	event = reserve_event();
	if (!event)
		goto forget;
	*event = issue->event;
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = latency_ns;
	event->status = status;
	event->requeues = issue->requeues;
	submit_event(event);
forget:
	forget_issue(rq);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
