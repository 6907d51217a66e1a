/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Packets that the kernel drops: the record of the tracepoint kfree_skb. What it says besides the packet has
 * come step by step: the reason in Linux 5.17, the socket that was to receive the packet in 6.11.
 */
#ifndef DENOBPF_DROPS_H
#define DENOBPF_DROPS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

#define MAX_REASONS 16

/* look at these reasons only, if there are any */
const volatile __u32 targ_reasons[MAX_REASONS];
const volatile __u32 targ_reason_count;
/* what a closed socket has not read, too */
const volatile bool with_purged;

/* Which of the reasons the kernel has, and as what number, differs by its version. */
enum skb_drop_reason___drop {
	SKB_DROP_REASON_NOT_SPECIFIED___drop = 2,
	SKB_DROP_REASON_QUEUE_PURGE___drop,
	SKB_DROP_REASON_SOCKET_CLOSE___drop,
};

struct trace_event_raw_kfree_skb___drop {
	void *skbaddr;
	void *location;
	void *rx_sk;
	enum skb_drop_reason___drop reason;
} __attribute__((preserve_access_index));

#define HAS_REASON bpf_core_field_exists(((struct trace_event_raw_kfree_skb___drop *)0)->reason)
#define HAS_RX_SK bpf_core_field_exists(((struct trace_event_raw_kfree_skb___drop *)0)->rx_sk)

#define is_reason(reason, name)                                         \
	(bpf_core_enum_value_exists(enum skb_drop_reason___drop,        \
				    SKB_DROP_REASON_##name##___drop) && \
	 (reason) == bpf_core_enum_value(enum skb_drop_reason___drop,   \
					 SKB_DROP_REASON_##name##___drop))

static __always_inline bool is_target_reason(__u32 reason)
{
	__u32 i;

	if (!targ_reason_count)
		return true;
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_REASONS && i < targ_reason_count; i++)
		if (targ_reasons[i] == reason)
			return true;
	return false;
}

struct drop {
	struct sk_buff *skb;
	__u64 location; /* behind the call that dropped it */
	struct sock *sk; /* whose packet it is, as far as that is known */
	__u32 reason; /* 0 if the kernel names none */
	bool received;
};

static __always_inline struct drop drop_of(struct trace_event_raw_kfree_skb___drop *ctx)
{
	struct sk_buff *skb = ctx->skbaddr;
	struct drop drop = { .skb = skb, .location = (__u64)ctx->location };

	if (HAS_REASON)
		drop.reason = ctx->reason;
	if (HAS_RX_SK)
		drop.sk = ctx->rx_sk;
	drop.received = drop.sk || is_received(skb);
	if (!drop.sk)
		drop.sk = BPF_CORE_READ(skb, sk);
	return drop;
}

static __always_inline __u8 drop_state(const struct drop *drop)
{
	struct sock *sk = drop->sk;

	return sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
}

/* Whether the kernel says that a queue was emptied, or says nothing. */
static __always_inline bool is_close_reason(__u32 reason)
{
	return !reason || is_reason(reason, NOT_SPECIFIED) || is_reason(reason, QUEUE_PURGE) ||
	       is_reason(reason, SOCKET_CLOSE);
}

/* Whether nobody lost it but a socket that was closed before it was read. */
static __always_inline bool is_purged(const struct drop *drop, __u8 state)
{
	return drop->received && state == TCP_CLOSE && is_close_reason(drop->reason);
}

/*
 * Whether it waits in a queue or a tree of a socket, where the pointer to its device is used for something else.
 */
static __always_inline bool is_queued(struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);

	return dev && BPF_CORE_READ(dev, ifindex) <= 0;
}

/*
 * The device that the packet is at, or NULL. That the kernel says which socket it is to, or that the device is the one
 * it came by, rules out that it is queued, and something else looks like one.
 */
static __always_inline struct net_device *drop_device(const struct drop *drop)
{
	struct sk_buff *skb = drop->skb;
	struct net_device *dev = BPF_CORE_READ(skb, dev);

	if (!dev || is_queued(skb))
		return NULL;
	if (BPF_CORE_READ(dev, ifindex) == BPF_CORE_READ(skb, skb_iif))
		return dev;
	return HAS_RX_SK && !drop->sk ? dev : NULL;
}

/* The network namespace where it was dropped; 0 if that is not known. */
static __always_inline __u32 drop_netns(const struct drop *drop, struct net_device *dev)
{
	struct sock *sk = drop->sk;

	if (sk)
		return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}

#endif /* DENOBPF_DROPS_H */
