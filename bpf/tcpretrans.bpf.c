// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpretrans: an event for each segment that TCP sends again.
 *
 * A timer or an answer makes TCP do so: the current task is any that was interrupted. The event belongs to
 * the owner of the socket, a SYN-ACK to the owner of the socket that listens.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "follow_states.h"
#include "kinds.h"
#include "sock_targets.h"

#define ICSK_TIME_LOSS_PROBE 5 /* include/net/inet_connection_sock.h */
#define TCPHDR_SYN 0x02 /* include/net/tcp.h */
#define TCPHDR_ACK 0x10

/* report attempts that this host could not send, too */
const volatile bool with_failed;

/* Why a segment is sent again: KINDS of tools/tcpretrans/members.ts. */
enum kind {
	KIND_FAST, /* acknowledgements say that it was lost */
	KIND_RTO, /* nothing came back in time */
	KIND_TLP, /* a tail loss probe: RFC 8985 */
	KIND_SYN,
	KIND_SYNACK,
};

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	uid uid;
	__u32 seq;
	__u32 bytes;
	__u32 srtt_us;
	__u32 cwnd;
	__u32 ssthresh;
	__u32 total; /* of the connection so far */
	__u32 error; /* errno, 0 if the segment was sent */
	__u16 segments; /* that the network device is handed at once; 0 if not known */
	port lport;
	port rport;
	comm comm;
	__u8 kind; /* enum kind */
	__u8 attempt; /* timeouts without an answer so far */
	__u8 flags; /* of the TCP header */
	__u8 state;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

/* Since Linux 6.18 attempts that failed are seen as well, with their errno. */
struct trace_event_raw_tcp_retransmit_skb___err {
	int err;
} __attribute__((preserve_access_index));

#define HAS_ERR bpf_core_field_exists(((struct trace_event_raw_tcp_retransmit_skb___err *)0)->err)

/* The records of the tracepoints, which have had several names, begin alike. */
struct record {
	__u64 common;
	void *first; /* skb; sk of a SYN-ACK */
	void *second; /* sk; the request of a SYN-ACK */
};

static __always_inline struct event *event_of(struct sock *sk, const struct owner *owner,
					      const struct flow *flow)
{
	struct event *event;

	if (!is_target_owner(owner) || !is_target_flow(flow))
		return NULL;
	event = reserve_event();
	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->pid = owner->pid;
	__builtin_memcpy(event->comm, owner->comm, sizeof(event->comm));
	event->owner_by = owner->by;
	event->uid = sock_uid(sk);
	event->cgroup_id = sock_cgroup_id(sk);
	send_flow(event, flow);
	return event;
}

/* The timer of a probe may be set while other segments are sent again: then the state is not TCP_CA_Open. */
static __always_inline __u8 kind_of(struct sock *sk)
{
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;
	__u64 ca_state = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);

	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_SYN_SENT)
		return KIND_SYN;
	if (ca_state == TCP_CA_Loss)
		return KIND_RTO;
	if (ca_state != TCP_CA_Recovery &&
	    BPF_CORE_READ(icsk, icsk_pending) == ICSK_TIME_LOSS_PROBE)
		return KIND_TLP;
	return KIND_FAST;
}

static __always_inline int on_retransmit(struct sock *sk, struct sk_buff *skb, int err)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct tcp_skb_cb *cb = (void *)skb + bpf_core_field_offset(skb->cb);
	struct owner owner = owner_of(sk);
	struct flow flow = {};
	struct event *event;

	if (err && !with_failed)
		return 0;
	read_flow(sk, &flow);
	event = event_of(sk, &owner, &flow);
	if (!event)
		return 0;
	event->kind = kind_of(sk);
	event->error = err < 0 ? -err : err;
	event->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	event->attempt = BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_retransmits);
	event->seq = BPF_CORE_READ(cb, seq);
	event->bytes = BPF_CORE_READ(cb, end_seq) - event->seq;
	event->segments = BPF_CORE_READ(cb, tcp_gso_segs);
	event->flags = BPF_CORE_READ_BITFIELD_PROBED(cb, tcp_flags);
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->cwnd = BPF_CORE_READ(tp, snd_cwnd);
	event->ssthresh = BPF_CORE_READ(tp, snd_ssthresh);
	event->total = BPF_CORE_READ(tp, total_retrans);
	event->mptcp = is_mptcp(sk);
	submit_event(event);
	return 0;
}

/* `sk` listens. A request has both ends where a socket has them. */
static __always_inline int on_retransmit_synack(struct sock *sk, struct request_sock *req)
{
	struct owner owner = owner_of(sk);
	struct flow flow = {};
	struct event *event;

	read_flow((struct sock *)req, &flow);
	flow.lport = BPF_CORE_READ(req, __req_common.skc_num);
	flow.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (owner.by != BY_NOTHING)
		owner.by = BY_LISTENER;
	event = event_of(sk, &owner, &flow);
	if (!event)
		return 0;
	event->kind = KIND_SYNACK;
	event->state = TCP_NEW_SYN_RECV;
	event->seq = BPF_CORE_READ((struct tcp_request_sock *)req, snt_isn);
	event->bytes = 1;
	event->attempt = BPF_CORE_READ_BITFIELD_PROBED(req, num_retrans) + 1;
	event->total = event->attempt;
	event->flags = TCPHDR_SYN | TCPHDR_ACK;
	event->segments = 1;
	submit_event(event);
	return 0;
}

/*
 * As classic tracepoints alone, which are rare here: on Linux 6.18 the raw ones were at times skipped for a
 * whole softirq that had interrupted other work, and the kernel did not count that.
 */

SEC("tp/tcp/tcp_retransmit_skb")
int tp_retransmit(struct record *ctx)
{
	struct trace_event_raw_tcp_retransmit_skb___err *newer = (void *)ctx;

	return on_retransmit(ctx->second, ctx->first, HAS_ERR ? newer->err : 0);
}

SEC("tp/tcp/tcp_retransmit_synack")
int tp_retransmit_synack(struct record *ctx)
{
	return on_retransmit_synack(ctx->first, ctx->second);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
