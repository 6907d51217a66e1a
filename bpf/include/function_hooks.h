/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Hooks at the beginning of functions of the kernel, each in two forms, of which one is loaded: fentry, or a
 * kprobe. lib/tool/function_hooks.ts chooses, and attaches the kprobes.
 *
 *	static __always_inline int handle_delete(const __u64 *args)
 *
 *	FUNCTION_HOOK(delete, "d_delete", handle_delete)
 */
#ifndef DENOBPF_FUNCTION_HOOKS_H
#define DENOBPF_FUNCTION_HOOKS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

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

#endif /* DENOBPF_FUNCTION_HOOKS_H */
