// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of stackcount: counts the stacks with which hooks are passed: functions of the kernel or of
 * processes, USDT probes, tracepoints. hook_programs.h has the programs.
 *
 * From Linux 6.0 on a thread can lose the CPU in the middle of a program that is at a function of its process. So
 * what the program works on belongs to the thread there, and to the CPU at hooks of the kernel; what is counted
 * is added to atomically.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "hook_groups.h"
#include "kinds.h"
#include "stacks.h"
#include "which_hook.h"

/* which stacks are wanted, besides those of the kernel: by_kstack */
const volatile bool user_stacks = true;
/* each hook is where a function of a file begins */
const volatile bool at_user_functions;

struct place {
	__u32 set;
	pid pid; /* whose the stacks are; 0 without a user stack */
	stack_id user;
	struct group group; /* its set is 0 */
};

struct passes {
	__u64 count;
};

static const struct passes no_passes;

COUNTS(counts, struct place, struct passes, 32768, 0);

/* A stack with room in front of it, where a caller can be put in. */
struct work {
	struct place place;
	__u64 before;
	struct stack stack;
};

/* too big for the stack */
static const struct work no_work;

/* Work that is under way: by the thread at functions of processes, else by the CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__type(key, __u32);
	__type(value, struct work);
} works SEC(".maps");

/* The address that the function will return to, at its first instruction. 0 if it cannot be read. */
static __always_inline __u64 return_address(struct pt_regs *ctx)
{
#ifdef __TARGET_ARCH_x86
	__u64 address = 0;

	bpf_probe_read_user(&address, sizeof(address), (void *)PT_REGS_SP(ctx));
	return address;
#else
	return PT_REGS_RET(ctx);
#endif
}

/*
 * Keeps the stack of a process. Where a function begins it has no frame yet: the kernel finds the caller's caller
 * above it, and some kernels, at some functions, the caller. If they did not, it is put in.
 */
static __noinline __s64 user_stack(struct pt_regs *ctx, struct work *work)
{
	long size = bpf_get_stack(ctx, work->stack.ips, stack_bytes(), STACK_USER);
	__u64 caller;

	if (at_user_functions && size > 0) {
		caller = return_address(ctx);
		if (caller && (size == sizeof(__u64) || caller != work->stack.ips[1])) {
			work->stack.frames = work->stack.ips[0];
			work->stack.ips[0] = caller;
			if (size < stack_bytes())
				size += sizeof(__u64);
			return keep_frames((void *)&work->before, size);
		}
	}
	return keep_frames(&work->stack, size);
}

static __noinline int count_stacks(void *ctx, struct work *work, __u32 hook)
{
	struct place *place = &work->place;
	struct passes *passes;

	place->group.hook = hook;
	fill_group(&place->group);
	if (by_cpu)
		place->group.cpu = bpf_get_smp_processor_id();
	if (by_kstack)
		place->group.kstack = keep_stack(ctx, STACK_KERNEL);
	if (user_stacks) {
		place->pid = bpf_get_current_pid_tgid() >> 32;
		place->user = user_stack(ctx, work);
	}
	/* behind the stacks: those of the set before are known when it is taken over, those of the next one not */
	barrier();
	place->set = set;
	passes = count_at(&counts, place, &no_passes);
	if (passes)
		__sync_fetch_and_add(&passes->count, 1);
	return 0;
}

static __always_inline void on_hook(void *ctx, __u32 hook)
{
	__u32 who = in_user ? (__u32)bpf_get_current_pid_tgid() : bpf_get_smp_processor_id();
	struct work *work;

	bpf_map_update_elem(&works, &who, &no_work, BPF_ANY);
	work = bpf_map_lookup_elem(&works, &who);
	if (!work) {
		count_lost_map();
		return;
	}
	count_stacks(ctx, work, hook);
	bpf_map_delete_elem(&works, &who);
}

#include "hook_programs.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
