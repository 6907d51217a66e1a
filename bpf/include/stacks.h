/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For tools that count by stacks: each stack is kept once, in the map `stacks`, under an id that is part of
 * what is counted by.
 *
 *	group.stack = keep_stack(ctx, STACK_KERNEL);
 *
 * The id is a hash of the frames, so a stack has the same id at all times. The kernel's own maps of stacks lose
 * one of two stacks whose hashes fall into the same place, long before they are full; here a stack is lost, and
 * counted in lost_map, if the map is full. Stacks belong to a set, as counters do: the user half takes each set
 * over and empties it, so there is room for this many stacks between two collections, however long the trace
 * is. Each process that starts has other addresses, and so stacks of its own.
 *
 * Frames go from the innermost one on. In a kernel stack those of the program itself come first: the user
 * half takes them off by their names. A tool that sends each stack has append_stack() of record.h.
 */
#ifndef DENOBPF_STACKS_H
#define DENOBPF_STACKS_H

#include <bpf/bpf_helpers.h>
#include "counts.h"
#include "kinds.h"

#define MAX_FRAMES 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */
#define STACK_KERNEL 0
#define STACK_USER BPF_F_USER_STACK

#define ENOENT 2 /* include/uapi/asm-generic/errno-base.h */
#define ENOSPC 28
#define EBUSY 16

/* how many frames of a stack are kept */
const volatile __u32 max_frames = MAX_FRAMES;

struct stack_key {
	__u32 set;
	__u32 zero; /* the bytes before the id are part of the key */
	stack_id id;
};

struct stack {
	__u64 frames;
	__u64 ips[MAX_FRAMES]; /* what is behind the frames is of no meaning */
};

/* 8.8 MB; another number may be set before load. Preallocated: a hook may hold a lock, or be a perf event. */
COUNTS(stacks, struct stack_key, struct stack, 8192, 0);

/* where a stack is put together: one a CPU for hooks, and one for iterators, which hooks interrupt */
struct stack_scratch {
	__u64 taken; /* by a program that has not finished */
	struct stack stack;
};

#define SCRATCH_OF_HOOKS 0
#define SCRATCH_OF_ITERATORS 1

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct stack_scratch);
} stack_scratches SEC(".maps");

/* A hash of all frames, each of which changes half of its bits. It is no negated errno. */
static __always_inline __s64 hash_of(const struct stack *stack)
{
	__u64 hash = stack->frames;
	__u32 i;

	for (i = 0; i < MAX_FRAMES && i < stack->frames; i++) {
		hash = (hash ^ stack->ips[i]) * 0x9e3779b97f4a7c15; /* 2^64 by the golden ratio */
		hash ^= hash >> 32;
	}
	return hash >> 1;
}

static __always_inline struct stack_scratch *take_scratch(__u32 of)
{
	struct stack_scratch *scratch = bpf_map_lookup_elem(&stack_scratches, &of);

	if (!scratch)
		return NULL;
	if (scratch->taken) {
		count_lost_map();
		return NULL;
	}
	scratch->taken = true;
	barrier();
	return scratch;
}

/* Keeps a stack. `size` is in bytes, or a negated errno. Returns its id, or a negated errno. */
static __always_inline __s64 keep_frames(struct stack *stack, long size)
{
	struct stack_key key = { .set = set };

	if (size <= 0)
		return size ?: -ENOENT;
	stack->frames = size / sizeof(__u64);
	key.id = hash_of(stack);
	return count_at(&stacks, &key, stack) ? key.id : -ENOSPC;
}

/* Keeps the stack in a scratch, which is free afterwards. */
static __always_inline __s64 keep_scratch(struct stack_scratch *scratch, long size)
{
	__s64 id = keep_frames(&scratch->stack, size);

	barrier();
	scratch->taken = false;
	return id;
}

static __always_inline __u32 stack_bytes(void)
{
	return (max_frames < MAX_FRAMES ? max_frames : MAX_FRAMES) * sizeof(__u64);
}

/*
 * Keeps the stack that the current task has at this hook. Returns its id, or a negated errno: -EFAULT or
 * -ENOENT if it has none, -ENOSPC if the map is full, -EBUSY if a program that this one has interrupted is
 * about a stack of this CPU.
 */
static __always_inline __s64 keep_stack(void *ctx, __u64 whose)
{
	struct stack_scratch *scratch = take_scratch(SCRATCH_OF_HOOKS);

	if (!scratch)
		return -EBUSY;
	return keep_scratch(scratch, bpf_get_stack(ctx, scratch->stack.ips, stack_bytes(), whose));
}

/*
 * The same at the return of a function of a process: the function, then the stack of its caller, all of whose
 * addresses are of returns. It is put together in `stack`, which belongs to the thread: from Linux 6.0 on a thread can
 * lose the CPU meanwhile.
 */
static __always_inline __s64 keep_caller_stack(void *ctx, __u64 function, struct stack *stack)
{
	long size = bpf_get_stack(ctx, &stack->ips[1], stack_bytes() - sizeof(__u64), STACK_USER);

	stack->ips[0] = function;
	return keep_frames(stack, sizeof(__u64) + (size > 0 ? size : 0));
}

/* The same of a task that has no CPU, for an iterator: its kernel stack. The helper reads no other. */
static __always_inline __s64 keep_task_stack(struct task_struct *task)
{
	struct stack_scratch *scratch = take_scratch(SCRATCH_OF_ITERATORS);

	if (!scratch)
		return -EBUSY;
	return keep_scratch(
		scratch, bpf_get_task_stack(task, scratch->stack.ips, stack_bytes(), STACK_KERNEL));
}

#endif /* DENOBPF_STACKS_H */
