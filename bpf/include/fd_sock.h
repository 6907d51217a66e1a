/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The socket that a descriptor of the current task stands for. */
#ifndef DENOBPF_FD_SOCK_H
#define DENOBPF_FD_SOCK_H

#include <bpf/bpf_core_read.h>
#include "files.h"
#include "sock.h"

#define IPPROTO_OF_MPTCP 262 /* include/uapi/linux/in.h */

/* NULL if it is not open, or no socket. */
static __always_inline struct sock *sock_of_fd(int fd)
{
	struct file *file = file_of_fd(fd);

	return file ? sock_of_file(file) : NULL;
}

/* include/net/mptcp.h and net/mptcp/protocol.h, without which a kernel may be built */
struct mptcp_sock___path {
	struct sock *first;
} __attribute__((preserve_access_index));

/* The socket of TCP that is the first path of one of MPTCP, which may be NULL; or the socket itself. */
static __always_inline struct sock *first_path(struct sock *sk)
{
	struct mptcp_sock___path *mptcp = (void *)sk;

	if (bpf_core_field_exists(mptcp->first) &&
	    BPF_CORE_READ(sk, sk_protocol) == IPPROTO_OF_MPTCP)
		return BPF_CORE_READ(mptcp, first);
	return sk;
}

#endif /* DENOBPF_FD_SOCK_H */
