// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TCP connections whose timer runs out: congests KIND COUNT [ADDRESS [PORT]]
 *
 *	lost	a segment of each of COUNT is lost, until it was sent again after the timeout
 *	stuck	likewise, but it stays lost until standard input ends
 *
 * A filter of the receiving socket loses the segments. Prints `PID PORT`, its own pid and the port of the server, and
 * then for each connection `LOCAL_PORT LEAST MOST`: how long it was in TCP_CA_Loss, in nanoseconds. It is asked for
 * over and over: the time was no less than that between the first and the last answer that said so, and no more than
 * that between the answers before and behind these. Those that are stuck have their lines, with 0 for both, as soon as
 * all of them are so.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "kind.h"

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} server;
static socklen_t server_size;

struct connection {
	int sender;
	int receiver;
	int filtered;
	/* when the answers came: the last before, the first and the last of those in that state, the first behind */
	long long before, first, last, behind;
};

static void set_address(const char *text, int port)
{
	if (inet_pton(AF_INET, text, &server.in.sin_addr) == 1) {
		server.in.sin_family = AF_INET;
		server.in.sin_port = htons(port);
		server_size = sizeof(server.in);
	} else {
		check(inet_pton(AF_INET6, text, &server.in6.sin6_addr) == 1, text);
		server.in6.sin6_family = AF_INET6;
		server.in6.sin6_port = htons(port);
		server_size = sizeof(server.in6);
	}
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void lose(int fd, int yes)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, yes ? 0 : 0xffff) };
	struct sock_fprog program = { .len = 1, .filter = filter };

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0, "lose");
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
	return info;
}

static void send_one(const struct connection *connection)
{
	check(write(connection->sender, "x", 1) == 1, "write");
}

static struct connection connect_one(int listener)
{
	struct connection made = { .sender = socket(server.any.sa_family, SOCK_STREAM, 0) };
	char byte;

	check(connect(made.sender, &server.any, server_size) == 0, "connect");
	made.receiver = accept(listener, NULL, NULL);
	check(made.receiver >= 0, "accept");
	/* one that arrives: then the round trip time is known, and the timeout short */
	send_one(&made);
	check(read(made.receiver, &byte, 1) == 1, "read");
	lose(made.receiver, 1);
	made.filtered = 1;
	made.before = now();
	send_one(&made);
	return made;
}

/* Returns whether the connection is past the state. */
static int look_at(struct connection *connection)
{
	long long asked = now();
	struct tcp_info info = info_of(connection->sender);
	long long answered = now();

	if (info.tcpi_ca_state != TCP_CA_Loss) {
		if (!connection->first)
			connection->before = asked;
		else if (!connection->behind)
			connection->behind = answered;
		return connection->first != 0;
	}
	if (!connection->first)
		connection->first = answered;
	connection->last = asked;
	if (connection->filtered && is("lost") && info.tcpi_retransmits) {
		lose(connection->receiver, 0);
		connection->filtered = 0;
	}
	return is("stuck");
}

static int port_of(int fd)
{
	socklen_t size = server_size;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} local;

	check(getsockname(fd, &local.any, &size) == 0, "getsockname");
	return ntohs(local.any.sa_family == AF_INET ? local.in.sin_port : local.in6.sin6_port);
}

int main(int argc, char **argv)
{
	int count, listener, looking;
	socklen_t size;
	char byte;

	check(argc >= 3, "usage: congests KIND COUNT [ADDRESS [PORT]]");
	kind = argv[1];
	count = atoi(argv[2]);
	set_address(argc > 3 ? argv[3] : "127.0.0.1", argc > 4 ? atoi(argv[4]) : 0);
	size = server_size;
	listener = socket(server.any.sa_family, SOCK_STREAM, 0);
	check(bind(listener, &server.any, server_size) == 0, "bind");
	check(getsockname(listener, &server.any, &size) == 0, "getsockname");
	check(listen(listener, count) == 0, "listen");
	struct connection made[count];

	for (int i = 0; i < count; i++)
		made[i] = connect_one(listener);
	for (looking = count; looking > 0; usleep(1000)) {
		looking = 0;
		for (int i = 0; i < count; i++)
			looking += !look_at(&made[i]);
	}
	printf("%d %d\n", getpid(), port_of(listener));
	for (int i = 0; i < count; i++) {
		const struct connection *one = &made[i];
		int over = is("lost");

		printf("%d %lld %lld\n", port_of(one->sender), over ? one->last - one->first : 0,
		       over ? one->behind - one->before : 0);
	}
	fflush(stdout);
	if (is("stuck"))
		check(read(0, &byte, 1) == 0, "read");
	return 0;
}
