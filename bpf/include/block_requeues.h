/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Requests to block devices that are counted as they are issued, each once, although the device may hand one
 * back and get it again. Nothing is kept of the others. Here are btf_requeue and btf_complete.
 *
 *	if (!is_first_issue(rq))                     at block_rq_issue
 *		return 0;
 */
#ifndef DENOBPF_BLOCK_REQUEUES_H
#define DENOBPF_BLOCK_REQUEUES_H

#include "block.h"

/* whether btf_getrq is loaded */
const volatile bool with_owners = true;

/* Requests that were issued and handed back. Preallocated: a hook may hold a lock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct request *);
	__type(value, bool);
} handed_back SEC(".maps");

/* how many of them there are: hardly ever one */
__u64 now_back;

/* Takes a request out that was handed back. Returns whether it was. */
static __always_inline bool take_back(struct request *rq)
{
	if (!now_back || bpf_map_delete_elem(&handed_back, &rq))
		return false;
	__sync_fetch_and_add(&now_back, -1);
	return true;
}

static __always_inline bool is_first_issue(struct request *rq)
{
	return !take_back(rq);
}

SEC("raw_tp/block_rq_requeue")
int btf_requeue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	bool yes = true;

	/* it may be put back before it was issued as well, and does not change its state then */
	if (BPF_CORE_READ(rq, state) == MQ_RQ_IDLE)
		return 0;
	if (bpf_map_update_elem(&handed_back, &rq, &yes, BPF_NOEXIST))
		count_lost_map();
	else
		__sync_fetch_and_add(&now_back, 1);
	return 0;
}

/* A request may also end after it was handed back: its address is soon another one's. */
SEC("raw_tp/block_rq_complete")
int btf_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];

	take_back(rq);
	if (with_owners)
		forget_owner(rq);
	return 0;
}

#endif /* DENOBPF_BLOCK_REQUEUES_H */
