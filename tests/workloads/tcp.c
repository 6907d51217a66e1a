// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TCP connections over loopback: tcp KIND COUNT [ADDRESS [PORT]]
 *
 * A server and a client are processes of their own. The client sends 1009 bytes on each connection, the
 * server answers with 3001, and one of them ends it:
 *
 *	server		the server closes first
 *	client		the client closes first
 *	prefork		the same, served by a child of the process that listens
 *	reset		the client closes without lingering
 *	half		the same, once it has said that it sends no more
 *	unread		the client closes without having read the answer
 *	refused		nobody listens
 *
 * Prints `CLIENT SERVER PORT`: two pids, and the port that the server listens at.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#define REQUEST 1009
#define ANSWER 3001

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} address;
static socklen_t address_size;

static void set_address(const char *text, int port)
{
	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
		address.in.sin_family = AF_INET;
		address.in.sin_port = htons(port);
		address_size = sizeof(address.in);
	} else {
		check(inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1, text);
		address.in6.sin6_family = AF_INET6;
		address.in6.sin6_port = htons(port);
		address_size = sizeof(address.in6);
	}
}

static void receive(int fd, size_t size)
{
	char buffer[ANSWER];

	while (size > 0) {
		ssize_t got = read(fd, buffer, size);

		check(got > 0, "read");
		size -= got;
	}
}

static void transmit(int fd, size_t size)
{
	char buffer[ANSWER] = {};

	check(write(fd, buffer, size) == (ssize_t)size, "write");
}

static void wait_for_answer(int fd)
{
	int size = 0;

	while (size < ANSWER) {
		check(ioctl(fd, FIONREAD, &size) == 0, "FIONREAD");
		usleep(1000);
	}
}

/* Until the connection is reset, whatever comes before that. */
static void wait_for_reset(int fd)
{
	struct pollfd one = { .fd = fd };
	int error;
	socklen_t size = sizeof(error);

	check(poll(&one, 1, -1) == 1, "poll");
	check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0, "SO_ERROR");
	check(error == EPIPE, "the connection did not end as a broken pipe");
}

static void wait_for_end(int fd)
{
	char byte;

	check(read(fd, &byte, 1) <= 0, "the other end sent more");
}

static void serve(int listener, int count)
{
	for (int i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);

		check(fd >= 0, "accept");
		receive(fd, REQUEST);
		transmit(fd, ANSWER);
		if (is("half"))
			wait_for_reset(fd);
		else if (!is("server"))
			wait_for_end(fd);
		close(fd);
	}
	exit(0);
}

static void request(void)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
	int failed;

	check(fd >= 0, "socket");
	failed = connect(fd, &address.any, address_size);
	if (is("refused"))
		check(failed && errno == ECONNREFUSED, "connect");
	else
		check(!failed, "connect");
	if (!failed) {
		transmit(fd, REQUEST);
		if (is("unread"))
			wait_for_answer(fd);
		else
			receive(fd, ANSWER);
		if (is("server"))
			wait_for_end(fd);
		if (is("half"))
			check(shutdown(fd, SHUT_WR) == 0, "shutdown");
		if (is("reset") || is("half"))
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	close(fd);
}

static int port_of_address(void)
{
	return ntohs(address.any.sa_family == AF_INET ? address.in.sin_port
						      : address.in6.sin6_port);
}

/* Binds, says where it listens, and serves. */
static void run_server(int count, int tell)
{
	int listener = socket(address.any.sa_family, SOCK_STREAM, 0), one = 1, message[2];

	prctl(PR_SET_NAME, "tcp-server");
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a client that fails leaves nobody behind */
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(bind(listener, &address.any, address_size) == 0, "bind");
	check(getsockname(listener, &address.any, &address_size) == 0, "getsockname");
	if (!is("refused"))
		check(listen(listener, 128) == 0, "listen");
	if (is("prefork") && fork()) {
		wait(NULL);
		exit(0);
	}
	message[0] = getpid();
	message[1] = port_of_address();
	check(write(tell, message, sizeof(message)) == sizeof(message), "write");
	if (is("refused"))
		exit(0);
	serve(listener, count);
}

int main(int argc, char **argv)
{
	int count, told[2], message[2];

	check(argc >= 3, "usage: tcp KIND COUNT [ADDRESS [PORT]]");
	kind = argv[1];
	count = atoi(argv[2]);
	set_address(argc > 3 ? argv[3] : "127.0.0.1", argc > 4 ? atoi(argv[4]) : 0);
	check(pipe(told) == 0, "pipe");
	if (fork() == 0)
		run_server(count, told[1]);
	check(read(told[0], message, sizeof(message)) == sizeof(message), "read");
	if (is("refused"))
		wait(NULL);
	if (address.any.sa_family == AF_INET)
		address.in.sin_port = htons(message[1]);
	else
		address.in6.sin6_port = htons(message[1]);
	printf("%d %d %d\n", getpid(), message[0], message[1]);
	fflush(stdout);
	for (int i = 0; i < count; i++)
		request();
	while (wait(NULL) > 0)
		;
	return 0;
}
