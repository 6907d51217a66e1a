/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Requests to block devices, as the tracepoints block_getrq, block_rq_issue, block_rq_merge,
 * block_rq_requeue and block_rq_complete show them.
 *
 * Only their raw form is of use: the classic tracepoints name a request by device and sector, which
 * several requests can have at the same time.
 */
#ifndef DENOBPF_BLOCK_H
#define DENOBPF_BLOCK_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "losses.h"
#include "targets.h"

#define REQ_OP_MASK 0xff /* include/linux/blk_types.h: the rest are flags */

/* whether the tracepoints pass the queue first, as they did once: the user half looks into BTF */
const volatile bool getrq_has_queue;
const volatile bool rq_has_queue;

/* The request or bio of a raw tracepoint, which is its first argument or follows the queue. */
static __always_inline void *behind_queue(__u64 *ctx, bool has_queue)
{
	void *arg = (void *)ctx[0];

	/* or the compiler computes an address in ctx, which the verifier does not allow */
	barrier_var(arg);
	if (has_queue)
		arg = (void *)ctx[1];
	return arg;
}

/* until Linux 5.16 */
struct request___old {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

/* The disk of a request as dev_t, 0 if there is none. */
static __always_inline __u32 disk_dev(struct request *rq)
{
	struct request___old *old = (void *)rq;
	struct gendisk *disk;

	if (bpf_core_field_exists(old->rq_disk))
		disk = BPF_CORE_READ(old, rq_disk);
	else
		disk = BPF_CORE_READ(rq, q, disk);
	if (!disk)
		return 0;
	return BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor);
}

/* Whether a completion of these bytes is the last one: __data_len is what is left, 0 for a flush. */
static __always_inline bool is_last(struct request *rq, __u32 bytes)
{
	return bytes >= BPF_CORE_READ(rq, __data_len);
}

/*
 * Who asked for a request: the task that was current when it was made for a bio. Later, at its issue,
 * that is often a worker of the kernel.
 */
struct owner {
	__u64 time; /* when the request was made: bpf_ktime_get_ns() */
	__u64 is_target;
};

/* Preallocated: a hook may hold a lock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* less before load, if nobody asks */
	__type(key, struct bio *);
	__type(value, struct owner);
} owners SEC(".maps");

/* Keeps the owner, for block_getrq. The kernel passes a bio without data on to requests of its own. */
static __always_inline void keep_owner(struct bio *bio)
{
	struct owner owner = { .time = bpf_ktime_get_ns(), .is_target = is_target() };

	if (!bio || !BPF_CORE_READ(bio, bi_iter.bi_size))
		return;
	if (bpf_map_update_elem(&owners, &bio, &owner, BPF_ANY))
		count_lost_map();
}

/* Takes out the owner, for block_rq_issue. Returns false if there is none: nobody's bio, or none at all. */
static __always_inline bool take_owner(struct request *rq, struct owner *owner)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);
	struct owner *known = bpf_map_lookup_elem(&owners, &bio);

	if (!known)
		return false;
	*owner = *known;
	bpf_map_delete_elem(&owners, &bio);
	return true;
}

/* For block_rq_merge: a request that has become part of another one is never issued. */
static __always_inline void drop_owner(struct request *rq)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);

	bpf_map_delete_elem(&owners, &bio);
}

#endif /* DENOBPF_BLOCK_H */
