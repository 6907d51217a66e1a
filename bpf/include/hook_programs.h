/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The programs of a tool that does the same at all hooks, whatever their kind: functions, USDT probes, tracepoints.
 * The tool defines what that is before it includes this. Tasks that are not targets are left out.
 *
 *	static __always_inline void on_hook(void *ctx, __u32 hook)
 *
 * One program stands at all hooks of a kind, and its cookie is the number of the hook. Linux before 5.15 has no
 * cookies: there the program looks for the address, and each tracepoint has a program of its own. The user half
 * is lib/tool/probes/program_plan.ts.
 */
#ifndef DENOBPF_HOOK_PROGRAMS_H
#define DENOBPF_HOOK_PROGRAMS_H

#include <bpf/bpf_helpers.h>
#include "targets.h"
#include "which_hook.h"

#define ANY_CPU 0xffffffff

/* trace this CPU only */
const volatile __u32 targ_cpu = ANY_CPU;

/* Apart from the others, so that no function needs 64 bytes of the stack: see hook_groups.h. */
static __noinline int is_wanted(void)
{
	if (targ_cpu != ANY_CPU && targ_cpu != bpf_get_smp_processor_id())
		return 0;
	return is_target();
}

static __noinline int at_hook(void *ctx, __u32 hook)
{
	if (is_wanted())
		on_hook(ctx, hook);
	return 0;
}

/* At functions and USDT probes. */
SEC("kprobe")
int probe(struct pt_regs *ctx)
{
	__u32 hook = which_hook(ctx);

	return hook == NO_HOOK ? 0 : at_hook(ctx, hook);
}

SEC("tp")
int tracepoint(void *ctx)
{
	return at_hook(ctx, bpf_get_attach_cookie(ctx));
}

/* Without cookies each hook has one of these. */
#define TRACEPOINT(hook)                   \
	SEC("tp")                          \
	int tracepoint_##hook(void *ctx)   \
	{                                  \
		return at_hook(ctx, hook); \
	}

TRACEPOINT(0)
TRACEPOINT(1)
TRACEPOINT(2)
TRACEPOINT(3)
TRACEPOINT(4)
TRACEPOINT(5)
TRACEPOINT(6)
TRACEPOINT(7)
TRACEPOINT(8)
TRACEPOINT(9)
TRACEPOINT(10)
TRACEPOINT(11)
TRACEPOINT(12)
TRACEPOINT(13)
TRACEPOINT(14)
TRACEPOINT(15)

#endif /* DENOBPF_HOOK_PROGRAMS_H */
