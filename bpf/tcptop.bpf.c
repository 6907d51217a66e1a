// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcptop: what the sockets of TCP count by themselves. Nothing is traced where data pass.
 *
 * The user half has two iterators write a record of each socket at each interval: walk_files of those that a
 * process has open, once for each process, and walk_socks of those without a file, of which the map `socks`
 * knows: connections that nobody has accepted yet, whose process has closed them, or that are the kernel's own,
 * as the paths of MPTCP are.
 * The last record of a socket that is closed comes through the ring.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "sock_targets.h"
#include "tcp_bytes.h"
#include "tcp_socks.h"

#define EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

/* Where a record comes from: SEEN of tools/tcptop/connections.ts. */
enum seen {
	SEEN_OPEN, /* `pid` has it open */
	SEEN_WITHOUT_FILE, /* `pid` is the owner, as far as it is known */
	SEEN_CLOSED, /* likewise, and there is no record after this one */
};

/* The counters are those since the connection began. */
struct event {
	boot_ns started; /* 0 if that was before the tool */
	__u64 sk; /* with `started`, what distinguishes sockets */
	byte_count tx_bytes;
	byte_count tx_sent_bytes;
	byte_count rx_bytes;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	uid uid;
	__u32 retransmits;
	__u32 srtt_us;
	__u32 send_queue_bytes; /* not acknowledged yet */
	__u32 recv_queue_bytes; /* not read yet */
	port lport;
	port rport;
	comm comm;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	__u8 state;
	__u8 seen; /* enum seen */
	bool mptcp; /* a path of a connection of MPTCP */
};

/* It is read once a second. */
#define EVENTS_SIZE (1024 * 1024)
#include "events.h"

/* What was there before the tool is of interest even so: its counters are what later ones begin at. */
static __always_inline bool is_idle(const struct event *event)
{
	return event->started && !event->tx_bytes && !event->rx_bytes && !event->retransmits;
}

static __always_inline void fill(struct event *event, struct sock *sk, const struct flow *flow,
				 const struct known *known, int state, __u8 seen)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	event->sk = (__u64)sk;
	event->started = known->started;
	event->seen = seen;
	event->tx_sent_bytes = tcp_sent_bytes(sk);
	event->tx_bytes = tcp_accepted_bytes(sk, state, known->direction == DIRECTION_CONNECT);
	event->rx_bytes = tcp_received_bytes(sk);
	event->retransmits = BPF_CORE_READ(tp, total_retrans);
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->send_queue_bytes = tcp_send_queue(sk);
	event->recv_queue_bytes = tcp_receive_queue(sk);
	event->uid = sock_uid(sk);
	event->cgroup_id = sock_cgroup_id(sk);
	event->pid = known->owner.pid;
	__builtin_memcpy(event->comm, known->owner.comm, sizeof(event->comm));
	event->owner_by = known->owner.by;
	event->state = state;
	event->mptcp = is_mptcp(sk);
	send_flow(event, flow);
}

static __always_inline int write(struct seq_file *seq, struct sock *sk, const struct known *known,
				 int state, __u8 seen)
{
	struct flow flow = {};
	struct event event;

	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	fill(&event, sk, &flow, known, state, seen);
	if (is_idle(&event))
		return 0;
	/* if that does not fit, the kernel calls again with an empty buffer */
	bpf_seq_write(seq, &event, sizeof(event));
	return 0;
}

/* A listening socket and one that is not connected have no bytes. */
static __always_inline bool has_bytes(int state)
{
	return state != TCP_CLOSE && state != TCP_LISTEN;
}

static __always_inline void keep_sock(__u64 key, const struct known *known)
{
	/* Linux 5.10 leaves the upper half of a long as it is */
	int error = bpf_map_update_elem(&socks, &key, known, BPF_NOEXIST);

	/* a program that runs when it changes its state may have been faster */
	if (error && error != -EEXIST)
		count_lost_map();
}

/* Called for every open file of every process. */
SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct known shown = {}, *known;
	struct sock *sk;
	__u64 key;
	int state;

	if (!task || !file)
		return 0;
	sk = sock_of_file(file);
	if (!sk || !is_tcp(sk) || !is_target_task(task))
		return 0;
	state = tcp_state(sk);
	if (!has_bytes(state))
		return 0;
	own(&shown.owner, task, BY_FILE);
	shown.owner.target = true;
	key = (__u64)sk;
	known = bpf_map_lookup_elem(&socks, &key);
	if (!known) {
		keep_sock(key, &shown);
	} else {
		/* its last record is to be that of a target, of the process that has accepted it */
		if (known->owner.by == BY_NOTHING || known->owner.by == BY_LISTENER ||
		    !known->owner.target)
			known->owner = shown.owner;
		if (known->owner.pid == shown.owner.pid)
			shown.owner.by = known->owner.by;
		shown.started = known->started;
		shown.direction = known->direction;
	}
	return write(ctx->meta->seq, sk, &shown, state, SEEN_OPEN);
}

static __always_inline bool has_file(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket && BPF_CORE_READ(socket, file);
}

/* Called for every socket that is known. */
SEC("iter/bpf_map_elem")
int walk_socks(struct bpf_iter__bpf_map_elem *ctx)
{
	struct known *known = ctx->value;
	__u64 *key = ctx->key;
	struct known shown;
	struct sock *sk;
	int state;

	if (!key || !known)
		return 0;
	sk = (struct sock *)*key;
	state = tcp_state(sk);
	/* the file of a path of MPTCP is that of the connection, which is a socket of its own */
	if (!has_bytes(state) || (has_file(sk) && !is_mptcp(sk)))
		return 0;
	shown = *known;
	if (!is_target_owner(&shown.owner))
		return 0;
	return write(ctx->meta->seq, sk, &shown, state, SEEN_WITHOUT_FILE);
}

/* Called once, for every socket of the tool's network namespace. */
SEC("iter/tcp")
int seed_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct known unknown = {};
	__u64 key = (__u64)common;
	int state;

	if (!common)
		return 0;
	state = BPF_CORE_READ(common, skc_state);
	/* those two are no full sockets */
	if (has_bytes(state) && state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV)
		keep_sock(key, &unknown);
	return 0;
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct known known = {};
	struct flow flow = {};
	struct event event, *sent;

	if (!is_tcp(sk))
		return 0;
	follow_state(sk, oldstate, newstate, &known);
	if (newstate != TCP_CLOSE || !has_bytes(oldstate) || !is_target_owner(&known.owner))
		return 0;
	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	fill(&event, sk, &flow, &known, oldstate, SEEN_CLOSED);
	if (is_idle(&event))
		return 0;
	sent = reserve_event();
	if (!sent)
		return 0;
	*sent = event;
	submit_event(sent);
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
