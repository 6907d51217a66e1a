// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of funccount: counts how often hooks are passed: functions of the kernel or of processes, USDT
 * probes, tracepoints. hook_programs.h has the programs.
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
#include "hook_groups.h"
#include "kinds.h"
#include "stacks.h"

/* by hook, unless something else distinguishes counts */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* as many as there are hooks, before load */
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct passes {
	__u64 count;
};

static const struct passes no_passes;

/* more before load if they are used */
COUNTS(groups, struct group, struct passes, 1, 0);

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

	fill_group(&group);
	if (by_kstack)
		group.kstack = kernel_stack(ctx);
	passes = count_at(&groups, &group, &no_passes);
	if (passes)
		__sync_fetch_and_add(&passes->count, 1);
	return 0;
}

static __always_inline void on_hook(void *ctx, __u32 hook)
{
	if (by_pid || by_tid || by_comm || by_cpu || by_cgroup || by_kstack)
		count_group(ctx, hook);
	else
		count_hook(hook);
}

#include "hook_programs.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
