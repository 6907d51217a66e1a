/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What waits at a socket that listens. */
#ifndef DENOBPF_BACKLOG_H
#define DENOBPF_BACKLOG_H

#include <bpf/bpf_core_read.h>
#include "fd_sock.h"
#include "sock_address.h"

struct backlog {
	__u32 queue; /* connections that wait to be accepted */
	__u32 max;
};

static __always_inline struct backlog backlog_of(struct sock *sk)
{
	/* that of MPTCP does not listen itself */
	struct sock *path = first_path(sk) ?: sk;
	struct backlog backlog = { .max = BPF_CORE_READ(path, sk_max_ack_backlog) };

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_OF_UNIX)
		/* those of a Unix socket are messages */
		backlog.queue = BPF_CORE_READ(sk, sk_receive_queue.qlen);
	else
		backlog.queue = BPF_CORE_READ(path, sk_ack_backlog);
	return backlog;
}

#endif /* DENOBPF_BACKLOG_H */
