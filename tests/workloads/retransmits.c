// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TCP connections over loopback whose segments are lost, so that the kernel sends them again:
 * retransmits KIND COUNT
 *
 *	lost	what is sent does not arrive until it was sent again three times
 *	gap	the first of some segments does not arrive, those behind it do
 *	syn-ack	the answer to a SYN does not arrive, and the connection is given up once the SYN was sent again
 *	late	the same, but the next answer arrives
 *
 * A filter of the receiving socket loses the segments. Prints `PID LISTENER PORT SENT`: its own pid, that of
 * the process that listens, the port, and how many segments its own sockets have sent again.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#define SEGMENT 1009
#define SEGMENTS_BEHIND 4

static struct sockaddr_in server = { .sin_family = AF_INET };

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	check(fd >= 0, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void lose(int fd, int yes)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };
	struct sock_filter everything[] = { BPF_STMT(BPF_RET | BPF_K, 0xffff) };

	if (!yes)
		program.filter = everything;
	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0,
	      "SO_ATTACH_FILTER");
}

static unsigned int sent_again(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
	return info.tcpi_total_retrans;
}

static void wait_until_sent_again(int fd, unsigned int times)
{
	while (sent_again(fd) < times)
		usleep(1000);
}

static void transmit(int fd)
{
	char bytes[SEGMENT] = {};

	check(write(fd, bytes, sizeof(bytes)) == sizeof(bytes), "write");
}

static void receive(int fd, size_t size)
{
	char bytes[SEGMENT];

	while (size > 0) {
		ssize_t got = read(fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));

		check(got > 0, "read");
		size -= got;
	}
}

static void wait_for_connection(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLOUT };

	check(poll(&one, 1, -1) == 1 && one.revents == POLLOUT, "poll");
}

struct pair {
	int sender;
	int receiver;
};

static struct pair make_pair(int listener)
{
	struct pair pair = { .sender = make_socket() };

	check(connect(pair.sender, (struct sockaddr *)&server, sizeof(server)) == 0, "connect");
	pair.receiver = accept(listener, NULL, NULL);
	check(pair.receiver >= 0, "accept");
	/* a first segment that arrives, so that the round trip time is known */
	transmit(pair.sender);
	receive(pair.receiver, SEGMENT);
	return pair;
}

/* Of all connections at the same time: it takes seconds. */
static unsigned int lose_data(int listener, int count)
{
	int segments = is("gap") ? 1 + SEGMENTS_BEHIND : 1;
	unsigned int sent = 0;
	struct pair pairs[count];

	for (int i = 0; i < count; i++) {
		pairs[i] = make_pair(listener);
		lose(pairs[i].receiver, 1);
		transmit(pairs[i].sender);
		if (is("gap")) {
			lose(pairs[i].receiver, 0);
			for (int behind = 0; behind < SEGMENTS_BEHIND; behind++)
				transmit(pairs[i].sender);
		}
	}
	for (int losing = is("lost") ? count : 0; losing > 0; usleep(1000)) {
		losing = 0;
		for (int i = 0; i < count; i++) {
			if (sent_again(pairs[i].sender) < 3)
				losing++;
			else
				lose(pairs[i].receiver, 0);
		}
	}
	for (int i = 0; i < count; i++) {
		receive(pairs[i].receiver, segments * SEGMENT);
		sent += sent_again(pairs[i].sender);
		close(pairs[i].sender);
		close(pairs[i].receiver);
	}
	return sent;
}

/* The listener goes first: its requests would be answered by the end of the socket. */
static unsigned int lose_answers(int count, int stop)
{
	unsigned int sent = 0;
	int fds[count];

	for (int i = 0; i < count; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		lose(fds[i], 1);
		connect(fds[i], (struct sockaddr *)&server, sizeof(server));
	}
	for (int i = 0; i < count; i++)
		wait_until_sent_again(fds[i], 1);
	for (int i = 0; is("late") && i < count; i++)
		lose(fds[i], 0);
	for (int i = 0; is("late") && i < count; i++)
		wait_for_connection(fds[i]);
	close(stop);
	wait(NULL);
	for (int i = 0; i < count; i++) {
		sent += sent_again(fds[i]);
		close(fds[i]);
	}
	return sent;
}

int main(int argc, char **argv)
{
	socklen_t size = sizeof(server);
	int count, listener = make_socket(), stop[2], listening = getpid();
	unsigned int sent = 0;

	check(argc == 3, "usage: retransmits KIND COUNT");
	kind = argv[1];
	count = atoi(argv[2]);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(listener, (struct sockaddr *)&server, size) == 0, "bind");
	check(getsockname(listener, (struct sockaddr *)&server, &size) == 0, "getsockname");
	check(pipe(stop) == 0, "pipe");
	if (!is("syn-ack") && !is("late")) {
		check(listen(listener, 128) == 0, "listen");
		sent = lose_data(listener, count);
	} else {
		char byte = 0;
		int ready[2];

		check(pipe(ready) == 0, "pipe");
		listening = fork();
		if (listening == 0) {
			prctl(PR_SET_NAME, "listener");
			close(stop[1]);
			check(listen(listener, 128) == 0, "listen");
			check(write(ready[1], &byte, 1) == 1, "write");
			exit(read(stop[0], &byte, 1));
		}
		close(listener);
		check(read(ready[0], &byte, 1) == 1, "read");
		sent = lose_answers(count, stop[1]);
	}
	printf("%d %d %d %u\n", getpid(), listening, ntohs(server.sin_port), sent);
	return 0;
}
