// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of netqtop: counts packets by the queue of a network device that they are sent or received by.
 *
 * A packet is counted as the kernel hands it to the driver, or takes it over from it: one may stand for many of the
 * network. Sizes include the header of the link in both directions, which a packet that comes in has behind it by then.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "packet.h"

#define IFNAMSIZ 16 /* include/uapi/linux/if.h */
#define NO_MAC_HEADER 0xffff /* skb_mac_header_was_set() of include/linux/skbuff.h */

/* count devices of this name only */
const volatile char targ_name[IFNAMSIZ] __attribute__((aligned(8)));
const volatile __u32 targ_netns;

struct group {
	__u32 set;
	cpu_nr cpu;
	ns_inum netns;
	__u32 ifindex;
	__u16 queue;
	bool sent;
	__u8 zero; /* no padding */
};

struct count {
	__u64 packets;
	__u64 segments;
	__u64 bytes; /* from the header of the network on */
	__u64 link_bytes;
	/* packets by their size with the header of the link, each without those before it */
	__u64 below_64;
	__u64 below_512;
	__u64 below_2k;
	__u64 below_16k;
	__u64 below_64k;
	__u64 above;
	char ifname[IFNAMSIZ];
};

COUNTS(counts, struct group, struct count, 10240, 0);

static const struct count nothing;

static __always_inline bool is_target_device(struct net_device *dev)
{
	const volatile __u64 *wanted = (const volatile __u64 *)targ_name;
	__u64 name[IFNAMSIZ / sizeof(__u64)] = {};

	if (!targ_name[0])
		return true;
	BPF_CORE_READ_STR_INTO(&name, dev, name);
	return name[0] == wanted[0] && name[1] == wanted[1];
}

static __always_inline void add(struct count *count, struct sk_buff *skb, __u32 bytes,
				__u32 link_bytes)
{
	count->packets++;
	count->segments += segments_of(skb);
	count->bytes += bytes;
	count->link_bytes += link_bytes;
	if (link_bytes < 64)
		count->below_64++;
	else if (link_bytes < 512)
		count->below_512++;
	else if (link_bytes < 2048)
		count->below_2k++;
	else if (link_bytes < 16384)
		count->below_16k++;
	else if (link_bytes < 65536)
		count->below_64k++;
	else
		count->above++;
}

static __always_inline int on_packet(struct sk_buff *skb, bool sent)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id(), .sent = sent };
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	__u32 len = BPF_CORE_READ(skb, len), header;
	unsigned char *head, *data;
	struct count *count;
	__u16 mapping, mac_header;

	if (!is_target_device(dev))
		return 0;
	group.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	if (targ_netns && targ_netns != group.netns)
		return 0;
	group.ifindex = BPF_CORE_READ(dev, ifindex);
	mapping = BPF_CORE_READ(skb, queue_mapping);
	/* of what came in, 0 says that the driver has not named one */
	group.queue = sent || !mapping ? mapping : mapping - 1;
	count = count_at(&counts, &group, &nothing);
	if (!count)
		return 0;
	if (!count->packets)
		BPF_CORE_READ_STR_INTO(&count->ifname, dev, name);
	head = BPF_CORE_READ(skb, head);
	data = BPF_CORE_READ(skb, data);
	if (sent) {
		header = head + BPF_CORE_READ(skb, network_header) - data;
		add(count, skb, header < len ? len - header : len, len);
	} else {
		mac_header = BPF_CORE_READ(skb, mac_header);
		header = mac_header == NO_MAC_HEADER ? 0 : data - (head + mac_header);
		add(count, skb, len, len + (header < len ? header : 0));
	}
	return 0;
}

SEC("raw_tp/net_dev_start_xmit")
int BPF_PROG(btf_send, struct sk_buff *skb)
{
	return on_packet(skb, true);
}

SEC("tp/net/net_dev_start_xmit")
int tp_send(struct trace_event_raw_net_dev_start_xmit *ctx)
{
	return on_packet((struct sk_buff *)ctx->skbaddr, true);
}

SEC("raw_tp/netif_receive_skb")
int BPF_PROG(btf_receive, struct sk_buff *skb)
{
	return on_packet(skb, false);
}

SEC("tp/net/netif_receive_skb")
int tp_receive(struct trace_event_raw_net_dev_template *ctx)
{
	return on_packet((struct sk_buff *)ctx->skbaddr, false);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
