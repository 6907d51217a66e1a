// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of sockets: a record of each socket that there is. Nothing is traced: these are iterators, which run
 * when the user half reads them.
 *
 * walk_files comes to the open files of all processes, and so to sockets of every family and of every network
 * namespace, once for each process that has one open. The others come to the sockets of one family in the
 * namespace of who starts them. There are those too that no process has open: connections that wait to be
 * accepted, that are closed and not at an end yet, and the kernel's own.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "backlog.h"
#include "fd_sock.h"
#include "kinds.h"
#include "sock.h"
#include "sock_address.h"
#include "sock_drops.h"
#include "task_targets.h"
#include "tcp_bytes.h"

#define IPPROTO_OF_UDPLITE 136 /* include/uapi/linux/in.h */
#define TYPE_RAW 3 /* enum sock_type of include/linux/net.h */

/* Messages that are looked at in the queue of a Unix socket. */
#define MAX_MESSAGES 1024

/* bits of enum sock_flags, include/net/sock.h */
#define SOCK_FLAG_KEEPALIVE 3
#define SOCK_FLAG_LINGER 4
#define SOCK_FLAG_BROADCAST 6

/* Sockets that may be asked for: KINDS of tools/sockets.ts. */
enum sock_kind {
	KIND_TCP = 1,
	KIND_UDP = 2,
	KIND_UNIX = 4,
	KIND_RAW = 8,
	KIND_PACKET = 16,
	KIND_NETLINK = 32,
	KIND_OTHER = 64,
};

/* show these only: bits of enum sock_kind, 0 for all */
const volatile __u32 targ_kinds;
/* show this network namespace only */
const volatile __u32 targ_netns;

/* Options of a socket, of which each has a bit: OPTIONS of tools/sockets/members.ts. */
enum sock_options {
	HAS_REUSEADDR = 1,
	HAS_REUSEPORT = 2,
	HAS_V6ONLY = 4,
	HAS_KEEPALIVE = 8,
	HAS_LINGER = 16,
	HAS_BROADCAST = 32,
};

struct event {
	__u64 sk;
	__u64 of_sk; /* the socket that its process has open instead, if there is one */
	__u64 peer_sk; /* the other end of a Unix socket */
	__u64 name; /* of Unix: what the sockets that come of one that listens share with it */
	cgroup_id cgroup_id;
	cgroup_id process_cgroup_id;
	ino inode; /* 0 if there is none */
	byte_count tx_sent_bytes;
	byte_count rx_bytes;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid; /* of a process that has it open; 0 for none */
	__s32 fd;
	uid uid;
	__u32 retransmits;
	__u32 srtt_us;
	__u32 send_queue_bytes;
	__u32 recv_queue_bytes;
	__u32 queue; /* connections that wait to be accepted */
	__u32 backlog_max;
	__u32 syn_queue; /* those whose handshake has begun */
	__u32 drops;
	__u32 ifindex; /* of the device that it is bound to, 0 if to none */
	__u32 protocol;
	__u16 family;
	__u16 type;
	port lport;
	port rport;
	comm comm;
	__u8 state;
	__u8 ip; /* 4 or 6; 0 if it is not of IP */
	__u8 options; /* enum sock_options */
	bool is_ip;
	bool mptcp; /* a path of a connection of MPTCP */
	bool stub; /* what is left of a connection, or the beginning of one: without a user, queues and so on */
	bool cut; /* more messages wait than MAX_MESSAGES */
	bool target; /* the process is one of those that targets.h asks for */
	__u32 address_size;
	__u32 peer_address_size;
	__u8 address[ADDRESS_SIZE]; /* struct sockaddr, of families other than IP */
	__u8 peer_address[ADDRESS_SIZE];
};

/* Too large for the stack. One reader has one program at work at a time. */
struct event record;

static __always_inline __u32 kind_of(__u16 family, __u16 type, __u32 protocol)
{
	switch (family) {
	case AF_OF_UNIX:
		return KIND_UNIX;
	case AF_OF_PACKET:
		return KIND_PACKET;
	case AF_OF_NETLINK:
		return KIND_NETLINK;
	case AF_INET:
	case AF_INET6:
		break;
	default:
		return KIND_OTHER;
	}
	if (type == TYPE_RAW)
		return KIND_RAW;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_OF_MPTCP)
		return KIND_TCP;
	if (protocol == IPPROTO_UDP || protocol == IPPROTO_OF_UDPLITE)
		return KIND_UDP;
	return KIND_OTHER;
}

static __always_inline bool is_target_kind(__u32 kind)
{
	return !targ_kinds || targ_kinds & kind;
}

static __always_inline bool is_target_sock(struct sock *sk)
{
	if (!is_target_kind(kind_of(BPF_CORE_READ(sk, __sk_common.skc_family),
				    BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol))))
		return false;
	return !targ_netns || targ_netns == BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* The struct socket that is the socket's own. That of a path of MPTCP may be the connection's. */
static __always_inline struct socket *own_socket(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket && BPF_CORE_READ(socket, sk) == sk ? socket : NULL;
}

static __always_inline __u64 sock_inode(struct sock *sk)
{
	struct socket *socket = own_socket(sk);
	struct socket_alloc *both = NULL;

	if (!socket)
		return 0;
	both = (void *)socket - bpf_core_field_offset(both->socket);
	return BPF_CORE_READ(both, vfs_inode.i_ino);
}

/* net/mptcp/protocol.h, without which a kernel may be built */
struct mptcp_subflow_context___local {
	struct sock *conn;
} __attribute__((preserve_access_index));

/* The connection of MPTCP that a socket of TCP is a path of. */
static __always_inline struct sock *mptcp_connection(struct sock *sk)
{
	struct inet_connection_sock *connection = (void *)sk;
	struct mptcp_subflow_context___local *path = NULL;

	if (!bpf_core_field_exists(path->conn))
		return NULL;
	path = BPF_CORE_READ(connection, icsk_ulp_data);
	return BPF_CORE_READ(path, conn);
}

static __always_inline __u8 sock_options(struct sock *sk)
{
	unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);
	__u8 options = 0;

	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse))
		options |= HAS_REUSEADDR;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport))
		options |= HAS_REUSEPORT;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only))
		options |= HAS_V6ONLY;
	if (flags & 1 << SOCK_FLAG_KEEPALIVE)
		options |= HAS_KEEPALIVE;
	if (flags & 1 << SOCK_FLAG_LINGER)
		options |= HAS_LINGER;
	if (flags & 1 << SOCK_FLAG_BROADCAST)
		options |= HAS_BROADCAST;
	return options;
}

/*
 * The bytes that wait in a Unix socket, which are counted nowhere. The queue may change meanwhile: what is read of
 * a message that is taken from it just now may be that of another one.
 */
static __always_inline void read_unix_queue(struct sock *sk)
{
	void *head = (void *)sk + bpf_core_field_offset(sk->sk_receive_queue);
	struct sk_buff *skb = BPF_CORE_READ(sk, sk_receive_queue.next);
	__u32 bytes = 0, consumed, i;
	struct unix_skb_parms *parms;

	for (i = 0; i < MAX_MESSAGES && skb && (void *)skb != head; i++) {
		parms = (void *)skb + bpf_core_field_offset(skb->cb);
		consumed = BPF_CORE_READ(parms, consumed);
		bytes += BPF_CORE_READ(skb, len) - consumed;
		skb = BPF_CORE_READ(skb, next);
	}
	record.recv_queue_bytes = bytes;
	record.cut = skb && (void *)skb != head;
}

/* What packets that wait take of the kernel's memory. */
static __always_inline void read_memory(struct sock *sk)
{
	int sent = BPF_CORE_READ(sk, sk_wmem_alloc.refs.counter);
	int received = BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter);

	/* one keeps the socket alive */
	record.send_queue_bytes = sent > 0 ? sent - 1 : 0;
	if (record.is_ip && record.protocol == IPPROTO_UDP && record.type != TYPE_RAW)
		/* it gives back more than one packet's at a time */
		received -= BPF_CORE_READ((struct udp_sock *)sk, forward_deficit);
	record.recv_queue_bytes = received > 0 ? received : 0;
}

static __always_inline void read_tcp(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	record.mptcp = is_mptcp(sk);
	if (record.state == TCP_LISTEN)
		record.syn_queue = BPF_CORE_READ((struct inet_connection_sock *)sk,
						 icsk_accept_queue.qlen.counter);
	if (record.state == TCP_LISTEN || record.state == TCP_CLOSE)
		return;
	record.tx_sent_bytes = tcp_sent_bytes(sk);
	record.rx_bytes = tcp_received_bytes(sk);
	record.retransmits = BPF_CORE_READ(tp, total_retrans);
	record.srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	record.send_queue_bytes = tcp_send_queue(sk);
	record.recv_queue_bytes = tcp_receive_queue(sk);
}

static __always_inline void read_unix(struct sock *sk)
{
	struct unix_sock *local = (struct unix_sock *)sk;
	struct sock *peer = BPF_CORE_READ(local, peer);

	record.name = (__u64)unix_address_of(sk);
	if (record.state == TCP_LISTEN)
		return;
	read_memory(sk);
	read_unix_queue(sk);
	record.peer_sk = (__u64)peer;
	if (peer)
		record.peer_address_size = read_unix_address(peer, record.peer_address);
}

static __always_inline void read_other(struct sock *sk)
{
	read_memory(sk);
	if (record.family == AF_OF_VSOCK && record.state == TCP_ESTABLISHED) {
		record.peer_address_size = SOCKADDR_VM_SIZE;
		bpf_probe_read_kernel(record.peer_address, SOCKADDR_VM_SIZE,
				      vsock_addresses(sk)->remote);
	}
}

/* What all sockets of IP have, stubs too. */
static __always_inline void read_ip(struct sock *sk)
{
	struct flow flow = {};

	record.is_ip = true;
	read_flow(sk, &flow);
	if (record.stub)
		flow.lport = BPF_CORE_READ(sk, __sk_common.skc_num);
	send_flow(&record, &flow);
}

static __always_inline void begin_record(struct sock *sk)
{
	/* where there is nothing to read, the helper leaves zeros */
	bpf_probe_read_kernel(&record, sizeof(record), NULL);
	record.sk = (__u64)sk;
	record.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	record.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline void read_sock(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	struct sock *of_sk = NULL;
	struct backlog backlog;

	begin_record(sk);
	record.type = BPF_CORE_READ(sk, sk_type);
	record.protocol = BPF_CORE_READ(sk, sk_protocol);
	record.inode = sock_inode(sk);
	record.uid = sock_uid(sk);
	record.cgroup_id = sock_cgroup_id(sk);
	record.ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	record.drops = sock_drops(sk);
	record.options = sock_options(sk);
	if (record.state == TCP_LISTEN) {
		backlog = backlog_of(sk);
		record.queue = backlog.queue;
		record.backlog_max = backlog.max;
	}
	if (is_ip(sk))
		read_ip(sk);
	else
		record.address_size = read_sock_address(sk, record.family, record.address);
	/* a raw one may have the protocol as well */
	if (is_tcp(sk) && record.type != TYPE_RAW)
		read_tcp(sk);
	else if (record.family == AF_OF_UNIX)
		read_unix(sk);
	else
		read_other(sk);
	if (socket)
		of_sk = BPF_CORE_READ(socket, sk);
	if (record.mptcp && (!of_sk || of_sk == sk))
		of_sk = mptcp_connection(sk);
	if (of_sk != sk)
		record.of_sk = (__u64)of_sk;
}

static __always_inline int write_record(struct bpf_iter_meta *meta)
{
	/* if it does not fit, the kernel calls again with an empty buffer */
	bpf_seq_write(meta->seq, &record, sizeof(record));
	return 0;
}

/* Called for every open file of every process. */
SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct file *file = ctx->file;
	struct sock *sk;

	if (!task || !file)
		return 0;
	/* Linux 5.10 comes to each thread, of which most have the files of their process */
	leader = task->group_leader;
	if (task != leader && task->files == leader->files)
		return 0;
	sk = sock_of_file(file);
	if (!sk || !is_target_sock(sk))
		return 0;
	read_sock(sk);
	record.pid = task->tgid;
	record.fd = ctx->fd;
	/* the others are sent as well: they may be at the other end */
	record.target = is_target_task(task);
	record.process_cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&record.comm, task, group_leader, comm);
	return write_record(ctx->meta);
}

/* A socket of the network namespace of who has started the iterator. */
static __always_inline int write_sock(struct bpf_iter_meta *meta, struct sock *sk)
{
	if (!sk || !is_target_sock(sk))
		return 0;
	read_sock(sk);
	return write_record(meta);
}

static __always_inline int write_stub(struct bpf_iter_meta *meta, struct sock *sk)
{
	struct request_sock *request = (struct request_sock *)sk;

	begin_record(sk);
	record.stub = true;
	record.type = 1; /* SOCK_STREAM */
	record.protocol = IPPROTO_TCP;
	read_ip(sk);
	if (record.state == TCP_TIME_WAIT)
		/* or FIN_WAIT2 */
		record.state = BPF_CORE_READ((struct inet_timewait_sock *)sk, tw_substate);
	else
		record.of_sk = (__u64)BPF_CORE_READ(request, __req_common.skc_listener);
	return write_record(meta);
}

SEC("iter/tcp")
int walk_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock *sk = (struct sock *)ctx->sk_common;

	if (sk && is_stub(BPF_CORE_READ(sk, __sk_common.skc_state)))
		return write_stub(ctx->meta, sk);
	return write_sock(ctx->meta, sk);
}

SEC("iter/udp")
int walk_udp(struct bpf_iter__udp *ctx)
{
	return write_sock(ctx->meta, (struct sock *)ctx->udp_sk);
}

/* The types that these are called with are not in every kernel for which this is compiled. */
struct walk_of_unix {
	struct bpf_iter_meta *meta;
	struct sock *sk;
};

/* Linux 5.15 */
SEC("iter/unix")
int walk_unix(struct walk_of_unix *ctx)
{
	return write_sock(ctx->meta, ctx->sk);
}

SEC("iter/netlink")
int walk_netlink(struct bpf_iter__netlink *ctx)
{
	return write_sock(ctx->meta, (struct sock *)ctx->sk);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
