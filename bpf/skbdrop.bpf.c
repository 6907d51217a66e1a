// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Kernel half of skbdrop: counts the packets that the kernel drops, of all protocols, by the reason and the place. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "drops.h"
#include "kinds.h"
#include "sock_targets.h"

#define MAX_PROTOCOLS 8

/* what distinguishes counts, besides */
const volatile bool by_netns;
const volatile bool by_device;
const volatile bool by_port;
/* count these protocols of IP only, if there are any */
const volatile __u32 targ_protocols[MAX_PROTOCOLS];
const volatile __u32 targ_protocol_count;

struct group {
	__u32 set;
	cpu_nr cpu;
	__u64 location;
	__u32 reason;
	ns_inum netns;
	__u32 ifindex;
	__u16 ethertype;
	port port; /* of this host */
	__u8 protocol; /* of IP */
	__u8 ip; /* 4 or 6; 0 if it is no packet of IP */
	bool received;
	__u8 unused;
	__u32 zero;
};

struct count {
	__u64 packets;
	__u64 segments;
	byte_count bytes;
	char ifname[16];
};

/* Preallocated: most packets are dropped in a softirq. */
COUNTS(counts, struct group, struct count, 4096, 0);

static const struct count empty;

static __always_inline bool is_target_protocol(__u8 protocol)
{
	__u32 i;

	if (!targ_protocol_count)
		return true;
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_PROTOCOLS && i < targ_protocol_count; i++)
		if (targ_protocols[i] == protocol)
			return true;
	return false;
}

/* Whether a socket was closed before it was read, whatever its protocol: of UDP the kernel does not say which one. */
static __always_inline bool is_unread(const struct drop *drop)
{
	return is_purged(drop, drop_state(drop)) ||
	       (is_close_reason(drop->reason) && is_queued(drop->skb));
}

/* A packet that is sent, and has no header of IP yet, is as its socket. Returns whether it is of IP. */
static __always_inline bool read_socket(const struct drop *drop, struct packet *packet,
					struct flow *flow)
{
	struct sock *sk = drop->sk;

	if (!sk || drop->received || is_stub(drop_state(drop)) || !is_ip(sk))
		return false;
	read_flow(sk, flow);
	packet->protocol = BPF_CORE_READ(sk, sk_protocol);
	return true;
}

SEC("tp/skb/kfree_skb")
int on_drop(struct trace_event_raw_kfree_skb___drop *ctx)
{
	struct drop drop = drop_of(ctx);
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct packet packet = {};
	struct sk_buff *skb = drop.skb;
	struct net_device *dev;
	struct flow flow = {};
	struct count *count;

	if (!is_target_reason(drop.reason) || (!with_purged && is_unread(&drop)))
		return 0;
	dev = drop_device(&drop);
	read_ports(skb, &packet);
	if (packet.protocol)
		packet_flow(&packet, drop.received, &flow);
	else if (!read_socket(&drop, &packet, &flow) && targ_ip)
		return 0;
	flow.netns = drop_netns(&drop, dev);
	if (!is_target_protocol(packet.protocol) || !is_target_flow(&flow))
		return 0;
	group.location = drop.location;
	group.reason = drop.reason;
	group.received = drop.received;
	group.protocol = packet.protocol;
	group.ethertype = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	if (packet.protocol)
		group.ip = flow_version(&flow);
	if (by_netns)
		group.netns = flow.netns;
	if (by_port)
		group.port = flow.lport;
	if (by_device)
		group.ifindex = dev ? BPF_CORE_READ(dev, ifindex) : BPF_CORE_READ(skb, skb_iif);
	count = count_at(&counts, &group, &empty);
	if (!count)
		return 0;
	count->packets++;
	count->segments += segments_of(skb);
	count->bytes += BPF_CORE_READ(skb, len);
	if (by_device && dev)
		BPF_CORE_READ_STR_INTO(&count->ifname, dev, name);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
