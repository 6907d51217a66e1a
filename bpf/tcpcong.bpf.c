// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpcong: how long connections of TCP are in each state of congestion control.
 *
 * A connection is open, unless something goes wrong: it is known from its first change on. The user half has
 * walk_connections write a record of each of them at each interval, with the time in the present state; the last
 * record of one that is closed comes through the ring.
 *
 * Linux 5.18 has a tracepoint for each change. Before it the functions are traced in which states change: where one
 * of them ends, what the socket has is compared with what it had before.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "sock_targets.h"
#include "tcp_socks.h"
#include "times.h"

/* enum tcp_ca_state of include/uapi/linux/tcp.h, and room for the verifier */
#define STATES 5
#define STATES_SIZE 8
/* In place of a CPU where the current task counts, which an interrupt may come to that counts as well. */
#define OF_TASK 0xffffffff

/* count how long each stay in a state lasts */
const volatile bool by_stay;
/* bpf_ktime_get_boot_ns() of the start: what is older is not counted */
const volatile __u64 begun;

struct congestion {
	boot_ns began; /* what is counted: with the address of the socket it distinguishes connections */
	boot_ns since; /* it is in this state */
	duration_ns ns[STATES_SIZE]; /* that are over */
	__u32 changes;
	__u8 state;
	__u8 first; /* the state that it began in */
};

/* By the address of the socket. Preallocated: see socks of tcp_socks.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct congestion);
} connections SEC(".maps");

struct event {
	boot_ns time;
	boot_ns began;
	boot_ns since;
	__u64 sk;
	cgroup_id cgroup_id;
	duration_ns ns[STATES]; /* the present state included */
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	uid uid;
	__u32 changes;
	__u32 cwnd;
	__u32 ssthresh;
	__u32 srtt_us;
	__u32 lost; /* segments in flight that are taken for lost */
	__u32 retransmits;
	port lport;
	port rport;
	comm comm;
	char algorithm[16]; /* TCP_CA_NAME_MAX of include/net/tcp.h */
	__u8 state; /* of congestion control */
	__u8 first;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	bool closed; /* there is no record after this one */
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

struct group {
	__u32 set;
	cpu_nr cpu;
	__u32 state;
};

COUNTS(stays, struct group, struct times, 2 * STATES, 0);

static __always_inline __u8 congestion_state(struct sock *sk)
{
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;
	__u64 state = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);

	return state;
}

/* Such a socket has no state of congestion control any more. */
static __always_inline bool tcp_is_closed(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE;
}

static __always_inline bool is_target_connection(struct sock *sk, const struct owner *owner)
{
	struct flow flow = {};

	if (!is_target_owner(owner))
		return false;
	read_flow(sk, &flow);
	return is_target_flow(&flow);
}

static __always_inline struct congestion *begin_connection(struct sock *sk, __u8 state)
{
	__u64 key = (__u64)sk;
	struct known known = known_of(sk);
	struct congestion congestion = {
		.began = known.started ?: begun,
		.state = state,
		.first = state,
	};

	if (!is_target_connection(sk, &known.owner))
		return NULL;
	congestion.since = congestion.began;
	if (bpf_map_update_elem(&connections, &key, &congestion, BPF_ANY))
		count_lost_map();
	return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void end_stay(struct congestion *congestion, __u32 cpu)
{
	struct group group = { .set = set, .cpu = cpu };
	__u64 now = bpf_ktime_get_boot_ns(), ns = now - congestion->since;
	struct times *times;

	congestion->ns[congestion->state & (STATES_SIZE - 1)] += ns;
	congestion->since = now;
	if (!by_stay)
		return;
	group.state = congestion->state;
	times = count_at(&stays, &group, &no_times);
	if (times)
		times_add(times, ns);
}

static __always_inline int on_change(struct sock *sk, __u8 before, __u8 after)
{
	__u64 key = (__u64)sk;
	struct congestion *congestion = bpf_map_lookup_elem(&connections, &key);

	if (!congestion) {
		/* one that is closed is made ready for another connection */
		if (before == after || tcp_is_closed(sk))
			return 0;
		congestion = begin_connection(sk, before);
	}
	if (!congestion || congestion->state == after)
		return 0;
	end_stay(congestion, bpf_get_smp_processor_id());
	congestion->state = after;
	congestion->changes++;
	return 0;
}

/* since Linux 5.18 */
struct trace_event_raw_tcp_cong_state_set___local {
	const void *skaddr;
	__u8 cong_state;
} __attribute__((preserve_access_index));

/* As a classic tracepoint alone: see tcpretrans.bpf.c. The socket has its state before the change still. */
SEC("tp/tcp/tcp_cong_state_set")
int tp_cong_state(struct trace_event_raw_tcp_cong_state_set___local *ctx)
{
	struct sock *sk = (struct sock *)ctx->skaddr;

	return on_change(sk, congestion_state(sk), ctx->cong_state);
}

/* All connections begin in the state that is open. */
static __always_inline int on_return(struct sock *sk)
{
	return on_change(sk, TCP_CA_Open, congestion_state(sk));
}

/* Read as a number: Linux 5.10 takes no pointer with a type for the key of a map. */
#define RETURN_HOOK(function)                                \
	SEC("fexit/" #function)                              \
	int function##_exit(__u64 *ctx)                      \
	{                                                    \
		struct sock *sk = NULL;                      \
                                                             \
		bpf_probe_read_kernel(&sk, sizeof(sk), ctx); \
		return on_return(sk);                        \
	}

RETURN_HOOK(tcp_rcv_established)
RETURN_HOOK(tcp_rcv_state_process)
RETURN_HOOK(tcp_enter_loss)
RETURN_HOOK(tcp_enter_cwr)
RETURN_HOOK(tcp_simple_retransmit)

static __always_inline void fill(struct event *event, struct sock *sk,
				 const struct congestion *congestion, const struct owner *owner)
{
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct flow flow = {};

	event->time = bpf_ktime_get_boot_ns();
	event->began = congestion->began;
	event->since = congestion->since;
	event->sk = (__u64)sk;
	event->cgroup_id = sock_cgroup_id(sk);
	event->state = congestion->state;
	event->first = congestion->first;
	event->changes = congestion->changes;
	__builtin_memcpy(event->ns, congestion->ns, sizeof(event->ns));
	if (congestion->state < STATES)
		event->ns[congestion->state] += event->time - congestion->since;
	event->pid = owner->pid;
	__builtin_memcpy(event->comm, owner->comm, sizeof(event->comm));
	event->owner_by = owner->by;
	event->uid = sock_uid(sk);
	event->cwnd = BPF_CORE_READ(tp, snd_cwnd);
	event->ssthresh = BPF_CORE_READ(tp, snd_ssthresh);
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->lost = BPF_CORE_READ(tp, lost_out);
	event->retransmits = BPF_CORE_READ(tp, total_retrans);
	BPF_CORE_READ_STR_INTO(&event->algorithm, icsk, icsk_ca_ops, name);
	event->mptcp = is_mptcp(sk);
	read_flow(sk, &flow);
	send_flow(event, &flow);
}

/* Called for every connection that has changed its state. */
SEC("iter/bpf_map_elem")
int walk_connections(struct bpf_iter__bpf_map_elem *ctx)
{
	struct congestion *found = ctx->value, congestion;
	__u64 *key = ctx->key;
	struct owner owner;
	struct event event;
	struct sock *sk;

	if (!key || !found)
		return 0;
	sk = (struct sock *)*key;
	congestion = *found;
	owner = owner_of(sk);
	__builtin_memset(&event, 0, sizeof(event));
	fill(&event, sk, &congestion, &owner);
	/* if that does not fit, the kernel calls again with an empty buffer */
	bpf_seq_write(ctx->meta->seq, &event, sizeof(event));
	return 0;
}

/* Called once, for every socket of which the owner is known: those that are not open may never change again. */
SEC("iter/bpf_map_elem")
int seed_connections(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key;
	struct sock *sk;
	__u8 state;

	if (!key)
		return 0;
	sk = (struct sock *)*key;
	state = congestion_state(sk);
	if (state != TCP_CA_Open && !tcp_is_closed(sk))
		begin_connection(sk, state);
	return 0;
}

/* Called once at the end, for the same: stays that are not over count as well. */
SEC("iter/bpf_map_elem")
int end_stays(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *found = ctx->key, key;
	struct congestion *congestion;

	if (!found)
		return 0;
	key = *found;
	congestion = bpf_map_lookup_elem(&connections, &key);
	if (congestion)
		end_stay(congestion, OF_TASK);
	return 0;
}

static __always_inline void end_connection(struct sock *sk, const struct owner *owner)
{
	__u64 key = (__u64)sk;
	struct congestion *congestion = bpf_map_lookup_elem(&connections, &key);
	struct event *event;

	if (!congestion)
		return;
	event = reserve_event();
	if (event) {
		fill(event, sk, congestion, owner);
		event->closed = true;
		submit_event(event);
	}
	end_stay(congestion, bpf_get_smp_processor_id());
	bpf_map_delete_elem(&connections, &key);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct known known = {};

	if (!is_tcp(sk))
		return 0;
	follow_state(sk, oldstate, newstate, &known);
	if (newstate == TCP_CLOSE)
		end_connection(sk, &known.owner);
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
