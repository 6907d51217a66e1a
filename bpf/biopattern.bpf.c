// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biopattern: whether requests to block devices are issued where the one before has ended. It is
 * the order of issues that matters to a device: requests that it has at the same time end in any order.
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
/* count the requests of targets only */
const volatile bool by_owner;
/* follow what each process asks of a disk, and not all of them together */
const volatile bool by_process;
/* count how far requests are from the one before */
const volatile bool with_distance;

struct group {
	__u32 set;
	cpu_nr cpu;
	dev dev;
	pid pid;
	__u32 owner; /* enum owner_kind */
	comm comm;
};

struct pattern {
	__u64 random;
	__u64 sequential;
	__u64 count; /* of both, and those that have none before them */
	byte_count bytes;
	__u64 other; /* flushes, discards and more, which are not looked at */
	__u32 distances[SLOTS]; /* of random ones, in sectors */
};

/* Preallocated: a hook may hold a lock. More entries before load where processes are followed. */
COUNTS(patterns, struct group, struct pattern, 1024, 0);

static const struct pattern empty;

/* Who asks for a sequence of requests: a disk, and 0 or a process. */
struct stream {
	__u32 dev;
	__u32 pid;
};

/* The sector behind the last request, kept from table to table: of disks, or of what processes ask of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct stream);
	__type(value, __u64);
} disks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* more before load */
	__type(key, struct stream);
	__type(value, __u64);
} processes SEC(".maps");

#define OWNER_IS_TASK
#include "block_requeues.h"

/* Compares a request with the one before. Where two CPUs issue at the same time, both may have the same before. */
static __always_inline void compare(struct pattern *pattern, void *ends,
				    const struct stream *stream, __u64 sector, __u64 end)
{
	__u64 *known = bpf_map_lookup_elem(ends, stream), before, distance, slot;

	if (!known) {
		if (bpf_map_update_elem(ends, stream, &end, BPF_ANY))
			count_lost_map();
		return;
	}
	before = *known;
	*known = end;
	if (sector == before) {
		pattern->sequential++;
		return;
	}
	pattern->random++;
	if (!with_distance)
		return;
	distance = sector > before ? sector - before : before - sector;
	slot = log2_slot(distance);
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	pattern->distances[slot & (SLOTS - 1)]++;
}

static __always_inline void count_request(struct request *rq, const struct group *group)
{
	struct stream stream = { .dev = group->dev, .pid = group->pid };
	struct pattern *pattern = count_at(&patterns, group, &empty);
	__u64 sector = BPF_CORE_READ(rq, __sector);
	__u32 bytes = BPF_CORE_READ(rq, __data_len);
	__u32 op = request_op(rq);
	__u64 end = sector + (bytes >> SECTOR_SHIFT);

	if (!pattern)
		return;
	if (op > REQ_OP_WRITE || !bytes) {
		pattern->other++;
		return;
	}
	pattern->count++;
	pattern->bytes += bytes;
	if (by_process)
		compare(pattern, &processes, &stream, sector, end);
	else
		compare(pattern, &disks, &stream, sector, end);
}

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	enum owner_kind kind = OWNER_UNKNOWN;
	struct group group = {};
	struct owner owner = {};

	if (!is_first_issue(rq))
		return 0;
	if (by_process || by_owner)
		kind = find_owner(rq, &owner);
	group.dev = disk_dev(rq);
	if ((targ_dev && group.dev != targ_dev) || (by_owner && !owner.is_target))
		return 0;
	group.set = set;
	group.cpu = bpf_get_smp_processor_id();
	if (by_process) {
		group.owner = kind;
		group.pid = owner.pid;
		__builtin_memcpy(group.comm, owner.comm, sizeof(group.comm));
	}
	count_request(rq, &group);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
