// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcplife: an event for each TCP connection that ends.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "sock_targets.h"
#include "tcp_bytes.h"
#include "tcp_socks.h"

struct event {
	boot_ns time;
	boot_ns started; /* 0 if that was before the tool */
	__u64 established; /* likewise, or if that never happened */
	byte_count tx_bytes;
	byte_count rx_bytes;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	__u32 retransmits;
	__u32 segs_in;
	__u32 segs_out;
	__u32 srtt_us;
	__u32 min_rtt_us;
	__u32 error; /* errno, 0 if there was none */
	port lport;
	port rport;
	comm comm;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	__u8 direction;
	__u8 oldstate; /* the state before TCP_CLOSE */
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

static __always_inline void read_counts(struct sock *sk, struct event *event)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	event->tx_bytes = tcp_sent_bytes(sk);
	event->rx_bytes = tcp_received_bytes(sk);
	event->retransmits = BPF_CORE_READ(tp, total_retrans);
	event->segs_in = BPF_CORE_READ(tp, segs_in);
	event->segs_out = BPF_CORE_READ(tp, segs_out);
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->min_rtt_us = BPF_CORE_READ(tp, rtt_min.s[0].v);
	event->mptcp = is_mptcp(sk);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct known known = {};
	struct flow flow = {};
	struct event *event;

	if (!is_tcp(sk))
		return 0;
	follow_state(sk, oldstate, newstate, &known);
	if (newstate != TCP_CLOSE || oldstate == TCP_LISTEN || !is_target_owner(&known.owner))
		return 0;
	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->started = known.started;
	event->established = known.established;
	event->pid = known.owner.pid;
	event->tid = known.owner.tid;
	__builtin_memcpy(event->comm, known.owner.comm, sizeof(event->comm));
	event->owner_by = known.owner.by;
	event->direction = known.direction;
	event->uid = sock_uid(sk);
	event->cgroup_id = sock_cgroup_id(sk);
	event->oldstate = oldstate;
	event->error = BPF_CORE_READ(sk, sk_err);
	send_flow(event, &flow);
	read_counts(sk, event);
	submit_event(event);
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
