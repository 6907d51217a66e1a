/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What distinguishes counts of a tool whose user names hooks: the hook, and what its option --by says. The user
 * half is lib/tool/probes/groups.ts.
 */
#ifndef DENOBPF_HOOK_GROUPS_H
#define DENOBPF_HOOK_GROUPS_H

#include <bpf/bpf_helpers.h>
#include "counts.h"
#include "kinds.h"

/* what distinguishes counts, besides the hook */
const volatile bool by_pid;
const volatile bool by_tid;
const volatile bool by_comm;
const volatile bool by_cpu;
const volatile bool by_cgroup;
const volatile bool by_kstack;

/*
 * From Linux 6.13 on a program whose functions have 64 bytes on their stacks or more, in steps of 16, has one
 * stack for each CPU. At functions of processes it can be preempted by itself, and would find there what another
 * task has counted by. So this is all that a function which counts has on its stack.
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

/* Fills in what the current task is distinguished by; the stack is the tool's. */
static __always_inline void fill_group(struct group *group)
{
	if (by_pid)
		group->pid = bpf_get_current_pid_tgid() >> 32;
	if (by_tid)
		group->tid = bpf_get_current_pid_tgid();
	if (by_cgroup)
		group->cgroup = bpf_get_current_cgroup_id();
	if (by_comm)
		bpf_get_current_comm(group->comm, sizeof(group->comm));
}

#endif /* DENOBPF_HOOK_GROUPS_H */
