// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of bitesize: counts requests to block devices by the logarithm of their size, as they are issued to
 * the device, for the name of the task that asked for each. One that the device hands back and gets again is
 * counted once.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "slots.h"

#define SLOTS 32 /* a request has less than 2^32 bytes */

/* trace this disk only */
const volatile __u32 targ_dev;
/* count the requests of targets only */
const volatile bool by_owner;

struct group {
	__u32 set;
	cpu_nr cpu;
	__u32 op; /* enum req_op */
	__u32 owner; /* enum owner_kind */
	comm comm; /* empty for OWNER_UNKNOWN */
};

struct sizes {
	__u64 count;
	byte_count bytes;
	byte_count min_bytes;
	byte_count max_bytes;
	__u32 slots[SLOTS]; /* of sectors */
};

/* Preallocated: a hook may hold a lock. */
COUNTS(sizes, struct group, struct sizes, 4096, 0);

static const struct sizes empty;

#define OWNER_IS_TASK
#include "block_requeues.h"

static __always_inline void count_size(const struct group *group, __u64 bytes)
{
	__u64 slot = log2_slot(bytes >> SECTOR_SHIFT);
	struct sizes *found = count_at(&sizes, group, &empty);

	if (!found)
		return;
	if (!found->count || bytes < found->min_bytes)
		found->min_bytes = bytes;
	if (bytes > found->max_bytes)
		found->max_bytes = bytes;
	found->bytes += bytes;
	found->count++;
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	found->slots[slot & (SLOTS - 1)]++;
}

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	__u32 bytes = BPF_CORE_READ(rq, __data_len);
	struct group group = {};
	struct owner owner = {};

	if (!is_first_issue(rq))
		return 0;
	group.owner = find_owner(rq, &owner);
	if (!bytes || (targ_dev && disk_dev(rq) != targ_dev))
		return 0;
	if (by_owner && !owner.is_target)
		return 0;
	group.set = set;
	group.cpu = bpf_get_smp_processor_id();
	group.op = request_op(rq);
	__builtin_memcpy(group.comm, owner.comm, sizeof(group.comm));
	count_size(&group, bytes);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
