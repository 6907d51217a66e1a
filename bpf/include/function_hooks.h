/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Hooks at the beginning of functions of the kernel, and at their ends, each in two forms, of which one is loaded:
 * fentry or fexit, or a kprobe or kretprobe. lib/tool/function_hooks.ts chooses, and attaches the probes.
 *
 *	static __always_inline int handle_delete(const __u64 *args)
 *
 *	FUNCTION_HOOK(delete, "d_delete", handle_delete)
 *
 *	static __always_inline int end_lookup(__u64 result)
 *
 *	RETURN_HOOK(lookup, "d_lookup", 2, end_lookup)
 */
#ifndef DENOBPF_FUNCTION_HOOKS_H
#define DENOBPF_FUNCTION_HOOKS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"

/*
 * `handle` is passed the first four arguments of the function, as numbers: of one that has fewer, what follows has
 * no meaning. An fentry could read them as what they are, but Linux 5.10 refuses pointers to plain numbers there,
 * and every kernel refuses to pass a typed pointer to a global function.
 */
#define FUNCTION_HOOK(name, function, handle)                                                   \
	SEC("?fentry/" function)                                                                \
	int fentry_##name(__u64 *ctx)                                                           \
	{                                                                                       \
		__u64 args[4] = {};                                                             \
                                                                                                \
		bpf_probe_read_kernel(args, sizeof(args), ctx);                                 \
		return handle(args);                                                            \
	}                                                                                       \
                                                                                                \
	SEC("?kprobe")                                                                          \
	int kprobe_##name(struct pt_regs *regs)                                                 \
	{                                                                                       \
		__u64 args[] = { PT_REGS_PARM1(regs), PT_REGS_PARM2(regs), PT_REGS_PARM3(regs), \
				 PT_REGS_PARM4(regs) };                                         \
                                                                                                \
		return handle(args);                                                            \
	}

/* What a function with this many arguments returns, at its fexit. As a number, for the same reasons. */
static __always_inline __u64 function_result(__u64 *ctx, __u32 arguments)
{
	__u64 result = 0;

	bpf_probe_read_kernel(&result, sizeof(result), ctx + arguments);
	return result;
}

/* `handle` is passed what the function returns. The number of its arguments may be set before load. */
#define RETURN_HOOK(name, function, arguments, handle)          \
	SEC("?fexit/" function)                                 \
	int fexit_##name(__u64 *ctx)                            \
	{                                                       \
		return handle(function_result(ctx, arguments)); \
	}                                                       \
                                                                \
	SEC("?kretprobe")                                       \
	int kretprobe_##name(struct pt_regs *regs)              \
	{                                                       \
		return handle(PT_REGS_RC(regs));                \
	}

/*
 * Both ends of a function, for what calls.h keeps in between: `begin` is passed the frame and the first four
 * arguments, `end` the frame and what the function returns.
 *
 *	static __always_inline int begin_search(__u64 frame, const __u64 *args)
 *	static __always_inline int end_search(__u64 frame, __u64 result)
 */
#define CALL_HOOK(name, function, arguments, begin, end)                                        \
	SEC("?fentry/" function)                                                                \
	int fentry_##name(__u64 *ctx)                                                           \
	{                                                                                       \
		__u64 args[4] = {};                                                             \
                                                                                                \
		bpf_probe_read_kernel(args, sizeof(args), ctx);                                 \
		return begin(call_frame(ctx), args);                                            \
	}                                                                                       \
                                                                                                \
	SEC("?fexit/" function)                                                                 \
	int fexit_##name(__u64 *ctx)                                                            \
	{                                                                                       \
		return end(call_frame(ctx), function_result(ctx, arguments));                   \
	}                                                                                       \
                                                                                                \
	SEC("?kprobe")                                                                          \
	int kprobe_##name(struct pt_regs *regs)                                                 \
	{                                                                                       \
		__u64 args[] = { PT_REGS_PARM1(regs), PT_REGS_PARM2(regs), PT_REGS_PARM3(regs), \
				 PT_REGS_PARM4(regs) };                                         \
                                                                                                \
		return begin(kprobe_frame(regs), args);                                         \
	}                                                                                       \
                                                                                                \
	SEC("?kretprobe")                                                                       \
	int kretprobe_##name(struct pt_regs *regs)                                              \
	{                                                                                       \
		return end(kretprobe_frame(regs), PT_REGS_RC(regs));                            \
	}

#endif /* DENOBPF_FUNCTION_HOOKS_H */
