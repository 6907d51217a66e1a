// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpreset: an event for each reset of TCP that this host sends or receives.
 *
 * A reset is sent by a process that aborts a connection, or by a softirq that answers a packet nobody waits for;
 * one that comes in is received by a softirq. The event belongs to the owner of the socket, if there is one. A
 * connection that a process aborts is closed before the reset is sent: what was known of it is kept until then.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "function_hooks.h"
#include "kinds.h"
#include "packet.h"
#include "sock_targets.h"
#include "tcp_socks.h"

#define TCPHDR_RST 0x04 /* include/net/tcp.h */
#define RTF_LOCAL 0x80000000 /* include/uapi/linux/ipv6_route.h */
#define SKB_DST_PTRMASK (~1UL) /* include/linux/skbuff.h */

/* which of them are reported */
const volatile bool with_sent;
const volatile bool with_received;
/* bytes of a stack, 8 a frame */
const volatile __u64 kernel_stack_bytes;

struct event {
	boot_ns time;
	boot_ns established; /* 0 if that was before the tool, or never */
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	uid uid;
	__u32 reason;
	__u32 unread; /* bytes that have come, and no process has read */
	__u32 unacked; /* bytes that the process has sent, and nobody has acknowledged */
	__u32 kstack_size;
	port lport;
	port rport;
	comm comm;
	__u8 state; /* before the reset; 0 if there is no socket */
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	__u8 flags; /* of the packet that the reset answers */
	bool sent;
	bool has_reason;
	bool has_packet; /* it answers one */
	bool has_sock; /* with a user, a cgroup, and bytes */
	bool mptcp; /* a path of a connection of MPTCP */
	__u8 unused[7];
	__u8 strings[];
};

#define STRINGS_SIZE STACK_SIZE
#include "record.h"

enum sk_rst_reason___any {
	SK_RST_REASON_NO_SOCKET___any = 1,
};

/* From Linux 6.10 on the kernel says why it sends one, and comes here for those without a socket, too. */
struct trace_event_raw_tcp_send_reset___reason {
	enum sk_rst_reason___any reason;
} __attribute__((preserve_access_index));

#define HAS_REASON \
	bpf_core_field_exists(((struct trace_event_raw_tcp_send_reset___reason *)0)->reason)

/* The records of the tracepoint, which have had several forms, begin alike. */
struct send_reset {
	__u64 common;
	struct sk_buff *skb; /* NULL if it answers none */
	struct sock *sk; /* NULL if there is none */
};

/* A connection as it was when it was closed. */
struct closed {
	struct known known;
	__u64 state;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct closed);
} closed_socks SEC(".maps");

/* What is known of the socket of a reset. */
struct origin {
	struct sock *sk; /* whole, with a user and a cgroup; or NULL */
	struct known known;
	__u8 state;
};

static __always_inline void find_origin(struct sock *sk, struct origin *origin)
{
	__u64 key = (__u64)sk;
	struct closed *closed;

	if (!sk)
		return;
	origin->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (origin->state == TCP_TIME_WAIT)
		return;
	if (origin->state == TCP_NEW_SYN_RECV) {
		origin->sk = BPF_CORE_READ(sk, __sk_common.skc_listener);
		origin->known.owner = owner_of(origin->sk);
		if (origin->known.owner.by != BY_NOTHING)
			origin->known.owner.by = BY_LISTENER;
		return;
	}
	origin->sk = sk;
	if (origin->state != TCP_CLOSE) {
		origin->known = known_of(sk);
		return;
	}
	closed = bpf_map_lookup_elem(&closed_socks, &key);
	if (closed) {
		origin->known = closed->known;
		origin->state = closed->state;
	}
}

static __always_inline bool has_got_fin(__u8 state)
{
	return state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static __always_inline bool has_sent_fin(__u8 state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

/* The bytes that are lost. SYN and FIN have a sequence number of their own, which is no byte. */
static __always_inline void read_bytes(struct event *event, struct sock *sk, __u8 state)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u32 unread, unacked;

	if (state == TCP_LISTEN || state == TCP_SYN_SENT || state == TCP_NEW_SYN_RECV)
		return;
	unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
	unacked = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
	if (unread && has_got_fin(state))
		unread--;
	if (unacked && has_sent_fin(state))
		unacked--;
	event->unread = unread;
	event->unacked = unacked;
}

static __always_inline struct event *event_of(const struct origin *origin, const struct flow *flow)
{
	struct sock *sk = origin->sk;
	struct event *event;

	if (!is_target_owner(&origin->known.owner) || !is_target_flow(flow))
		return NULL;
	event = begin_record();
	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->established = origin->known.established;
	event->state = origin->state;
	event->pid = origin->known.owner.pid;
	event->owner_by = origin->known.owner.by;
	__builtin_memcpy(event->comm, origin->known.owner.comm, sizeof(event->comm));
	send_flow(event, flow);
	if (sk) {
		event->has_sock = true;
		event->uid = sock_uid(sk);
		event->cgroup_id = sock_cgroup_id(sk);
		event->mptcp = is_mptcp(sk);
		read_bytes(event, sk, origin->state);
	}
	return event;
}

/* The ends of the packet that is answered: a socket that listens, or none, does not have them. */
static __always_inline bool read_answered(struct sock *sk, struct sk_buff *skb,
					  struct packet *packet, struct flow *flow)
{
	struct net_device *dev;

	if (!skb || !read_tcp(skb, packet))
		return false;
	packet_flow(packet, true, flow);
	if (sk) {
		flow->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	} else {
		dev = BPF_CORE_READ(skb, dev);
		flow->netns = dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
	}
	return true;
}

/* `ctx` is NULL where the stack cannot be had. */
static __always_inline int on_send(void *ctx, struct sock *sk, struct sk_buff *skb, __u32 reason)
{
	struct origin origin = {};
	struct packet packet = {};
	struct flow flow = {};
	struct event *event;
	bool answers;

	if (!with_sent)
		return 0;
	find_origin(sk, &origin);
	answers = read_answered(sk, skb, &packet, &flow);
	if (!answers && origin.sk)
		read_flow(origin.sk, &flow);
	event = event_of(&origin, &flow);
	if (!event)
		return 0;
	event->sent = true;
	event->has_reason = HAS_REASON;
	event->reason = reason;
	event->has_packet = answers;
	event->flags = packet.tcp_flags;
	if (ctx && kernel_stack_bytes)
		event->kstack_size = append_stack(event, ctx, 0, kernel_stack_bytes);
	send_record(event);
	return 0;
}

SEC("tp/tcp/tcp_send_reset")
int tp_send(struct send_reset *ctx)
{
	struct trace_event_raw_tcp_send_reset___reason *newer = (void *)ctx;

	return on_send(ctx, ctx->sk, ctx->skb, HAS_REASON ? newer->reason : 0);
}

/* Whether the packet is to this host itself: what it only passes on is not answered. */
static __always_inline bool is_to_this_host(struct sk_buff *skb)
{
	void *dst = (void *)(BPF_CORE_READ(skb, _skb_refdst) & SKB_DST_PTRMASK);

	if (!dst)
		return false;
	if (BPF_CORE_READ(skb, protocol) == bpf_htons(ETH_P_IP))
		return BPF_CORE_READ((struct rtable *)dst, rt_type) == RTN_LOCAL;
	return BPF_CORE_READ((struct rt6_info *)dst, rt6i_flags) & RTF_LOCAL;
}

/* Before Linux 6.10 the tracepoint is not come to without a whole socket, and these functions are traced. */
static __always_inline int on_answer(const __u64 *args)
{
	struct sock *sk = (struct sock *)args[0];
	struct sk_buff *skb = (struct sk_buff *)args[1];
	struct packet packet = {};

	if (sk ? !is_stub(BPF_CORE_READ(sk, __sk_common.skc_state)) : !is_to_this_host(skb))
		return 0;
	/* a reset is not answered by another one */
	if (!read_tcp(skb, &packet) || packet.tcp_flags & TCPHDR_RST)
		return 0;
	return on_send(NULL, sk, skb, 0);
}

FUNCTION_HOOK(answer_ipv4, "tcp_v4_send_reset", on_answer)
FUNCTION_HOOK(answer_ipv6, "tcp_v6_send_reset", on_answer)

struct receive_reset {
	__u64 common;
	struct sock *sk;
};

SEC("tp/tcp/tcp_receive_reset")
int tp_receive(struct receive_reset *ctx)
{
	struct origin origin = {};
	struct flow flow = {};
	struct event *event;

	if (!with_received)
		return 0;
	find_origin(ctx->sk, &origin);
	read_flow(ctx->sk, &flow);
	event = event_of(&origin, &flow);
	if (event)
		send_record(event);
	return 0;
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct closed closed = { .state = oldstate };
	__u64 key = (__u64)sk;

	if (!is_tcp(sk))
		return 0;
	follow_state(sk, oldstate, newstate, &closed.known);
	if (newstate == TCP_CLOSE && bpf_map_update_elem(&closed_socks, &key, &closed, BPF_ANY))
		count_lost_map();
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
