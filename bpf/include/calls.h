/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Calls that threads are in: what is known when a call begins is kept until it ends.
 *
 *	struct opening { __u64 frame; __u64 start; };        the frame is the first member
 *	CALLS(openings, struct opening, 8192, BPF_F_NO_PREALLOC);
 *
 *	struct opening opening = { .start = bpf_ktime_get_ns() };
 *	call_begin(&openings, OPEN, &opening);       when it begins
 *
 *	if (call_end(&openings, OPEN, &opening))     when it ends, with the frame in `opening`
 *
 *	struct opening *opening = call_of(&openings, OPEN);      within it: the one that the thread is in
 *
 *	call_forget(&openings, OPEN);                when the thread ends, if it can do so within the call
 *
 * `what` distinguishes calls that one thread may be in at the same time. Of calls of the same `what` within
 * one another only the outermost is kept: a file system may ask the one below it by the same function.
 * They are known by `frame`, their place on the thread's stack, where a call within another stands lower:
 * call_frame() or kprobe_frame() and kretprobe_frame(). System calls have none within them: 0.
 *
 * An end whose begin was not seen is no call. A begin whose end was not seen is noticed at the next one
 * and counted in lost_map, as is a call for which there is no room.
 *
 * The flags of a map are BPF_F_NO_PREALLOC, or 0 if a hook may hold a lock, be in an interrupt, or be a
 * perf event: Linux before 6.1 must not allocate there. Linux 5.10 warns in its log about kprobes and
 * classic tracepoints that might.
 */
#ifndef DENOBPF_CALLS_H
#define DENOBPF_CALLS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "losses.h"

struct call_key {
	__u32 tid;
	__u32 what;
};

#define CALLS(name, call, threads, flags)        \
	struct {                                 \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, threads);    \
		__uint(map_flags, flags);        \
		__type(key, struct call_key);    \
		__type(value, call);             \
	} name SEC(".maps")

/* For fentry and fexit: both get their arguments in the same place of the same stack. */
static __always_inline __u64 call_frame(void *ctx)
{
	return (__u64)ctx;
}

/* For kprobes and uprobes at a function's first instruction. */
static __always_inline __u64 kprobe_frame(struct pt_regs *regs)
{
	return PT_REGS_SP(regs);
}

/* For kretprobes and uretprobes. On x86 the return has taken its address off the stack. */
static __always_inline __u64 kretprobe_frame(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return PT_REGS_SP(regs) - sizeof(long);
#else
	return PT_REGS_SP(regs);
#endif
}

static __always_inline struct call_key call_key(__u32 what)
{
	struct call_key key = { .tid = bpf_get_current_pid_tgid(), .what = what };

	return key;
}

/* Keeps a call, which begins with its frame. Returns false for one within another, and if there is no room. */
static __always_inline bool call_begin(void *calls, __u32 what, const void *call)
{
	struct call_key key = call_key(what);
	const __u64 *frame = call, *known = bpf_map_lookup_elem(calls, &key);

	if (known) {
		if (*frame < *known)
			return false;
		count_lost_map();
	}
	if (bpf_map_update_elem(calls, &key, call, BPF_ANY) == 0)
		return true;
	count_lost_map();
	return false;
}

/* Takes out the call that ends, which has the frame in `call`. Returns false if it is not kept. */
#define call_end(calls, what, call)                                                             \
	({                                                                                      \
		struct call_key call_end_key = call_key(what);                                  \
		typeof(call) call_end_known = bpf_map_lookup_elem(calls, &call_end_key);        \
		bool call_end_found = call_end_known && call_end_known->frame == (call)->frame; \
                                                                                                \
		if (call_end_found) {                                                           \
			*(call) = *call_end_known;                                              \
			bpf_map_delete_elem(calls, &call_end_key);                              \
		}                                                                               \
		call_end_found;                                                                 \
	})

/* What is kept of the call that the current thread is in, or NULL. */
static __always_inline void *call_of(void *calls, __u32 what)
{
	struct call_key key = call_key(what);

	return bpf_map_lookup_elem(calls, &key);
}

/* Drops the call that the current thread is in, if any: it will not end. */
static __always_inline void call_forget(void *calls, __u32 what)
{
	struct call_key key = call_key(what);

	bpf_map_delete_elem(calls, &key);
}

/*
 * Whether a call that begins is within the one that is known, or stands in for it: a function that ends in a jump to
 * another leaves it its place. `function` is a member that both have.
 */
#define call_is_within(known, call, function) \
	((call)->frame < (known)->frame ||    \
	 ((call)->frame == (known)->frame && (call)->function != (known)->function))

/*
 * Programs that forget the calls of threads that end within one, and of programs that take the place of others.
 * `what` is 0.
 */
#define FORGET_CALLS(calls)                                                 \
	SEC("tp/sched/sched_process_exit")                                  \
	int forget_ended(void *ctx)                                         \
	{                                                                   \
		call_forget(&calls, 0);                                     \
		return 0;                                                   \
	}                                                                   \
                                                                            \
	SEC("tp/sched/sched_process_exec")                                  \
	int forget_executed(struct trace_event_raw_sched_process_exec *ctx) \
	{                                                                   \
		struct call_key key = { .tid = ctx->old_pid };              \
                                                                            \
		bpf_map_delete_elem(&calls, &key);                          \
		return 0;                                                   \
	}

#endif /* DENOBPF_CALLS_H */
