// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of biotop: counts requests to block devices, their bytes and times, by the task that asked for
 * them, the disk and the operation.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"

/* trace this disk only */
const volatile __u32 targ_dev;
/* count requests of targets only */
const volatile bool by_owner;
/* what distinguishes requests */
const volatile bool by_process;
const volatile bool by_cgroup;

struct group {
	__u32 set;
	cpu_nr cpu;
	cgroup_id cgroup_id;
	dev dev;
	pid pid;
	__u32 op;
	__u32 owner; /* enum owner_kind; OWNER_TASK for all that have an owner */
	comm comm;
};

struct usage {
	__u64 io;
	__u64 errors;
	byte_count bytes;
	duration_ns total_ns;
	duration_ns max_ns;
};

/* Preallocated: completions come in interrupts. */
COUNTS(usages, struct group, struct usage, 10240, 0);

struct issue {
	__u64 start;
	__u32 requeued;
	__u32 requeues;
	__u64 bytes;
	struct group group;
};

#define OWNER_IS_TASK
#include "block_issues.h"

SEC("raw_tp/block_rq_issue")
int btf_issue(__u64 *ctx)
{
	struct request *rq = behind_queue(ctx, rq_has_queue);
	struct issue issue = { .start = bpf_ktime_get_ns() };
	struct group *group = &issue.group;
	enum owner_kind kind;
	struct owner owner = {};

	if (!is_first_issue(rq))
		return 0;
	kind = find_owner(rq, &owner);
	group->dev = disk_dev(rq);
	if (targ_dev && group->dev != targ_dev)
		return 0;
	if (by_owner && !owner.is_target)
		return 0;
	issue.bytes = BPF_CORE_READ(rq, __data_len);
	group->op = request_op(rq);
	if (by_cgroup)
		group->cgroup_id = paying_cgroup(rq, &owner);
	if (by_process) {
		group->owner = kind == OWNER_UNKNOWN ? OWNER_UNKNOWN : OWNER_TASK;
		group->pid = owner.pid;
		__builtin_memcpy(group->comm, owner.comm, sizeof(group->comm));
	}
	keep_issue(rq, &issue);
	return 0;
}

SEC("raw_tp/block_rq_complete")
int btf_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	struct issue *issue = find_completed(rq, ctx[2]);
	struct usage empty = {}, *usage;
	struct group group;
	__u64 ns;

	if (!issue)
		return 0;
	ns = bpf_ktime_get_ns() - issue->start;
	group = issue->group;
	group.set = set;
	group.cpu = bpf_get_smp_processor_id();
	usage = count_at(&usages, &group, &empty);
	if (usage) {
		usage->io++;
		usage->errors += !!(__u32)ctx[1];
		usage->bytes += issue->bytes;
		usage->total_ns += ns;
		if (ns > usage->max_ns)
			usage->max_ns = ns;
	}
	forget_issue(rq);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
