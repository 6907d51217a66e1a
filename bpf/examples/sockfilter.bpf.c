// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of sockfilter: the addresses of IPv4 packets, from a filter of a raw socket.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_HLEN 14 /* include/uapi/linux/if_ether.h */
#define ETH_P_IP 0x0800
#define IP_MF 0x2000 /* include/net/ip.h: more fragments follow, */
#define IP_OFFSET 0x1fff /* and which one it is */
#define PACKET_HOST 0 /* include/uapi/linux/if_packet.h */

/* events that did not fit into the ring */
__u64 lost;

struct event {
	__u8 src_addr[4];
	__u8 dst_addr[4];
	__u16 src_port;
	__u16 dst_port;
	__u32 ip_proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct event);
} events SEC(".maps");

/* A filter gives the number of bytes that the socket gets: none, as only the events are wanted. */
SEC("socket")
int socket_handler(struct __sk_buff *skb)
{
	struct event *event;
	__be16 ports[2] = {};
	struct iphdr ip;

	/* those that are sent come by as well */
	if (skb->pkt_type != PACKET_HOST || skb->protocol != bpf_htons(ETH_P_IP))
		return 0;
	/* only the first fragment has ports */
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) ||
	    ip.frag_off & bpf_htons(IP_MF | IP_OFFSET))
		return 0;
	bpf_skb_load_bytes(skb, ETH_HLEN + ip.ihl * 4, ports, sizeof(ports));
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__builtin_memcpy(event->src_addr, &ip.saddr, sizeof(event->src_addr));
	__builtin_memcpy(event->dst_addr, &ip.daddr, sizeof(event->dst_addr));
	event->src_port = bpf_ntohs(ports[0]);
	event->dst_port = bpf_ntohs(ports[1]);
	event->ip_proto = ip.protocol;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
