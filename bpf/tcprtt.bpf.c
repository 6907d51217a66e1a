// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcprtt: round trip times of TCP connections, each counted once, when the kernel has measured it.
 *
 * The kernel keeps the last measurement with the socket, and says at each segment that comes in what that is. Most
 * segments measure nothing: so a measurement is counted when it differs from the one before. What the last
 * segment has measured is seen when the connection begins to end.
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

/* Which time is counted: RTTS of tools/tcprtt/members.ts. */
enum rtt {
	RTT_SMOOTHED,
	RTT_SAMPLE,
	RTT_MIN,
};

const volatile __u32 rtt = RTT_SMOOTHED;
/* count connections to and from these addresses only */
const volatile bool targ_by_laddr;
const volatile bool targ_by_raddr;
const volatile ip_addr targ_laddr;
const volatile ip_addr targ_raddr;
/* what is distinguished */
const volatile bool by_laddr;
const volatile bool by_raddr;
const volatile bool by_lport;
const volatile bool by_rport;
const volatile bool by_process;
/* processes are distinguished, or some of them traced */
const volatile bool with_owners;

struct group {
	__u32 set;
	cpu_nr cpu;
	ip_addr laddr;
	ip_addr raddr;
	pid pid;
	comm comm;
	port lport;
	port rport;
};

struct rtts {
	struct times times;
	duration_ns total_jitter_ns;
};

/* too big for the stack */
static const struct rtts no_rtts;

COUNTS(counts, struct group, struct rtts, 8192, 0);

/* What the kernel has measured last. */
struct measured {
	__u32 srtt; /* eighths of microseconds */
	__u32 mdev; /* quarters of them */
	__u32 sample; /* microseconds */
	__u32 zero;
};

/* By the address of the socket, while it is established. Preallocated: see socks of tcp_socks.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct measured);
} measurements SEC(".maps");

static __always_inline bool is_same_address(const ip_addr address, const volatile __u8 *wanted)
{
	int i;

	for (i = 0; i < sizeof(ip_addr); i++) {
		if (address[i] != wanted[i])
			return false;
	}
	return true;
}

static __always_inline bool is_target_rtt(const struct flow *flow)
{
	if (targ_by_laddr && !is_same_address(flow->laddr, targ_laddr))
		return false;
	if (targ_by_raddr && !is_same_address(flow->raddr, targ_raddr))
		return false;
	return is_target_flow(flow);
}

static __always_inline __u32 rtt_us(struct sock *sk, const struct measured *measured)
{
	switch (rtt) {
	case RTT_SAMPLE:
		return measured->sample;
	case RTT_MIN:
		return BPF_CORE_READ((struct tcp_sock *)sk, rtt_min.s[0].v);
	default:
		return measured->srtt >> 3;
	}
}

static __always_inline void count_rtt(struct sock *sk, const struct measured *measured)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct owner owner = {};
	struct flow flow = {};
	struct rtts *rtts;

	if (with_owners)
		owner = owner_of(sk);
	if (!is_target_owner(&owner))
		return;
	read_flow(sk, &flow);
	if (!is_target_rtt(&flow))
		return;
	if (by_laddr)
		__builtin_memcpy(group.laddr, flow.laddr, sizeof(ip_addr));
	if (by_raddr)
		__builtin_memcpy(group.raddr, flow.raddr, sizeof(ip_addr));
	if (by_lport)
		group.lport = flow.lport;
	if (by_rport)
		group.rport = flow.rport;
	if (by_process) {
		group.pid = owner.pid;
		__builtin_memcpy(group.comm, owner.comm, sizeof(group.comm));
	}
	rtts = count_at(&counts, &group, &no_rtts);
	if (!rtts)
		return;
	times_add(&rtts->times, rtt_us(sk, measured) * 1000ULL);
	rtts->total_jitter_ns += (measured->mdev >> 2) * 1000ULL;
}

/* Looks whether the kernel has measured since this connection was seen before. */
static __always_inline void look_at(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct measured now = {
		.srtt = BPF_CORE_READ(tp, srtt_us),
		.mdev = BPF_CORE_READ(tp, mdev_us),
		.sample = BPF_CORE_READ(tp, rack.rtt_us),
	};
	__u64 key = (__u64)sk;
	struct measured *before = bpf_map_lookup_elem(&measurements, &key);

	if (!before) {
		/* measured before the tool was there */
		if (bpf_map_update_elem(&measurements, &key, &now, BPF_ANY))
			count_lost_map();
		return;
	}
	if (before->srtt == now.srtt && before->mdev == now.mdev && before->sample == now.sample)
		return;
	*before = now;
	if (now.srtt)
		count_rtt(sk, &now);
}

static __always_inline int on_probe(struct sock *sk)
{
	look_at(sk);
	return 0;
}

SEC("raw_tp/tcp_probe")
int BPF_PROG(btf_probe, struct sock *sk)
{
	return on_probe(sk);
}

/* loaded from Linux 7.0 on only, where the record has the address of the socket */
struct trace_event_raw_tcp_probe___addressed {
	const void *skaddr;
} __attribute__((preserve_access_index));

SEC("tp/tcp/tcp_probe")
int tp_probe(struct trace_event_raw_tcp_probe___addressed *ctx)
{
	return on_probe((struct sock *)ctx->skaddr);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	static const struct measured nothing;
	struct known known = {};
	__u64 key = (__u64)sk;

	if (!is_tcp(sk))
		return 0;
	if (oldstate == TCP_ESTABLISHED) {
		look_at(sk);
		bpf_map_delete_elem(&measurements, &key);
	}
	if (with_owners)
		follow_state(sk, oldstate, newstate, &known);
	/* what the handshake has measured is new */
	if (newstate == TCP_ESTABLISHED &&
	    bpf_map_update_elem(&measurements, &key, &nothing, BPF_ANY))
		count_lost_map();
	return 0;
}

#include "set_state.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
