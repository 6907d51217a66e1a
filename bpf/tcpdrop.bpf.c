// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpdrop: an event for each packet of TCP that the kernel drops.
 *
 * Most are dropped on the way in, by a softirq that has interrupted any task. The event belongs to the owner
 * of the socket, if there is one: a packet to a closed port has none. So its ends are taken from the packet.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "drops.h"
#include "follow_states.h"
#include "kinds.h"
#include "sock_targets.h"

/* bytes of a stack, 8 a frame */
const volatile __u64 kernel_stack_bytes;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	__u64 location;
	ip_addr saddr;
	ip_addr daddr;
	ns_inum netns;
	pid pid;
	uid uid;
	__u32 reason;
	__u32 ifindex;
	__u32 seq;
	__u32 bytes;
	__u32 kstack_size;
	port sport;
	port dport;
	__u16 segments;
	__u8 flags; /* of the TCP header */
	__u8 state; /* 0 if there is no socket */
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	bool received;
	bool has_header; /* of TCP: not all packets that are sent have one yet */
	bool has_sock; /* with a user and a cgroup */
	bool mptcp; /* a path of a connection of MPTCP */
	bool has_dev;
	__u8 unused;
	char ifname[16];
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE STACK_SIZE
#include "record.h"

/* A packet that is sent, and has no header of IP or another one around it, has the ends of its socket. */
static __always_inline bool read_ends(const struct drop *drop, __u8 state, struct packet *packet)
{
	struct flow flow = {};

	if (!drop->sk || drop->received || is_stub(state) || !is_tcp(drop->sk))
		return false;
	read_flow(drop->sk, &flow);
	__builtin_memcpy(packet->saddr, flow.laddr, sizeof(ip_addr));
	__builtin_memcpy(packet->daddr, flow.raddr, sizeof(ip_addr));
	packet->sport = flow.lport;
	packet->dport = flow.rport;
	return true;
}

SEC("tp/skb/kfree_skb")
int on_drop(struct trace_event_raw_kfree_skb___drop *ctx)
{
	struct drop drop = drop_of(ctx);
	__u8 state = drop_state(&drop);
	struct packet packet = {};
	struct owner owner = {};
	struct flow flow = {};
	struct sk_buff *skb = drop.skb;
	struct sock *sk = drop.sk;
	struct net_device *dev;
	struct event *event;
	bool has_header;

	if (!is_target_reason(drop.reason) || (!with_purged && is_purged(&drop, state)))
		return 0;
	has_header = read_tcp(skb, &packet);
	if (!has_header && !read_ends(&drop, state, &packet))
		return 0;
	dev = drop_device(&drop);
	packet_flow(&packet, drop.received, &flow);
	flow.netns = drop_netns(&drop, dev);
	if (state == TCP_NEW_SYN_RECV)
		sk = BPF_CORE_READ(sk, __sk_common.skc_listener);
	else if (state == TCP_TIME_WAIT)
		sk = NULL;
	if (sk)
		owner = owner_of(sk);
	if (!is_target_owner(&owner) || !is_target_flow(&flow))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->location = drop.location;
	event->reason = drop.reason;
	event->received = drop.received;
	event->state = state;
	__builtin_memcpy(event->saddr, packet.saddr, sizeof(ip_addr));
	__builtin_memcpy(event->daddr, packet.daddr, sizeof(ip_addr));
	event->sport = packet.sport;
	event->dport = packet.dport;
	event->ip = flow_version(&flow);
	event->netns = flow.netns;
	event->has_header = has_header;
	event->seq = packet.seq;
	event->bytes = packet.bytes;
	event->flags = packet.tcp_flags;
	event->segments = segments_of(skb);
	event->ifindex = dev ? BPF_CORE_READ(dev, ifindex) : BPF_CORE_READ(skb, skb_iif);
	event->has_dev = dev;
	if (dev)
		BPF_CORE_READ_STR_INTO(&event->ifname, dev, name);
	if (sk) {
		event->has_sock = true;
		event->uid = sock_uid(sk);
		event->cgroup_id = sock_cgroup_id(sk);
		event->mptcp = is_mptcp(sk);
	}
	event->pid = owner.pid;
	event->owner_by = owner.by;
	__builtin_memcpy(event->comm, owner.comm, sizeof(event->comm));
	if (kernel_stack_bytes)
		event->kstack_size = append_stack(event, ctx, 0, kernel_stack_bytes);
	send_record(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
