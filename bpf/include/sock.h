/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a socket of TCP says about itself: its two ends, its namespace, its cgroup. */
#ifndef DENOBPF_SOCK_H
#define DENOBPF_SOCK_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"

#define AF_INET 2 /* include/linux/socket.h */
#define AF_INET6 10
#define SOCKFS_MAGIC 0x534F434B /* include/uapi/linux/magic.h */

struct flow {
	ip_addr laddr;
	ip_addr raddr;
	port lport; /* 0 until the socket has one */
	port rport;
	ns_inum netns;
} __attribute__((aligned(8)));

static __always_inline void map_ipv4(ip_addr address, __be32 ipv4)
{
	__u32 *words = (__u32 *)address;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = ipv4;
}

static __always_inline bool is_ipv4(const ip_addr address)
{
	const __u32 *words = (const __u32 *)address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

/* 4 or 6: which protocol carries the packets. An IPv6 socket between mapped addresses uses IPv4. */
static __always_inline __u8 flow_version(const struct flow *flow)
{
	return is_ipv4(flow->laddr) && is_ipv4(flow->raddr) ? 4 : 6;
}

static __always_inline bool is_ip(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool is_tcp(struct sock *sk)
{
	return is_ip(sk) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

/* Whether it is a path of a connection of MPTCP, without which a kernel may be built. */
static __always_inline bool is_mptcp(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	return bpf_core_field_exists(tp->is_mptcp) && BPF_CORE_READ_BITFIELD_PROBED(tp, is_mptcp);
}

/* Whether the socket is no more than a stub, as it is before and after a connection of TCP. */
static __always_inline bool is_stub(__u8 state)
{
	return state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV;
}

static __always_inline void read_flow(struct sock *sk, struct flow *flow)
{
	struct inet_sock *inet = (struct inet_sock *)sk;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		map_ipv4(flow->laddr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(flow->raddr, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else {
		BPF_CORE_READ_INTO(&flow->laddr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&flow->raddr, sk, __sk_common.skc_v6_daddr);
	}
	/* not skc_num: that is 0 once the socket is closed */
	flow->lport = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	flow->rport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	flow->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* The user who made the socket. */
static __always_inline __u32 sock_uid(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_uid.val);
}

/* The cgroup of version 2 in which the socket was made. */
static __always_inline __u64 sock_cgroup_id(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

/* The socket of a file, or NULL. Linux 5.10 has no helper for it. */
static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct socket *socket;

	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Puts the flow into an event that has members of these names. */
#define send_flow(event, flow)                                                    \
	({                                                                        \
		__builtin_memcpy((event)->laddr, (flow)->laddr, sizeof(ip_addr)); \
		__builtin_memcpy((event)->raddr, (flow)->raddr, sizeof(ip_addr)); \
		(event)->lport = (flow)->lport;                                   \
		(event)->rport = (flow)->rport;                                   \
		(event)->netns = (flow)->netns;                                   \
		(event)->ip = flow_version(flow);                                 \
	})

#endif /* DENOBPF_SOCK_H */
