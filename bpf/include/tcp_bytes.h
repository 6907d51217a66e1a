/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The bytes of a TCP connection, as the socket itself counts them. Another CPU may change the counters while
 * they are read here. They are read in an order in which what was sent or accepted is never too large: a result
 * that is too small is right the next time. What was received is one too large for the moment between the
 * peer's FIN being counted and SOCK_DONE being set.
 */
#ifndef DENOBPF_TCP_BYTES_H
#define DENOBPF_TCP_BYTES_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SOCK_DONE 1 /* bit of enum sock_flags, include/net/sock.h: the peer's FIN was received */

/* Bytes sent, each once, however often it was sent again. */
static __always_inline __u64 tcp_sent_bytes(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 sent = BPF_CORE_READ(tp, bytes_sent);

	return sent - BPF_CORE_READ(tp, bytes_retrans);
}

/* The bytes between two sequence numbers, of which the second one may have been passed already. */
static __always_inline __u32 tcp_distance(__u32 to, __u32 from)
{
	return (__s32)(to - from) > 0 ? to - from : 0;
}

/* The state now, which may be a later one than that with which a walk has begun. */
static __always_inline int tcp_state(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state);
}

/*
 * Bytes that the process has handed over to be sent. Not made of bytes_sent, which is ahead of snd_nxt while a
 * segment is under way to the device. The SYN of a socket that has connected counts as one that was
 * acknowledged, and so does a FIN.
 *
 * The kernel changes the state before it adds the FIN to write_seq: only a state that is read behind write_seq
 * shows every FIN that is in it. `state` is an earlier one.
 */
static __always_inline __u64 tcp_accepted_bytes(struct sock *sk, int state, bool connected)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 acked = BPF_CORE_READ(tp, bytes_acked);
	__u32 end = BPF_CORE_READ(tp, write_seq);
	__u64 accepted = acked + tcp_distance(end, BPF_CORE_READ(tp, snd_una));
	int later = tcp_state(sk);
	/* a socket that was closed meanwhile has a last record, which knows whether there was a FIN */
	bool finished = later == TCP_FIN_WAIT1 || later == TCP_FIN_WAIT2 || later == TCP_LAST_ACK ||
			later == TCP_CLOSING || later == TCP_CLOSE;
	__u32 others = connected + finished;

	/* connect() sets write_seq before it sets snd_una */
	if (state == TCP_SYN_SENT)
		return 0;
	return accepted > others ? accepted - others : 0;
}

/* Whether a SYN or a FIN is to be sent or acknowledged. Each takes a sequence number. */
static __always_inline bool tcp_queues_flag(int state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING ||
	       state == TCP_SYN_SENT || state == TCP_SYN_RECV;
}

/* Bytes that the other side has not acknowledged, those included that were not sent yet. */
static __always_inline __u32 tcp_send_queue(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u32 end = BPF_CORE_READ(tp, write_seq);
	__u32 queue = tcp_distance(end, BPF_CORE_READ(tp, snd_una));

	return queue && tcp_queues_flag(tcp_state(sk)) ? queue - 1 : queue;
}

static __always_inline bool tcp_fin_received(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_flags) & 1 << SOCK_DONE;
}

/* Bytes received in order. The peer's FIN is counted as one by the kernel. */
static __always_inline __u64 tcp_received_bytes(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 received = BPF_CORE_READ(tp, bytes_received);

	return received && tcp_fin_received(sk) ? received - 1 : received;
}

/* Bytes received in order that the process has not read. */
static __always_inline __u32 tcp_receive_queue(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u32 end = BPF_CORE_READ(tp, rcv_nxt);
	__u32 queue = tcp_distance(end, BPF_CORE_READ(tp, copied_seq));

	return queue && tcp_fin_received(sk) ? queue - 1 : queue;
}

#endif /* DENOBPF_TCP_BYTES_H */
