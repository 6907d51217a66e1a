/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a packet says about itself, by the headers that it carries. A packet may be met anywhere on its way:
 * not all of its headers need be there yet, and those that are lie in front of what the kernel is at.
 */
#ifndef DENOBPF_PACKET_H
#define DENOBPF_PACKET_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "sock.h"

#define ETH_P_IP 0x0800 /* include/uapi/linux/if_ether.h */
#define ETH_P_IPV6 0x86dd
#define IP_OFFSET 0x1fff /* include/net/ip.h */
#define IP6_OFFSET 0xfff8 /* include/net/ipv6.h */
#define NEXTHDR_HOP 0
#define NEXTHDR_ROUTING 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_DEST 60

/* Headers that may stand between that of IPv6 and the one looked for: more are not read. */
#define MAX_IPV6_HEADERS 4

struct packet {
	ip_addr saddr;
	ip_addr daddr;
	__u32 seq;
	__u32 bytes; /* of data, behind the header of TCP */
	port sport;
	port dport;
	__u8 protocol; /* include/uapi/linux/in.h */
	__u8 tcp_flags;
};

/* Whether the network brought it: what a socket of this host sends has no device that it came by. */
static __always_inline bool is_received(struct sk_buff *skb)
{
	return BPF_CORE_READ(skb, skb_iif) || !BPF_CORE_READ(skb, sk);
}

/* Where a device hands over what it received, nobody has noted yet where the header is: it comes first. */
static __always_inline void *network_header(struct sk_buff *skb)
{
	__u16 offset = BPF_CORE_READ(skb, network_header);

	return offset ? BPF_CORE_READ(skb, head) + offset : BPF_CORE_READ(skb, data);
}

static __always_inline void *read_ipv4(void *at, struct packet *packet)
{
	struct iphdr ip = {};

	if (bpf_probe_read_kernel(&ip, sizeof(ip), at) || ip.version != 4)
		return NULL;
	map_ipv4(packet->saddr, ip.saddr);
	map_ipv4(packet->daddr, ip.daddr);
	packet->protocol = ip.protocol;
	return bpf_ntohs(ip.frag_off) & IP_OFFSET ? NULL : at + ip.ihl * 4;
}

static __always_inline void *read_ipv6(void *at, struct packet *packet)
{
	struct ipv6hdr ip = {};
	__u8 header[4];
	int i;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), at) || ip.version != 6)
		return NULL;
	__builtin_memcpy(packet->saddr, &ip.saddr, sizeof(ip_addr));
	__builtin_memcpy(packet->daddr, &ip.daddr, sizeof(ip_addr));
	packet->protocol = ip.nexthdr;
	at += sizeof(ip);
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_IPV6_HEADERS; i++) {
		__u8 kind = packet->protocol;

		if (kind != NEXTHDR_HOP && kind != NEXTHDR_ROUTING && kind != NEXTHDR_FRAGMENT &&
		    kind != NEXTHDR_DEST)
			break;
		if (bpf_probe_read_kernel(header, sizeof(header), at))
			return NULL;
		packet->protocol = header[0];
		if (kind != NEXTHDR_FRAGMENT)
			at += (header[1] + 1) * 8;
		else if ((header[2] << 8 | header[3]) & IP6_OFFSET)
			return NULL;
		else
			at += 8;
	}
	return at;
}

/* Reads the header of IP. Returns where the next one is; NULL if there is none, as in a later fragment. */
static __always_inline void *read_ip(struct sk_buff *skb, struct packet *packet)
{
	__u16 protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));

	if (protocol == ETH_P_IP)
		return read_ipv4(network_header(skb), packet);
	if (protocol == ETH_P_IPV6)
		return read_ipv6(network_header(skb), packet);
	return NULL;
}

/* The same of TCP. Returns whether it is of TCP. */
static __always_inline bool read_tcp(struct sk_buff *skb, struct packet *packet)
{
	void *at = read_ip(skb, packet);
	struct tcphdr tcp = {};
	__s64 data;

	if (!at || packet->protocol != IPPROTO_TCP || bpf_probe_read_kernel(&tcp, sizeof(tcp), at))
		return false;
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->seq = bpf_ntohl(tcp.seq);
	packet->tcp_flags = ((__u8 *)&tcp)[13];
	/* what the kernel has gone past already is not in `len` */
	data = BPF_CORE_READ(skb, data) + BPF_CORE_READ(skb, len) - (unsigned char *)at -
	       tcp.doff * 4;
	packet->bytes = data > 0 ? data : 0;
	return true;
}

/* The ports, where the protocol has some, and they are in this packet. Returns whether they are. */
static __always_inline bool read_ports(struct sk_buff *skb, struct packet *packet)
{
	void *at = read_ip(skb, packet);
	__u8 protocol = packet->protocol;
	__be16 ports[2];

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP &&
	    protocol != IPPROTO_DCCP && protocol != IPPROTO_UDPLITE)
		return false;
	if (!at || bpf_probe_read_kernel(ports, sizeof(ports), at))
		return false;
	packet->sport = bpf_ntohs(ports[0]);
	packet->dport = bpf_ntohs(ports[1]);
	return true;
}

/* The same ends as this host sees them. */
static __always_inline void packet_flow(const struct packet *packet, bool received,
					struct flow *flow)
{
	const __u8 *local = received ? packet->daddr : packet->saddr;
	const __u8 *remote = received ? packet->saddr : packet->daddr;

	__builtin_memcpy(flow->laddr, local, sizeof(ip_addr));
	__builtin_memcpy(flow->raddr, remote, sizeof(ip_addr));
	flow->lport = received ? packet->dport : packet->sport;
	flow->rport = received ? packet->sport : packet->dport;
}

/* How many packets of the network it stands for. */
static __always_inline __u16 segments_of(struct sk_buff *skb)
{
	struct skb_shared_info *info = (void *)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);

	return BPF_CORE_READ(info, gso_segs) ?: 1;
}

#endif /* DENOBPF_PACKET_H */
