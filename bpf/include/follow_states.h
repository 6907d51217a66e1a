/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The owners of sockets of TCP, for a kernel half that asks for one at a hook of its own and has nothing to do as a
 * socket changes its state.
 */
#ifndef DENOBPF_FOLLOW_STATES_H
#define DENOBPF_FOLLOW_STATES_H

#include "tcp_socks.h"

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct known known = {};

	if (is_tcp(sk))
		follow_state(sk, oldstate, newstate, &known);
	return 0;
}

#include "set_state.h"

#endif /* DENOBPF_FOLLOW_STATES_H */
