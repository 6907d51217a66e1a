/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What uprobes find of a function of a process: whether that is a 32-bit one, and arguments beyond the first. */
#ifndef DENOBPF_USER_ARGS_H
#define DENOBPF_USER_ARGS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#if defined(__TARGET_ARCH_x86)

#define USER32_CS 0x23 /* __USER32_CS of arch/x86/include/asm/segment.h */

static __always_inline bool is_32_bit(struct pt_regs *ctx)
{
	return (__u16)ctx->cs == USER32_CS;
}

/* nth argument, n a constant from 6 on. Those behind it lie on the stack above the address of return. */
static __always_inline __u64 late_argument(struct pt_regs *ctx, int n)
{
	__u64 argument = 0;

	if (n == 6)
		return ctx->r9;
	bpf_probe_read_user(&argument, sizeof(argument),
			    (void *)PT_REGS_SP(ctx) + (n - 6) * sizeof(argument));
	return argument;
}

#else

#define PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */

static __always_inline bool is_32_bit(struct pt_regs *ctx)
{
	return ((struct user_pt_regs *)ctx)->pstate & PSR_MODE32_BIT;
}

static __always_inline __u64 late_argument(struct pt_regs *ctx, int n)
{
	return ((struct user_pt_regs *)ctx)->regs[n - 1];
}

#endif

#endif /* DENOBPF_USER_ARGS_H */
