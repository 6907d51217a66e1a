// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpstates: an event for each change of a TCP socket's state.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "sock_targets.h"
#include "tcp_socks.h"

/* report changes from and to these states only, of which each has a bit; 0 for all */
const volatile __u32 targ_from;
const volatile __u32 targ_to;

struct event {
	boot_ns time;
	boot_ns started; /* when the socket left TCP_CLOSE or was made; 0 if that was before the tool */
	__u64 since; /* when it came to oldstate, likewise */
	__u64 sk;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	pid task_pid;
	__u32 error; /* errno, 0 if there is none */
	__u32 ack_backlog; /* connections that nobody has accepted yet */
	__u32 ack_backlog_max;
	port lport;
	port rport;
	comm comm;
	comm task_comm;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	__u8 direction;
	__u8 oldstate;
	__u8 newstate;
	bool listens; /* the backlog is of this socket */
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

static __always_inline bool is_target_change(int oldstate, int newstate)
{
	return (!targ_from || targ_from & 1 << oldstate) && (!targ_to || targ_to & 1 << newstate);
}

static __always_inline void report(struct sock *sk, const struct flow *flow,
				   const struct known *known, int oldstate, int newstate,
				   __u64 time, __u64 since)
{
	struct event *event;

	if (!is_target_change(oldstate, newstate))
		return;
	event = reserve_event();
	if (!event)
		return;
	event->time = time;
	event->started = known->started;
	event->since = since;
	event->sk = (__u64)sk;
	event->oldstate = oldstate;
	event->newstate = newstate;
	event->pid = known->owner.pid;
	event->tid = known->owner.tid;
	__builtin_memcpy(event->comm, known->owner.comm, sizeof(event->comm));
	event->owner_by = known->owner.by;
	event->direction = known->direction;
	event->task_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&event->task_comm, sizeof(event->task_comm));
	event->uid = sock_uid(sk);
	event->cgroup_id = sock_cgroup_id(sk);
	event->error = BPF_CORE_READ(sk, sk_err);
	event->listens =
		newstate == TCP_LISTEN || (oldstate == TCP_LISTEN && newstate == TCP_CLOSE);
	event->ack_backlog = BPF_CORE_READ(sk, sk_ack_backlog);
	event->ack_backlog_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	event->mptcp = is_mptcp(sk);
	send_flow(event, flow);
	submit_event(event);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct known known = {};
	struct flow flow = {};

	if (!is_tcp(sk))
		return 0;
	follow_state_at(sk, oldstate, newstate, now, &known);
	/* a connection that comes in has no addresses yet, and changes its state again at once */
	if (oldstate == TCP_LISTEN && newstate == TCP_SYN_RECV)
		return 0;
	if (!is_target_owner(&known.owner))
		return 0;
	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return 0;
	if (oldstate == TCP_SYN_RECV && known.direction == DIRECTION_ACCEPT)
		report(sk, &flow, &known, TCP_LISTEN, TCP_SYN_RECV, known.since, 0);
	report(sk, &flow, &known, oldstate, newstate, now, known.since);
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
