/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which connections a tool traces: what its options --ipv4, --ipv6, --localport, --remoteport and --netns
 * say. The user half is lib/tool/options/sockets.ts.
 */
#ifndef DENOBPF_SOCK_TARGETS_H
#define DENOBPF_SOCK_TARGETS_H

#include "sock.h"

#define PORT_BYTES (65536 / 8)

/* 4 or 6; 0 for both */
const volatile __u8 targ_ip;
/* trace this network namespace only */
const volatile __u32 targ_netns;
/* trace the ports in the sets only, of which each has a bit */
const volatile bool targ_by_lport;
const volatile bool targ_by_rport;
const volatile __u8 targ_lports[PORT_BYTES];
const volatile __u8 targ_rports[PORT_BYTES];

static __always_inline bool has_port(const volatile __u8 *ports, __u16 port)
{
	__u32 byte = port >> 3;

	/* the compiler knows that it is less, the verifier of Linux 5.10 does not */
	barrier_var(byte);
	return ports[byte & (PORT_BYTES - 1)] & 1 << (port & 7);
}

static __always_inline bool is_target_flow(const struct flow *flow)
{
	if (targ_ip && targ_ip != flow_version(flow))
		return false;
	if (targ_netns && targ_netns != flow->netns)
		return false;
	if (targ_by_lport && !has_port(targ_lports, flow->lport))
		return false;
	if (targ_by_rport && !has_port(targ_rports, flow->rport))
		return false;
	return true;
}

#endif /* DENOBPF_SOCK_TARGETS_H */
