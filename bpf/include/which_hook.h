/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * At which of many functions or USDT probes one program runs: its cookie is the number of the hook. Linux before
 * 5.15 has no cookies: there the program looks for the address. The user half is lib/tool/probes/hook_plan.ts.
 */
#ifndef DENOBPF_WHICH_HOOK_H
#define DENOBPF_WHICH_HOOK_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NO_HOOK 0xffffffff

const volatile bool has_cookies = true;
/* the hooks are in a file that processes run */
const volatile bool in_user;

/* without cookies: the hook at an address of the kernel, or at a place in the file */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there are places, before load */
	__type(key, __u64);
	__type(value, __u32);
} places SEC(".maps");

/* kernel/trace/trace_uprobe.c of Linux 5.10: what is at work for the current task */
struct trace_uprobe___before_5_15 {
	unsigned long offset;
} __attribute__((preserve_access_index));

struct uprobe_dispatch_data___before_5_15 {
	struct trace_uprobe___before_5_15 *tu;
} __attribute__((preserve_access_index));

/* Where the program is, for kernels without cookies. */
static __always_inline __u64 this_place(struct pt_regs *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct uprobe_dispatch_data___before_5_15 *data;

	if (in_user) {
		data = (void *)BPF_CORE_READ(task, utask, vaddr);
		return BPF_CORE_READ(data, tu, offset);
	}
#ifdef __TARGET_ARCH_x86
	return PT_REGS_IP(ctx) - 1; /* behind the breakpoint */
#else
	return PT_REGS_IP(ctx);
#endif
}

/* The number of the hook that the program is at; NO_HOOK if it is at none of them. */
static __always_inline __u32 which_hook(struct pt_regs *ctx)
{
	__u32 *known;
	__u64 place;

	if (has_cookies)
		return bpf_get_attach_cookie(ctx);
	place = this_place(ctx);
	known = bpf_map_lookup_elem(&places, &place);
	return known ? *known : NO_HOOK;
}

#endif /* DENOBPF_WHICH_HOOK_H */
