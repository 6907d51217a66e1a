// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Data that wait to be read from a TCP connection over loopback: reads KIND COUNT [ADDRESS]
 *
 * A process has both ends. It writes 100 bytes, and COUNT times, one behind the other:
 *
 *	once		writes 6 times 100 bytes more, and reads all
 *	peeked		looks at them with MSG_PEEK first, then does the same
 *	parts		the same, but reads 1 byte, and the rest then
 *	unread		makes 211 connections first that end with 100 bytes that nobody has read, then does as once
 *	behind		writes 100 bytes more, and reads 100
 *
 * It sleeps for 3 ms before each read and each look.
 *
 * Prints `PID PORT LEAST MOST`: its pid, the port of the end that reads, and the least and the most nanoseconds that all
 * bytes can have waited together that were the first ones when nothing waited.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "kind.h"
#include "sockets.h"

#define SIZE 100
#define SEGMENTS 7

static int from, to;
static char buffer[SEGMENTS * SIZE];
static long long least, most;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Writes, and waits until that has come. */
static void add(int bytes)
{
	int before, after = 0;

	check(ioctl(to, FIONREAD, &before) == 0, "ioctl");
	check(write(from, buffer, bytes) == bytes, "write");
	while (after != before + bytes)
		check(ioctl(to, FIONREAD, &after) == 0, "ioctl");
}

static void take(int bytes, int flags)
{
	usleep(3000);
	check(recv(to, buffer, bytes, flags) == bytes, "recv");
}

static void one_by_one(void)
{
	long long before = now(), come;

	add(SIZE);
	come = now();
	for (int i = 1; i < SEGMENTS; i++)
		add(SIZE);
	if (is("peeked"))
		take(sizeof(buffer), MSG_PEEK);
	usleep(3000);
	least += now() - come;
	take(is("parts") ? 1 : sizeof(buffer), 0);
	most += now() - before;
	if (is("parts"))
		take(sizeof(buffer) - 1, 0);
}

static void connect_ends(const char *text)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = {};
	int ipv6 = strchr(text, ':') != NULL, one = 1, listening;
	socklen_t size = ipv6 ? sizeof(address.in6) : sizeof(address.in);

	address.any.sa_family = ipv6 ? AF_INET6 : AF_INET;
	check(inet_pton(address.any.sa_family, text,
			ipv6 ? (void *)&address.in6.sin6_addr : &address.in.sin_addr) == 1,
	      "inet_pton");
	listening = make_socket(address.any.sa_family, SOCK_STREAM, 0);
	check(bind(listening, &address.any, size) == 0 && listen(listening, 1) == 0, "listen");
	check(getsockname(listening, &address.any, &size) == 0, "getsockname");
	from = make_socket(address.any.sa_family, SOCK_STREAM, 0);
	check(setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0, "setsockopt");
	check(connect(from, &address.any, size) == 0, "connect");
	to = accept(listening, NULL, NULL);
	check(to >= 0, "accept");
	close(listening);
}

static void leave_unread(const char *address)
{
	for (int i = 0; i < 211; i++) {
		connect_ends(address);
		add(SIZE);
		close(to);
		close(from);
	}
}

static int port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t size = sizeof(address);

	check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
	return ntohs(address.sin6_port);
}

int main(int argc, char **argv)
{
	const char *address = argc == 4 ? argv[3] : "127.0.0.1";

	check(argc == 3 || argc == 4, "usage: reads KIND COUNT [ADDRESS]");
	kind = argv[1];
	if (is("unread"))
		leave_unread(address);
	connect_ends(address);
	if (is("behind"))
		add(SIZE);
	for (int i = atoi(argv[2]); i > 0; i--) {
		if (is("behind")) {
			add(SIZE);
			take(SIZE, 0);
		} else {
			one_by_one();
		}
	}
	printf("%d %d %lld %lld\n", getpid(), port_of(to), least, most);
	return 0;
}
