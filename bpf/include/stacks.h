/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For tools that count by stacks: each stack is kept once, in the map `stacks`, under an id that is part of
 * what is counted by.
 *
 *	group.stack = keep_stack(ctx, STACK_KERNEL);
 *
 * The kernel's own maps of stacks lose one of two stacks whose hashes fall into the same place, long before
 * they are full. Here the next place is taken, and a stack that still has none is counted in lost_map.
 *
 * Frames go from the innermost one on. In a kernel stack those of the program itself come first: the user
 * half takes them off by their names. A tool that sends each stack has append_stack() of record.h.
 */
#ifndef DENOBPF_STACKS_H
#define DENOBPF_STACKS_H

#include <bpf/bpf_helpers.h>
#include "losses.h"

#define MAX_FRAMES 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */
#define STACK_KERNEL 0
#define STACK_USER BPF_F_USER_STACK

#define PLACES 8 /* where a stack is looked for */
#define ENOENT 2 /* include/uapi/asm-generic/errno-base.h */
#define ENOSPC 28
#define EBUSY 16

struct stack {
	__u64 hash;
	__u64 frames;
	__u64 ips[MAX_FRAMES]; /* what is behind the frames is of no meaning */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192); /* 8.7 MB; another number may be set before load */
	__type(key, __s32);
	__type(value, struct stack);
} stacks SEC(".maps");

/* where a stack is put together: one a CPU */
struct stack_scratch {
	__u64 taken; /* by a program that has not finished */
	struct stack stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_scratch);
} stack_scratches SEC(".maps");

/* A hash of all frames, each of which changes half of its bits. */
static __always_inline __u64 hash_of(const struct stack *stack)
{
	__u64 hash = stack->frames;
	__u32 i;

	for (i = 0; i < MAX_FRAMES && i < stack->frames; i++) {
		hash = (hash ^ stack->ips[i]) * 0x9e3779b97f4a7c15; /* 2^64 by the golden ratio */
		hash ^= hash >> 32;
	}
	return hash;
}

/* The id under which a stack is kept, by the first of its places that is its own or free. */
static __always_inline __s32 place_of(const struct stack *stack)
{
	__u32 i;

	for (i = 0; i < PLACES; i++) {
		__s32 id = (stack->hash + i) & 0x7fffffff;
		struct stack *known = bpf_map_lookup_elem(&stacks, &id);

		if (!known) {
			bpf_map_update_elem(&stacks, &id, stack, BPF_NOEXIST);
			known = bpf_map_lookup_elem(&stacks, &id);
		}
		if (!known)
			break;
		if (known->hash == stack->hash)
			return id;
	}
	count_lost_map();
	return -ENOSPC;
}

/*
 * Keeps the stack that the current task has at this hook. Returns its id, or a negated errno: -EFAULT or
 * -ENOENT if it has none, -ENOSPC if the map is full, -EBUSY if a program that this one has interrupted is
 * about a stack of this CPU.
 */
static __always_inline __s32 keep_stack(void *ctx, __u64 whose)
{
	__u32 zero = 0;
	struct stack_scratch *scratch = bpf_map_lookup_elem(&stack_scratches, &zero);
	struct stack *stack;
	long size;

	if (!scratch)
		return -ENOENT;
	if (scratch->taken) {
		count_lost_map();
		return -EBUSY;
	}
	scratch->taken = true;
	barrier();
	stack = &scratch->stack;
	size = bpf_get_stack(ctx, stack->ips, sizeof(stack->ips), whose);
	if (size > 0) {
		stack->frames = size / sizeof(__u64);
		stack->hash = hash_of(stack);
		size = place_of(stack);
	} else if (size == 0) {
		size = -ENOENT;
	}
	barrier();
	scratch->taken = false;
	return size;
}

#endif /* DENOBPF_STACKS_H */
