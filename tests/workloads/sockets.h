/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Sockets of workloads. kind.h comes before this. */
#include <netinet/in.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int make_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	check(fd >= 0, "socket");
	return fd;
}
