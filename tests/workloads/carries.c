// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A TCP connection over loopback that carries a known number of bytes: carries KIND BYTES
 *
 * A worker of the server, a child of the process that listens, accepts it. The client sends the bytes:
 *
 *	write		by write(2)
 *	sendfile	by sendfile(2)
 *	nonblocking	by send(2) of more than there is room for, after 100 refusals at first
 *	renamed		by write(2), under a name of its own for each half
 *
 * and both close it. These leave it as it is until standard input ends:
 *
 *	idle		the worker has read all, and a child of the client has the socket open too
 *	mptcp		the same by MPTCP, without a child of the client
 *	orphan		the client sends as much as there is room for, and has closed the connection
 *	queued		nobody accepts it; for each byte of standard input the bytes are sent once more
 *
 * Prints `CLIENT OTHER SERVER PORT BYTES`: three pids (the client's child and the server's worker, or 0), the
 * port that the server listens at, and what the client has sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define REFUSALS 100

static char buffer[256 * 1024];
static struct sockaddr_in server = { .sin_family = AF_INET };
static int ready[2]; /* the worker has come so far that the client may go on */
static int go[2]; /* it may begin to read */

static int is_held(void)
{
	return is("idle") || is("mptcp") || is("queued");
}

static void wait_for_byte(int fd)
{
	char byte;

	check(read(fd, &byte, 1) == 1, "read");
}

static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static void receive_all(int listener, size_t size)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t got;

	check(fd >= 0, "accept");
	if (is("nonblocking"))
		wait_for_byte(go[0]);
	if (is("orphan")) {
		check(write(ready[1], "", 1) == 1, "write");
		wait_for_end(go[0]);
	}
	while (size > 0 && (got = read(fd, buffer, sizeof(buffer))) > 0)
		size -= got;
	check(write(ready[1], "", 1) == 1, "write");
	if (is_held())
		wait_for_end(go[0]);
	wait_for_end(fd);
	close(fd);
}

/* @returns the worker's pid */
static pid_t start_worker(int listener, size_t size)
{
	pid_t worker = fork();

	if (worker)
		return worker;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "carries-worker");
	close(go[1]);
	receive_all(listener, size);
	exit(0);
}

static void write_all(int fd, size_t size)
{
	while (size > 0) {
		size_t part = size < sizeof(buffer) ? size : sizeof(buffer);

		check(write(fd, buffer, part) == (ssize_t)part, "write");
		size -= part;
	}
}

static void send_file(int fd, size_t size)
{
	int file = memfd_create("carried", 0);

	check(ftruncate(file, size) == 0, "ftruncate");
	while (size > 0) {
		ssize_t sent = sendfile(fd, file, NULL, size);

		check(sent > 0, "sendfile");
		size -= sent;
	}
	close(file);
}

/* Asks for much more than is taken, as programs do that do not wait. @returns what was taken */
static size_t send_what_fits(int fd, size_t size)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	int refusals = 0, limit = is("orphan") ? 1 : REFUSALS;
	size_t sent = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (sent < size) {
		size_t left = size - sent;
		ssize_t part = send(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer),
				    MSG_NOSIGNAL);

		if (part > 0) {
			sent += part;
			continue;
		}
		check(part < 0 && errno == EAGAIN, "send");
		if (++refusals < limit)
			continue;
		if (is("orphan"))
			break;
		if (refusals == limit)
			check(write(go[1], "", 1) == 1, "write");
		poll(&room, 1, -1);
	}
	return sent;
}

static size_t transmit(int fd, size_t size)
{
	if (is("sendfile")) {
		send_file(fd, size);
	} else if (is("nonblocking") || is("orphan")) {
		return send_what_fits(fd, size);
	} else if (is("renamed")) {
		prctl(PR_SET_NAME, "carries-first");
		write_all(fd, size / 2);
		prctl(PR_SET_NAME, "carries-second");
		write_all(fd, size - size / 2);
	} else {
		write_all(fd, size);
	}
	return size;
}

static void print(pid_t other, pid_t worker, size_t size)
{
	printf("%d %d %d %d %zu\n", getpid(), other, worker, ntohs(server.sin_port), size);
	fflush(stdout);
}

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, is("mptcp") ? IPPROTO_MPTCP : 0);

	check(fd >= 0, "socket");
	return fd;
}

int main(int argc, char **argv)
{
	int listener, fd, small = 64 * 1024;
	socklen_t length = sizeof(server);
	pid_t worker = 0, other = 0;
	size_t size;

	check(argc == 3, "usage: carries KIND BYTES");
	kind = argv[1];
	size = atol(argv[2]);
	listener = make_socket();
	check(pipe(ready) == 0 && pipe(go) == 0, "pipe");
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	check(bind(listener, (struct sockaddr *)&server, length) == 0, "bind");
	check(listen(listener, 1) == 0, "listen");
	check(getsockname(listener, (struct sockaddr *)&server, &length) == 0, "getsockname");
	if (!is("queued"))
		worker = start_worker(listener, size);
	fd = make_socket();
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	check(connect(fd, (struct sockaddr *)&server, length) == 0, "connect");
	size = transmit(fd, size);
	if (is("idle")) {
		other = fork();
		if (!other) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
		}
	}
	if (worker)
		wait_for_byte(ready[0]);
	if (!is_held())
		close(fd);
	if (!is_held() && !is("orphan"))
		waitpid(worker, NULL, 0);
	print(other, worker, size);
	while (is("queued") && read(0, buffer, 1) == 1) {
		write_all(fd, size);
		print(other, worker, size);
	}
	if (!is("queued") && (is_held() || is("orphan")))
		wait_for_end(0);
	if (other)
		kill(other, SIGKILL);
	if (worker)
		kill(worker, SIGKILL);
	return 0;
}
