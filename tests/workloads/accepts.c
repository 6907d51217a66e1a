// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TCP connections that wait to be accepted: accepts KIND COUNT [ADDRESS [PORT]]
 *
 *	late		COUNT of them wait, and are accepted one after the other by accept4()
 *	uring		the same, accepted by io_uring
 *	mptcp		the same, of MPTCP
 *	dropped		the socket that they came to is closed
 *	reset		they are reset by the side that has connected, and accepted all the same
 *	full		accept() fails, as there is no free descriptor; and once as nobody waits, which is no failure
 *	filled		one after the other, they fill the queue, and 6 more are refused
 *	shared		one after the other, they come to two sockets that listen at one port
 *
 * The address is one of IPv4. Prints `PID PORT FD`: its own pid, the port of the listener, and the first
 * descriptor that accept() has returned, or would have.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kind.h"
#include "uring.h"

#define REFUSED 6

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct sockaddr_in server = { .sin_family = AF_INET };

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, is("mptcp") ? IPPROTO_MPTCP : 0), one = 1;

	check(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, is("shared") ? SO_REUSEPORT : SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static int listen_for(int count)
{
	socklen_t size = sizeof(server);
	int listener = make_socket();

	check(bind(listener, (struct sockaddr *)&server, size) == 0, "bind");
	check(getsockname(listener, (struct sockaddr *)&server, &size) == 0, "getsockname");
	check(listen(listener, count) == 0, "listen");
	return listener;
}

static int connect_to_server(void)
{
	int fd = make_socket();

	check(connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0, "connect");
	return fd;
}

/* As many as wait at a socket that listens. */
static unsigned int waiting_at(int listener)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	check(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
	return info.tcpi_unacked;
}

static unsigned int refused_by(int listener)
{
	unsigned int info[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(info);

	check(getsockopt(listener, SOL_SOCKET, SO_MEMINFO, info, &size) == 0, "SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

/* Each of them waits before the next one comes: handshakes end behind the call, and on any CPU. */
static void wait_one_by_one(int listener, int other, int count)
{
	for (int i = 1; i <= count; i++) {
		connect_to_server();
		while (waiting_at(listener) + (other < 0 ? 0 : waiting_at(other)) < (unsigned int)i)
			usleep(100);
	}
}

static void be_refused(int listener)
{
	for (int i = 0; i < REFUSED; i++) {
		int fd = make_socket();

		check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
		check(connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0 &&
			      errno == EINPROGRESS,
		      "connect");
	}
	while (refused_by(listener) < REFUSED)
		usleep(100);
}

static void reset(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int accept_from(int listener)
{
	struct io_uring_sqe request = { .opcode = IORING_OP_ACCEPT, .fd = listener };

	return is("uring") ? uring_do(request) : accept4(listener, NULL, NULL, SOCK_NONBLOCK);
}

/* The lowest descriptor that is free. */
static int free_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void fail_to_accept(int listener, int count)
{
	struct rlimit limit, none;
	int fd;

	check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	none = limit;
	none.rlim_cur = free_descriptor();
	check(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
	for (int i = 0; i < count; i++)
		check(accept(listener, NULL, NULL) < 0 && errno == EMFILE, "accept");
	check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	fd = accept(listener, NULL, NULL);
	check(fd >= 0, "accept");
	close(fd);
	check(fcntl(listener, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	check(accept(listener, NULL, NULL) < 0 && errno == EAGAIN, "accept");
}

int main(int argc, char **argv)
{
	int count, listener, waiting;

	check(argc >= 3, "usage: accepts KIND COUNT [ADDRESS [PORT]]");
	kind = argv[1];
	count = atoi(argv[2]);
	check(inet_pton(AF_INET, argc > 3 ? argv[3] : "127.0.0.1", &server.sin_addr) == 1, argv[3]);
	server.sin_port = htons(argc > 4 ? atoi(argv[4]) : 0);
	/* a queue takes one more than it is made for */
	listener = listen_for(is("filled") ? count - 1 : count);
	if (is("filled") || is("shared")) {
		wait_one_by_one(listener, is("shared") ? listen_for(count) : -1, count);
		if (is("filled"))
			be_refused(listener);
		printf("%d %d %d\n", getpid(), ntohs(server.sin_port), free_descriptor());
		return 0;
	}
	waiting = is("full") ? 1 : count;
	int clients[waiting];

	for (int i = 0; i < waiting; i++)
		clients[i] = connect_to_server();
	if (is("uring"))
		uring_open();
	printf("%d %d %d\n", getpid(), ntohs(server.sin_port), free_descriptor());
	if (is("full")) {
		fail_to_accept(listener, count);
		return 0;
	}
	for (int i = 0; i < count && is("reset"); i++)
		reset(clients[i]);
	for (int i = 0; i < count && !is("dropped"); i++)
		check(accept_from(listener) >= 0, "accept");
	close(listener);
	return 0;
}
