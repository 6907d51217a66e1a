// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of funccount: counts how often hooks are passed: functions of the kernel or of processes, USDT
 * probes, tracepoints.
 *
 * One program stands at all hooks of a kind, and its cookie says at which of them it runs. Linux before 5.15
 * has no cookies: there the program looks for the address, and each tracepoint has a program of its own.
 *
 * Counters only grow. A table shows by how much, so that nothing is lost or counted twice between two tables.
 * Counts by process and the like are those of counts.h. All are added to atomically: from Linux 6.0 on a task
 * can lose the CPU in the middle of a program that is at a function of its process.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "stacks.h"
#include "targets.h"

#define ANY_CPU 0xffffffff

/* count on this CPU only */
const volatile __u32 targ_cpu = ANY_CPU;
const volatile bool has_cookies = true;
/* the hooks are in a file that processes run */
const volatile bool in_user;
/* what distinguishes counts, besides the hook */
const volatile bool by_pid;
const volatile bool by_tid;
const volatile bool by_comm;
const volatile bool by_cpu;
const volatile bool by_cgroup;
const volatile bool by_kstack;

/* by hook, unless something else distinguishes counts */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* as many as there are hooks, before load */
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/*
 * From Linux 6.13 on a program whose functions have 64 bytes on their stacks or more, in steps of 16, has one
 * stack for each CPU. At functions of processes it can be preempted by itself, and would find there what another
 * task has counted by. So this is all that count_group() has on its stack.
 */
struct group {
	__u16 set;
	__u16 cpu;
	__u32 hook;
	pid pid;
	tid tid;
	stack_id kstack;
	cgroup_id cgroup;
	comm comm;
};

_Static_assert(sizeof(struct group) <= 48, "a stack of 64 bytes is one of the CPU");

struct passes {
	__u64 count;
};

static const struct passes no_passes;

/* more before load if they are used */
COUNTS(groups, struct group, struct passes, 1, 0);

/* without cookies: the hook at an address of the kernel, or at a place in the file */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} places SEC(".maps");

static __always_inline void count_hook(__u32 hook)
{
	__u64 *count = bpf_map_lookup_elem(&counts, &hook);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __noinline __s64 kernel_stack(void *ctx)
{
	return keep_stack(ctx, STACK_KERNEL);
}

static __noinline int count_group(void *ctx, __u32 hook)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id(), .hook = hook };
	struct passes *passes;

	if (by_pid)
		group.pid = bpf_get_current_pid_tgid() >> 32;
	if (by_tid)
		group.tid = bpf_get_current_pid_tgid();
	if (by_cgroup)
		group.cgroup = bpf_get_current_cgroup_id();
	if (by_comm)
		bpf_get_current_comm(group.comm, sizeof(group.comm));
	if (by_kstack)
		group.kstack = kernel_stack(ctx);
	passes = count_at(&groups, &group, &no_passes);
	if (passes)
		__sync_fetch_and_add(&passes->count, 1);
	return 0;
}

static __noinline int count(void *ctx, __u32 hook)
{
	if (targ_cpu != ANY_CPU && targ_cpu != bpf_get_smp_processor_id())
		return 0;
	if (!is_target())
		return 0;
	if (by_pid || by_tid || by_comm || by_cpu || by_cgroup || by_kstack)
		count_group(ctx, hook);
	else
		count_hook(hook);
	return 0;
}

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

/* At functions and USDT probes. */
SEC("kprobe")
int probe(struct pt_regs *ctx)
{
	__u32 *known;
	__u64 place;

	if (has_cookies)
		return count(ctx, bpf_get_attach_cookie(ctx));
	place = this_place(ctx);
	known = bpf_map_lookup_elem(&places, &place);
	return known ? count(ctx, *known) : 0;
}

SEC("tp")
int tracepoint(void *ctx)
{
	return count(ctx, bpf_get_attach_cookie(ctx));
}

/* Without cookies each hook has one of these. */
#define TRACEPOINT(hook)                 \
	SEC("tp")                        \
	int tracepoint_##hook(void *ctx) \
	{                                \
		return count(ctx, hook); \
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

char LICENSE[] SEC("license") = "Dual MIT/GPL";
