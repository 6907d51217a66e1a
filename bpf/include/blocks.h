/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For memleak: the blocks of memory that are allocated and not freed yet, and what each stack has allocated.
 *
 * Sums only grow, atomically: what is outstanding is a difference, and right whatever frees a block meanwhile. They
 * are in the two sets of counts.h, so that they need room for a second only. A block that has no room is in no sum
 * either.
 *
 * From Linux 6.13 on a program whose functions have 64 bytes on their stacks or more has one stack for each CPU,
 * and programs at functions of processes can be preempted. So functions are small, and not inlined.
 */
#ifndef DENOBPF_BLOCKS_H
#define DENOBPF_BLOCKS_H

#include "counts.h"
#include "kinds.h"
#include "stacks.h"

/* blocks of this size and more, up to that */
const volatile __u64 min_size;
const volatile __u64 max_size = ~0ULL;
/* only one allocation of this many */
const volatile __u64 sample_rate = 1;

struct block_key {
	__u64 address;
	pid pid; /* 0 in the kernel */
	__u32 zero; /* the bytes behind the pid are part of the key */
};

struct block {
	byte_count size;
	__u64 since; /* bpf_ktime_get_ns() */
	stack_id stack;
};

/* Preallocated: memory of the kernel is allocated in interrupts and under locks. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__type(key, struct block_key);
	__type(value, struct block);
} blocks SEC(".maps");

struct group {
	__u32 set;
	pid pid;
	stack_id stack;
};

struct sum {
	__u64 alloc_bytes;
	__u64 alloc_count;
	__u64 free_bytes;
	__u64 free_count;
};

static const struct sum no_sum;

COUNTS(sums, struct group, struct sum, 32768, 0);

static __noinline int count_block(__u32 pid, __s64 stack, __u64 size, bool is_free)
{
	struct group group = { .set = set, .pid = pid, .stack = stack };
	struct sum *sum = count_at(&sums, &group, &no_sum);

	if (!sum)
		return 0;
	if (is_free) {
		__sync_fetch_and_add(&sum->free_bytes, size);
		__sync_fetch_and_add(&sum->free_count, 1);
	} else {
		__sync_fetch_and_add(&sum->alloc_bytes, size);
		__sync_fetch_and_add(&sum->alloc_count, 1);
	}
	return 0;
}

/* A block that is allocated where there is one already was freed in between, and that was not seen. */
static __noinline int keep_block(const struct block_key *key, const struct block *block)
{
	if (bpf_map_update_elem(&blocks, key, block, BPF_NOEXIST)) {
		struct block *known = bpf_map_lookup_elem(&blocks, key);

		if (!known) {
			count_lost_map();
			return 0;
		}
		count_block(key->pid, known->stack, known->size, true);
		bpf_map_update_elem(&blocks, key, block, BPF_ANY);
	}
	count_block(key->pid, block->stack, block->size, false);
	return 0;
}

/* A block is freed, if it is known. */
static __noinline int drop_block(const struct block_key *key)
{
	struct block *known = bpf_map_lookup_elem(&blocks, key);
	__u64 size;
	__s64 stack;

	if (!known)
		return 0;
	size = known->size;
	stack = known->stack;
	if (!bpf_map_delete_elem(&blocks, key))
		count_block(key->pid, stack, size, true);
	return 0;
}

static __always_inline bool is_wanted_size(__u64 size)
{
	return size >= min_size && size <= max_size;
}

#endif /* DENOBPF_BLOCKS_H */
