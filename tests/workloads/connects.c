// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Attempts to connect by TCP that do not succeed: connects KIND COUNT
 *
 *	timeout		to a listener whose queue is full; a SYN is sent twice
 *	closed		the same, closed while nobody has answered
 *	dropped		the same, given up by connect(AF_UNSPEC)
 *	no-route	to networks that there is no way to, by turns IPv4, IPv6 and mapped into IPv6
 *	no-port		from a port that has a connection to there already
 *	asked		refused, without waiting: a second connect() asks what has come of it
 *
 * Needs a network without routes, as unshare(1) makes it, with `lo` up. What is set up first are connections
 * that succeed: one, of which the listener's queue is full, and for `no-port` one more. Prints
 * `PID PORT`: its own pid, and the port of the listener.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kind.h"

static struct sockaddr_in server = { .sin_family = AF_INET };

static int make_socket(int family, int flags)
{
	int fd = socket(family, SOCK_STREAM | flags, 0), one = 1;

	check(fd >= 0, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static int connect_to_server(int fd)
{
	return connect(fd, (struct sockaddr *)&server, sizeof(server));
}

static void listen_with_full_queue(void)
{
	socklen_t size = sizeof(server);
	int listener = make_socket(AF_INET, 0);

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(listener, (struct sockaddr *)&server, size) == 0, "bind");
	check(getsockname(listener, (struct sockaddr *)&server, &size) == 0, "getsockname");
	if (!is("asked"))
		check(listen(listener, is("no-port") ? 8 : 0) == 0, "listen");
	if (!is("asked"))
		check(connect_to_server(make_socket(AF_INET, 0)) == 0, "connect");
}

static void wait_for(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLOUT };

	check(poll(&one, 1, -1) == 1, "poll");
}

/* All at the same time: each takes seconds. */
static void time_out(int count)
{
	int fds[count];

	for (int i = 0; i < count; i++) {
		fds[i] = make_socket(AF_INET, SOCK_NONBLOCK);
		check(connect_to_server(fds[i]) && errno == EINPROGRESS, "connect");
	}
	for (int i = 0; i < count; i++)
		wait_for(fds[i]);
}

static void give_up(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int fd = make_socket(AF_INET, SOCK_NONBLOCK);

	check(connect_to_server(fd) && errno == EINPROGRESS, "connect");
	if (is("dropped"))
		check(connect(fd, &none, sizeof(none)) == 0, "connect");
	close(fd);
}

static void find_no_route(int turn)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(1009) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(1009) };
	int fd = make_socket(turn % 3 ? AF_INET6 : AF_INET, 0), failed;

	inet_pton(AF_INET, "192.0.2.23", &ipv4.sin_addr);
	inet_pton(AF_INET6, turn % 3 == 1 ? "2001:db8::17" : "::ffff:192.0.2.23", &ipv6.sin6_addr);
	failed = turn % 3 ? connect(fd, (struct sockaddr *)&ipv6, sizeof(ipv6))
			  : connect(fd, (struct sockaddr *)&ipv4, sizeof(ipv4));
	check(failed && errno == ENETUNREACH, "connect");
	close(fd);
}

static void find_no_port(int count)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t size = sizeof(own);
	int first = make_socket(AF_INET, 0);

	check(connect_to_server(first) == 0, "connect");
	check(getsockname(first, (struct sockaddr *)&own, &size) == 0, "getsockname");
	for (int i = 0; i < count; i++) {
		int fd = make_socket(AF_INET, 0);

		check(bind(fd, (struct sockaddr *)&own, size) == 0, "bind");
		check(connect_to_server(fd) && errno == EADDRNOTAVAIL, "connect");
		close(fd);
	}
}

static void ask(void)
{
	int fd = make_socket(AF_INET, SOCK_NONBLOCK);

	check(connect_to_server(fd) && errno == EINPROGRESS, "connect");
	wait_for(fd);
	check(connect_to_server(fd) && errno == ECONNREFUSED, "connect");
	close(fd);
}

int main(int argc, char **argv)
{
	int count;

	check(argc == 3, "usage: connects KIND COUNT");
	kind = argv[1];
	count = atoi(argv[2]);
	listen_with_full_queue();
	printf("%d %d\n", getpid(), ntohs(server.sin_port));
	if (is("timeout"))
		time_out(count);
	else if (is("no-port"))
		find_no_port(count);
	for (int i = 0; i < count; i++) {
		if (is("closed") || is("dropped"))
			give_up();
		else if (is("no-route"))
			find_no_route(i);
		else if (is("asked"))
			ask();
	}
	return 0;
}
