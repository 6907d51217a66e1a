/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Requests to block devices, and who asked for one. Here are programs that all tools have alike: btf_getrq and
 * btf_merge. Only the raw form of these tracepoints is of use: the classic one names a request by device and
 * sector, which several requests can have at the same time.
 *
 * A kernel half includes block_issues.h, which times requests, or block_requeues.h, which counts them as they
 * are issued; both include this.
 *
 *	kind = find_owner(rq, &owner);               at block_rq_issue
 *
 * With OWNER_IS_TASK defined, an owner has the task's name and numbers as well. With OWNER_HAS_STACKS, it has the
 * stacks with which it has asked: the kernel half includes stacks.h, and defines take_stacks().
 */
#ifndef DENOBPF_BLOCK_H
#define DENOBPF_BLOCK_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "disks.h"
#include "losses.h"
#include "targets.h"

/* include/linux/blk_types.h */
#define REQ_OP_MASK 0xff /* the rest are flags */
#define REQ_OP_WRITE 1
#define REQ_OP_FLUSH 2
#define REQ_OP_SCSI_IN 32 /* from here on no data of the disk: commands for the device itself */
#define REQUESTS \
	16384 /* that are under way at the same time; what does not fit is counted as lost */
#define MAX_BIOS 256 /* of a request that are looked at */

/* whether the tracepoints pass the queue first, as they did once: the user half looks into BTF */
const volatile bool getrq_has_queue;
const volatile bool rq_has_queue;

static __always_inline __u32 request_op(struct request *rq)
{
	return BPF_CORE_READ(rq, cmd_flags) & REQ_OP_MASK;
}

/*
 * Who asked for a request: the task that was current when it was made for a bio. Later, at its issue,
 * that is often a worker of the kernel.
 */
struct owner {
	__u64 time; /* when the request was made: bpf_ktime_get_ns() */
	__u64 is_target;
#ifdef OWNER_IS_TASK
	__u64 cgroup_id;
	__u32 pid;
	__u32 tid;
	char comm[16];
#endif
#ifdef OWNER_HAS_STACKS
	stack_id kernel;
	stack_id user;
#endif
};

#ifdef OWNER_HAS_STACKS
/* Takes the stacks of the current task, which asks for a bio. Returns false if nobody wants to know about it. */
static __always_inline bool take_stacks(void *ctx, struct bio *bio, struct owner *owner);
#endif

enum owner_kind {
	OWNER_UNKNOWN, /* it was made before it could be seen */
	OWNER_TASK,
	OWNER_FLUSH_OF, /* a flush of the device: the task of the request that has waited longest for it */
	OWNER_PASSTHROUGH, /* a command for the device itself: the task that issued it */
};

/* Preallocated: a hook may hold a lock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS); /* less before load, if nobody asks */
	__type(key, struct bio *);
	__type(value, struct owner);
} owners SEC(".maps");

static __always_inline void set_owner(struct owner *owner)
{
	owner->time = bpf_ktime_get_ns();
	owner->is_target = is_target();
#ifdef OWNER_IS_TASK
	owner->cgroup_id = bpf_get_current_cgroup_id();
	owner->pid = bpf_get_current_pid_tgid() >> 32;
	owner->tid = bpf_get_current_pid_tgid();
	bpf_get_current_comm(owner->comm, sizeof(owner->comm));
#endif
}

SEC("raw_tp/block_getrq")
int btf_getrq(__u64 *ctx)
{
	struct bio *bio = behind_queue(ctx, getrq_has_queue);
	struct owner owner = {};

	if (!bio)
		return 0;
	set_owner(&owner);
#ifdef OWNER_HAS_STACKS
	if (!take_stacks(ctx, bio, &owner)) {
		/* what an earlier bio at this address may have left */
		bpf_map_delete_elem(&owners, &bio);
		return 0;
	}
#endif
	if (bpf_map_update_elem(&owners, &bio, &owner, BPF_ANY))
		count_lost_map();
	return 0;
}

/* The owner of the first bio that has one: a bio that was merged in front of it has none. */
static __always_inline struct owner *first_owner(struct bio **bio)
{
	int i;

	for (i = 0; i < MAX_BIOS && *bio; i++) {
		struct owner *owner = bpf_map_lookup_elem(&owners, bio);

		if (owner)
			return owner;
		*bio = BPF_CORE_READ(*bio, bi_next);
	}
	return NULL;
}

/* A request that has become part of another one is never issued. */
SEC("raw_tp/block_rq_merge")
int btf_merge(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct bio *bio = BPF_CORE_READ(rq, bio);

	if (first_owner(&bio))
		bpf_map_delete_elem(&owners, &bio);
	return 0;
}

/* until Linux 6.5, queuelist since */
struct request___flush {
	struct {
		unsigned int seq;
		struct list_head list;
	} flush;
} __attribute__((preserve_access_index));

/* The request that has waited longest for this flush of the device, or NULL. block/blk-flush.c */
static __always_inline struct request *flushed_for(struct request *rq)
{
	struct blk_flush_queue *fq = BPF_CORE_READ(rq, mq_hctx, fq);
	struct request___flush *old = (void *)rq;
	struct list_head *first = NULL;
	void *head = (void *)fq + bpf_core_field_offset(fq->flush_queue);

	head += BPF_CORE_READ_BITFIELD_PROBED(fq, flush_running_idx) * sizeof(*first);
	bpf_probe_read_kernel(&first, sizeof(first), head);
	if (!first || first == head)
		return NULL;
	if (bpf_core_field_exists(old->flush.list))
		return (void *)first - bpf_core_field_offset(old->flush.list);
	return (void *)first - bpf_core_field_offset(rq->queuelist);
}

/*
 * The owners of requests with data that may be followed by a flush of the device, so that what they have
 * written is kept. Few are, and nothing says which: an entry is of use until the request's address is used
 * again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct request *);
	__type(value, struct owner);
} written SEC(".maps");

/* Whether a bio asks for a flush before its data or behind it. The request has these flags no more. */
static __always_inline bool asks_for_flush(struct bio *bio)
{
	__u32 flags = 1 << bpf_core_enum_value(enum req_flag_bits, __REQ_FUA) |
		      1 << bpf_core_enum_value(enum req_flag_bits, __REQ_PREFLUSH);

	return BPF_CORE_READ(bio, bi_opf) & flags;
}

/* The owner of the request that has waited longest for this flush of the device, or NULL. */
static __always_inline struct owner *flush_owner(struct request *flush)
{
	struct request *rq = flushed_for(flush);
	struct owner *owner;
	struct bio *bio;

	if (!rq)
		return NULL;
	/* it has one bio, and has lost it as the first one if its data is written */
	bio = BPF_CORE_READ(rq, biotail);
	owner = bpf_map_lookup_elem(&owners, &bio);
	return owner ?: bpf_map_lookup_elem(&written, &rq);
}

/* Finds out who asked for a request, at its issue. */
static __always_inline enum owner_kind find_owner(struct request *rq, struct owner *owner)
{
	__u32 op = request_op(rq);
	struct bio *bio = BPF_CORE_READ(rq, bio);
	struct owner *known;

	if (op >= REQ_OP_SCSI_IN) {
		set_owner(owner);
		return OWNER_PASSTHROUGH;
	}
	known = op == REQ_OP_FLUSH ? flush_owner(rq) : first_owner(&bio);
	if (!known)
		return OWNER_UNKNOWN;
	*owner = *known;
	if (op == REQ_OP_FLUSH)
		return OWNER_FLUSH_OF;
	if (asks_for_flush(bio))
		bpf_map_update_elem(&written, &rq, owner, BPF_ANY);
	bpf_map_delete_elem(&owners, &bio);
	return OWNER_TASK;
}

#ifdef OWNER_IS_TASK
/* The cgroup that pays for a request: the owner's where the controller of I/O is not in use. */
static __always_inline __u64 paying_cgroup(struct request *rq, const struct owner *owner)
{
	struct cgroup *cgroup = BPF_CORE_READ(rq, bio, bi_blkg, blkcg, css.cgroup);

	if (BPF_CORE_READ(cgroup, level) > 0)
		return BPF_CORE_READ(cgroup, kn, id);
	return owner->cgroup_id;
}
#endif

/*
 * Forgets who asked for a request that completes and was not issued: one without data, which waited for a flush,
 * or one that failed before.
 */
static __always_inline void forget_owner(struct request *rq)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);

	if (bio)
		bpf_map_delete_elem(&owners, &bio);
}

#endif /* DENOBPF_BLOCK_H */
