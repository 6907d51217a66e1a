/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Calls of functions, each from its beginning to its return. A thread may be in several at a time: a function
 * calls another one, or itself. So each thread has a stack of them, and a return belongs to the call that began
 * at the same place of the thread's stack: kprobe_frame() and kretprobe_frame() of calls.h.
 *
 *	pair_begin(kprobe_frame(ctx), hook);
 *	start = pair_leave(kretprobe_frame(ctx), hook);      0: its beginning was not seen
 *
 * Some calls do not return: by longjmp(), an exception, the end of the thread, or an exec. Others return unseen:
 * the kernel has room for some returns only. They are dropped and counted in lost_returns when the thread begins
 * or ends a call that they cannot be in the middle of, or ends. Calls for which there is no room, which also are
 * those that lie deeper than MAX_DEPTH in one another, are counted in lost_map.
 *
 * Where CALL_ARGS is defined, each call that pair_begin() returns has room for this many arguments. Where CALL_STACKS
 * is, the hooks are less than that, and each has a stack of its own in each thread: several may be at one function,
 * whose calls begin and end for each of them.
 */
#ifndef DENOBPF_PAIRS_H
#define DENOBPF_PAIRS_H

#include <bpf/bpf_helpers.h>
#include "calls.h"
#include "losses.h"
#include "which_hook.h"

#define MAX_DEPTH 32
#define KERNEL_STACK_BITS 14 /* those of x86-64 and arm64 are as big and as aligned, at least */

struct started_call {
	__u64 start; /* bpf_ktime_get_ns() */
	__u32 frame; /* the lower half */
	__u32 hook;
#ifdef CALL_ARGS
	__u64 args[CALL_ARGS];
#endif
};

struct thread_calls {
	__u32 depth;
	__u32 zero; /* no padding */
	struct started_call calls[MAX_DEPTH];
};

/* too big for the stack */
static const struct thread_calls no_thread_calls;

/* Threads that are in calls. Only of those in functions of the kernel is there memory in advance. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct thread_calls);
} user_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__type(key, __u32);
	__type(value, struct thread_calls);
} kernel_calls SEC(".maps");

/* calls whose return was not seen */
__u64 lost_returns;

static __always_inline void count_lost_returns(__u64 count)
{
	if (count)
		__sync_fetch_and_add(&lost_returns, count);
}

/* Threads have ids below PID_MAX_LIMIT of include/linux/threads.h. */
#define TID_BITS 22

static __always_inline __u32 stack_of(__u32 tid, __u32 hook)
{
#ifdef CALL_STACKS
	return tid | hook << TID_BITS;
#else
	return tid;
#endif
}

static __always_inline struct thread_calls *calls_of(__u32 stack)
{
	return in_user ? bpf_map_lookup_elem(&user_calls, &stack)
		       : bpf_map_lookup_elem(&kernel_calls, &stack);
}

static __always_inline void delete_calls(__u32 stack)
{
	if (in_user)
		bpf_map_delete_elem(&user_calls, &stack);
	else
		bpf_map_delete_elem(&kernel_calls, &stack);
}

static __always_inline struct thread_calls *new_calls(__u32 stack)
{
	if (in_user)
		bpf_map_update_elem(&user_calls, &stack, &no_thread_calls, BPF_NOEXIST);
	else
		bpf_map_update_elem(&kernel_calls, &stack, &no_thread_calls, BPF_NOEXIST);
	return calls_of(stack);
}

/*
 * Whether a call has ended by the time that another one begins: its place on the stack is free again, or taken by
 * a call of the same function. A function that ends by a jump to another one leaves its place to that. Interrupts
 * have other stacks in the kernel, which say nothing about the one that they have interrupted.
 */
static __always_inline bool has_ended(const struct started_call *call, __u32 frame, __u32 hook)
{
	if (!in_user && (call->frame ^ frame) >> KERNEL_STACK_BITS)
		return false;
	return (__s32)(call->frame - frame) < 0 || (call->frame == frame && call->hook == hook);
}

/* For the verifier, which loses sight of what was compared before. */
static __always_inline struct started_call *call_at(struct thread_calls *known, __u32 at)
{
	barrier_var(at);
	return &known->calls[at & (MAX_DEPTH - 1)];
}

static __always_inline __u32 drop_ended(struct thread_calls *known, __u32 frame, __u32 hook)
{
	__u32 depth = known->depth, i;

	for (i = 0; i < MAX_DEPTH; i++) {
		__u32 last = depth - 1;

		if (last >= MAX_DEPTH || !has_ended(call_at(known, last), frame, hook))
			break;
		depth = last;
	}
	return depth;
}

/* A call begins. Returns it, or NULL if there is no room. */
static __always_inline struct started_call *pair_begin(__u64 frame, __u32 hook)
{
	__u32 stack = stack_of(bpf_get_current_pid_tgid(), hook), depth;
	struct thread_calls *known = calls_of(stack);
	struct started_call *call;

	if (!known)
		known = new_calls(stack);
	if (!known) {
		count_lost_map();
		return NULL;
	}
	depth = drop_ended(known, frame, hook);
	count_lost_returns(known->depth - depth);
	known->depth = depth;
	if (depth >= MAX_DEPTH) {
		count_lost_map();
		return NULL;
	}
	call = call_at(known, depth);
	call->frame = frame;
	call->hook = hook;
	known->depth = depth + 1;
	call->start = bpf_ktime_get_ns();
	return call;
}

/* The calls that a thread is in, up to one at this frame and with it; 0 if there is none. */
static __always_inline __u32 depth_at(struct thread_calls *known, __u32 frame, __u32 hook)
{
	__u32 depth = known->depth, i;

	for (i = 0; i < MAX_DEPTH; i++) {
		__u32 last = depth - 1;
		struct started_call *call;

		if (last >= MAX_DEPTH)
			break;
		call = call_at(known, last);
		if (call->frame == frame && (hook == NO_HOOK || call->hook == hook))
			return depth;
		depth = last;
	}
	return 0;
}

/*
 * A call returns. NO_HOOK stands for the last one that began at this frame. Returns it, or NULL if its beginning
 * was not seen; pair_left() is to be called behind that.
 */
static __always_inline struct started_call *pair_leave(__u64 frame, __u32 hook)
{
	struct thread_calls *known = calls_of(stack_of(bpf_get_current_pid_tgid(), hook));
	__u32 depth;

	if (!known)
		return NULL;
	depth = depth_at(known, frame, hook);
	if (depth - 1 >= MAX_DEPTH)
		return NULL;
	count_lost_returns(known->depth - depth);
	known->depth = depth - 1;
	return call_at(known, depth - 1);
}

/* Forgets a thread that is in no call any more. */
static __always_inline void pair_left(__u32 hook)
{
	__u32 stack = stack_of(bpf_get_current_pid_tgid(), hook);
	struct thread_calls *known = calls_of(stack);

	if (known && !known->depth)
		delete_calls(stack);
}

static __noinline int forget_stack(__u32 stack)
{
	struct thread_calls *known = calls_of(stack);

	if (!known)
		return 0;
	count_lost_returns(known->depth);
	delete_calls(stack);
	return 0;
}

static __always_inline void forget_thread(__u32 tid)
{
#ifdef CALL_STACKS
	__u32 hook;

	for (hook = 0; hook < CALL_STACKS; hook++)
		forget_stack(stack_of(tid, hook));
#else
	forget_stack(tid);
#endif
}

SEC("tp/sched/sched_process_exit")
int forget_ended(void *ctx)
{
	forget_thread(bpf_get_current_pid_tgid());
	return 0;
}

/*
 * All functions of the process end with its program, those of the kernel go on. The thread gets the id of the
 * process, and what is known by its own id would stay.
 */
SEC("tp/sched/sched_process_exec")
int forget_executed(struct trace_event_raw_sched_process_exec *ctx)
{
	if (in_user || ctx->old_pid != ctx->pid)
		forget_thread(ctx->old_pid);
	return 0;
}

#endif /* DENOBPF_PAIRS_H */
