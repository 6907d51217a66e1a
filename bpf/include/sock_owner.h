/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The process that a socket belongs to. */
#ifndef DENOBPF_SOCK_OWNER_H
#define DENOBPF_SOCK_OWNER_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "task_flags.h"
#include "task_targets.h"

/* How the owner became known: OWNER_BY of lib/tool/tcp.ts. */
enum owner_by {
	BY_NOTHING,
	BY_CONNECT,
	BY_LISTEN,
	BY_LISTENER, /* it owns the socket that the connection came to */
	BY_CLOSE,
	BY_START, /* it had the socket open when the tool started */
	BY_FILE, /* it has the socket open */
	BY_ACCEPT,
	BY_SOCKET, /* it has made the socket */
	BY_SEND,
};

struct owner {
	pid pid;
	tid tid;
	comm comm; /* of the process */
	__u8 by; /* enum owner_by */
	bool target; /* it is one of those that targets.h asks for */
};

/* Whether all processes are traced: then sockets whose owner is not known are as well. */
static __always_inline bool all_are_targets(void)
{
	return targ_uid == ANY_UID && !targ_by_pid && !targ_ppid && !targ_comm[0] && !targ_mntns &&
	       !targ_pidns && !targ_by_cgroup;
}

static __always_inline bool is_target_owner(const struct owner *owner)
{
	return owner->by == BY_NOTHING ? all_are_targets() : owner->target;
}

static __always_inline void own(struct owner *owner, struct task_struct *task, __u8 by)
{
	owner->pid = BPF_CORE_READ(task, tgid);
	owner->tid = BPF_CORE_READ(task, pid);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
	owner->by = by;
}

/* Makes the current task the owner. The kernel's threads close sockets of others. */
static __always_inline void own_current(struct owner *owner, __u8 by)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return;
	own(owner, task, by);
	owner->target = is_target();
}

#endif /* DENOBPF_SOCK_OWNER_H */
