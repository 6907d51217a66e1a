// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sockets that are made to listen: listens KIND
 *
 *	plain		23 calls: 2 on a socket that is not bound; 5 of IPv6; 2 at one port, of which one fails;
 *			3 and 2 of Unix, stream and seqpacket; 7 of UDP, 1 of no descriptor, 1 of no socket
 *	mptcp		5 of MPTCP
 *	uring		11 by io_uring
 *	compat		3 with int $0x80, as 32-bit programs do
 *	held		3 of TCP with a backlog of 7 and 1 of Unix, where 2 connections wait, until standard input ends
 *
 * Prints `PID PORT`: the port of the first socket, if it is one of IP.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "kind.h"
#include "sockets.h"
#include "uring.h"

#define LISTEN_OF_URING 57 /* IORING_OP_LISTEN of include/uapi/linux/io_uring.h */
#define NR_LISTEN_32 363 /* arch/x86/entry/syscalls/syscall_32.tbl */

static int make_tcp(void)
{
	return make_socket(AF_INET, SOCK_STREAM, is("mptcp") ? IPPROTO_MPTCP : 0);
}

static int port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
	return ntohs(address.sin_port);
}

static int make_unix(int type, int number)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = make_socket(AF_UNIX, type, 0);
	int size = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			    "denobpf\nlistens-%d-%d", getpid(), number);

	check(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t) + 1 + size) == 0, "bind");
	return fd;
}

/* Two sockets may have one port, but not listen at it both. */
static void at_one_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fds[2], one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 2; i++) {
		fds[i] = make_tcp();
		check(setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0,
		      "setsockopt");
		check(bind(fds[i], (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
		address.sin_port = htons(port_of(fds[0]));
	}
	check(listen(fds[0], 3) == 0, "listen");
	check(listen(fds[1], 3) && errno == EADDRINUSE, "listen");
}

static int plain(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	int unbound = make_tcp(), udp = make_socket(AF_INET, SOCK_DGRAM, 0), ends[2];

	check(listen(unbound, 7) == 0 && listen(unbound, 11) == 0, "listen");
	address.sin6_addr = in6addr_loopback;
	for (int i = 0; i < 5; i++) {
		int fd = make_socket(AF_INET6, SOCK_STREAM, 0);

		check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
		check(listen(fd, 1000000) == 0, "listen");
	}
	at_one_port();
	for (int i = 0; i < 5; i++)
		check(listen(make_unix(i < 3 ? SOCK_STREAM : SOCK_SEQPACKET, i), 13) == 0,
		      "listen");
	for (int i = 0; i < 7; i++)
		check(listen(udp, 1) && errno == EOPNOTSUPP, "listen");
	check(pipe(ends) == 0, "pipe");
	check(listen(-1, 1) && errno == EBADF, "listen");
	check(listen(ends[0], 1) && errno == ENOTSOCK, "listen");
	return port_of(unbound);
}

static void listen_compat(int fd)
{
#ifdef __x86_64__
	long ret = NR_LISTEN_32;

	asm volatile("int $0x80"
		     : "+a"(ret)
		     : "b"(fd), "c"(17)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	check(ret == 0, "listen");
#endif
}

static void listen_uring(int fd)
{
	check(uring_do((struct io_uring_sqe){ .opcode = LISTEN_OF_URING, .fd = fd, .len = 17 }) ==
		      0,
	      "listen");
}

/* @returns the port of the first one */
static int several(int count)
{
	int port = 0;

	for (int i = 0; i < count; i++) {
		int fd = make_tcp();

		if (is("uring"))
			listen_uring(fd);
		else if (is("compat"))
			listen_compat(fd);
		else
			check(listen(fd, 7) == 0, "listen");
		port = port ?: port_of(fd);
	}
	return port;
}

static void held(void)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	int fd = make_unix(SOCK_STREAM, 0);

	check(listen(fd, 13) == 0, "listen");
	check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
	for (int i = 0; i < 2; i++)
		check(connect(make_socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address,
			      size) == 0,
		      "connect");
}

int main(int argc, char **argv)
{
	int port;
	char byte;

	check(argc == 2, "usage: listens KIND");
	kind = argv[1];
	if (is("uring"))
		uring_open();
	if (is("plain"))
		port = plain();
	else
		port = several(is("uring") ? 11 : is("mptcp") ? 5 : 3);
	if (is("held"))
		held();
	printf("%d %d\n", getpid(), port);
	fflush(stdout);
	return is("held") && read(0, &byte, 1) > 0;
}
