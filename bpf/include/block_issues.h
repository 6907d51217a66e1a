/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Requests to block devices from their issue to the device to their last completion. Here is btf_requeue.
 *
 * A kernel half includes this behind its
 *
 *	struct issue { __u32 requeued; __u32 requeues; ...; };  what it keeps of a request
 *
 *	if (!is_first_issue(rq))                     at block_rq_issue
 *		return 0;
 *	kind = find_owner(rq, &owner);
 *	keep_issue(rq, &issue);
 *
 *	struct issue *issue = find_completed(rq, bytes);        at block_rq_complete
 *
 *	if (issue) { ...; forget_issue(rq); }
 */
#ifndef DENOBPF_BLOCK_ISSUES_H
#define DENOBPF_BLOCK_ISSUES_H

#include "block.h"

/* Preallocated: completions come in interrupts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS);
	__type(key, struct request *);
	__type(value, struct issue);
} issues SEC(".maps");

/* Whether a request is issued for the first time. Of one that the device has handed back the first counts. */
static __always_inline bool is_first_issue(struct request *rq)
{
	struct issue *known = bpf_map_lookup_elem(&issues, &rq);

	if (!known)
		return true;
	if (known->requeued) {
		known->requeued = false;
		return false;
	}
	/* of an earlier request at this address, whose end was not seen */
	bpf_map_delete_elem(&issues, &rq);
	return true;
}

static __always_inline void keep_issue(struct request *rq, const struct issue *issue)
{
	if (bpf_map_update_elem(&issues, &rq, issue, BPF_ANY))
		count_lost_map();
}

SEC("raw_tp/block_rq_requeue")
int btf_requeue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue *issue = bpf_map_lookup_elem(&issues, &rq);

	if (issue) {
		issue->requeued = true;
		issue->requeues++;
	}
	return 0;
}

/* What is kept of a request whose last bytes these are; NULL if nothing is, or there will be more. */
static __always_inline struct issue *find_completed(struct request *rq, __u32 bytes)
{
	struct issue *issue = bpf_map_lookup_elem(&issues, &rq);

	if (!issue) {
		forget_owner(rq);
		return NULL;
	}
	/* __data_len is what is left, 0 for a flush */
	return bytes >= BPF_CORE_READ(rq, __data_len) ? issue : NULL;
}

static __always_inline void forget_issue(struct request *rq)
{
	bpf_map_delete_elem(&issues, &rq);
}

#endif /* DENOBPF_BLOCK_ISSUES_H */
