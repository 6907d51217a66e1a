/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The hook at which a socket of TCP changes its state, in two forms, of which one is loaded:
 * lib/tool/trace/hooks.ts says when, and why. A kernel half includes this behind its
 *
 *	static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
 */
#ifndef DENOBPF_SET_STATE_H
#define DENOBPF_SET_STATE_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(btf_set_state, struct sock *sk, int oldstate, int newstate)
{
	return on_set_state(sk, oldstate, newstate);
}

SEC("tp/sock/inet_sock_set_state")
int tp_set_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	return on_set_state((struct sock *)ctx->skaddr, ctx->oldstate, ctx->newstate);
}

#endif /* DENOBPF_SET_STATE_H */
