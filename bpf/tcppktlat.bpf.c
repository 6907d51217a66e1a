// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcppktlat: how long data of TCP wait until the process reads them.
 *
 * Of each connection one byte at a time is followed: the first one of a segment that comes while none is. Its time ends
 * when the process has read up to it and beyond, and the next segment is the next one that counts. So a time is always
 * that of one byte, whatever else comes meanwhile, and however the kernel joins segments.
 *
 * A socket is known by its address. What is kept of it goes when it is closed, and when another takes the address.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "losses.h"
#include "sock_targets.h"
#include "targets.h"
#include "tcp_bytes.h"

#define TCPHDR_FIN 1 /* include/net/tcp.h */

/* report times of at least this long */
const volatile __u64 min_ns;
/* trace this thread only */
const volatile __u32 targ_tid;

struct event {
	boot_ns time; /* when the byte was read */
	duration_ns latency_ns;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	__u32 segments; /* that have come since, this one included */
	__u32 recv_queue_bytes; /* that were there to be read, from this one on */
	comm comm;
	port lport;
	port rport;
	__u32 ip;
};

#include "events.h"

/* The byte that is followed, or none, if `time` is 0. */
struct followed {
	__u64 time; /* when it came */
	__u32 seq;
	__u32 segments;
};

/* Preallocated: segments come in softirqs, where Linux before 6.1 must not allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct followed);
} waiting SEC(".maps");

static __always_inline bool is_behind(__u32 seq, __u32 other)
{
	return (__s32)(seq - other) > 0;
}

/* Whether a segment has the byte that is to come next, or this and others. `next` is the byte's number. */
static __always_inline bool continues(struct sk_buff *skb, __u32 next)
{
	struct tcp_skb_cb *cb = (void *)skb + bpf_core_field_offset(skb->cb);
	__u32 end = BPF_CORE_READ(cb, end_seq);

	/* a FIN has a number as well */
	if (BPF_CORE_READ(cb, tcp_flags) & TCPHDR_FIN)
		end--;
	return is_behind(end, next) && !is_behind(BPF_CORE_READ(cb, seq), next);
}

static __always_inline int on_probe(struct sock *sk, struct sk_buff *skb)
{
	__u32 next = BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt);
	__u32 read = BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
	struct followed first = { .seq = next, .segments = 1 }, *followed;
	__u64 key = (__u64)sk;

	if (!continues(skb, next))
		return 0;
	followed = bpf_map_lookup_elem(&waiting, &key);
	/*
	 * If the byte has not come after all, for lack of memory, this is when it does. If it has been taken in a way
	 * that does not pass the hook, it is not waited for any more.
	 */
	if (followed && followed->time && followed->seq != next &&
	    !is_behind(read, followed->seq)) {
		followed->segments++;
		return 0;
	}
	first.time = bpf_ktime_get_boot_ns();
	if (followed)
		*followed = first;
	else if (bpf_map_update_elem(&waiting, &key, &first, BPF_ANY))
		count_lost_map();
	return 0;
}

static __always_inline bool is_target_reader(void)
{
	return (!targ_tid || targ_tid == (__u32)bpf_get_current_pid_tgid()) && is_target();
}

/* How many bytes have come from this one on. */
static __always_inline __u32 bytes_from(struct sock *sk, __u32 seq)
{
	__u32 end = BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt);

	return tcp_distance(end, seq + tcp_fin_received(sk));
}

static __always_inline void report(struct sock *sk, const struct followed *followed, __u64 now,
				   __u64 latency_ns)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct flow flow = {};
	struct event *event;

	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return;
	event = reserve_event();
	if (!event)
		return;
	event->time = now;
	event->latency_ns = latency_ns;
	event->cgroup_id = sock_cgroup_id(sk);
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	event->segments = followed->segments;
	event->recv_queue_bytes = bytes_from(sk, followed->seq);
	send_flow(event, &flow);
	submit_event(event);
}

/* The process has been given bytes, or has looked at some without taking them. */
static __always_inline int on_read(struct sock *sk)
{
	__u32 read = BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
	__u64 key = (__u64)sk, now, latency_ns;
	struct followed *followed = bpf_map_lookup_elem(&waiting, &key), ended;

	if (!followed || !followed->time || !is_behind(read, followed->seq))
		return 0;
	ended = *followed;
	followed->time = 0;
	now = bpf_ktime_get_boot_ns();
	latency_ns = now - ended.time;
	if (latency_ns < min_ns || !is_target_reader())
		return 0;
	report(sk, &ended, now, latency_ns);
	return 0;
}

SEC("raw_tp/tcp_probe")
int BPF_PROG(btf_probe, struct sock *sk, struct sk_buff *skb)
{
	return on_probe(sk, skb);
}

/* loaded from Linux 7.0 on only, where the record has both addresses */
struct trace_event_raw_tcp_probe___addressed {
	const void *skbaddr;
	const void *skaddr;
} __attribute__((preserve_access_index));

SEC("tp/tcp/tcp_probe")
int tp_probe(struct trace_event_raw_tcp_probe___addressed *ctx)
{
	return on_probe((struct sock *)ctx->skaddr, (struct sk_buff *)ctx->skbaddr);
}

SEC("raw_tp/tcp_rcv_space_adjust")
int BPF_PROG(btf_read, struct sock *sk)
{
	return on_read(sk);
}

SEC("tp/tcp/tcp_rcv_space_adjust")
int tp_read(struct trace_event_raw_tcp_event_sk *ctx)
{
	return on_read((struct sock *)ctx->skaddr);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	__u64 key = (__u64)sk;

	/* one that listens has no segments, and others of the family have the hook too */
	if (newstate == TCP_CLOSE || newstate == TCP_ESTABLISHED)
		bpf_map_delete_elem(&waiting, &key);
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
