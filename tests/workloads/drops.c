// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TCP connections over loopback whose packets the kernel drops: drops KIND COUNT ADDRESS
 *
 *	filtered	what arrives passes no filter: a segment of data, then a reset
 *	unread		data that has arrived when the listener closes, which has not accepted it
 *	unsent		data for which there is no route any more, as `lo` has lost its address
 *
 * The process listens, and a child connects. Prints `PID CHILD PORT SENT`: its own pid, that of the child,
 * the port, and how many segments the child has sent again.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"
#include "sockets.h"

#define SEGMENT 1009

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} server;
static socklen_t server_size;
/* each side says here that it is done */
static int to_parent[2], to_child[2];

static void say(int fd, unsigned int what)
{
	check(write(fd, &what, sizeof(what)) == sizeof(what), "write");
}

static unsigned int hear(int fd)
{
	unsigned int what;

	check(read(fd, &what, sizeof(what)) == sizeof(what), "read");
	return what;
}

static void set_server(const char *address)
{
	if (inet_pton(AF_INET, address, &server.in.sin_addr) == 1) {
		server.in.sin_family = AF_INET;
		server_size = sizeof(server.in);
	} else {
		check(inet_pton(AF_INET6, address, &server.in6.sin6_addr) == 1, address);
		server.in6.sin6_family = AF_INET6;
		server_size = sizeof(server.in6);
	}
}

static void lose(int fd)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0,
	      "SO_ATTACH_FILTER");
}

/* Ends a connection by a reset, after which nobody waits for anything. */
static void reset(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0, "SO_LINGER");
	close(fd);
}

static void set_lo(in_addr_t address)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = make_socket(AF_INET, SOCK_DGRAM, 0);

	((struct sockaddr_in *)&lo.ifr_addr)->sin_family = AF_INET;
	((struct sockaddr_in *)&lo.ifr_addr)->sin_addr.s_addr = htonl(address);
	check(ioctl(fd, SIOCSIFADDR, &lo) == 0, "SIOCSIFADDR");
	close(fd);
}

static int connect_to_server(void)
{
	int fd = make_socket(server.any.sa_family, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	check(connect(fd, &server.any, server_size) == 0, "connect");
	return fd;
}

static void transmit(int fd)
{
	char bytes[SEGMENT] = {};

	check(write(fd, bytes, sizeof(bytes)) == sizeof(bytes), "write");
}

static void wait_until_arrived(int fd)
{
	int left = 1;

	while (left) {
		check(ioctl(fd, SIOCOUTQ, &left) == 0, "SIOCOUTQ");
		usleep(1000);
	}
}

static unsigned int sent_again(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
	return info.tcpi_total_retrans;
}

static void run_child(int count)
{
	unsigned int again = 0;
	int fds[count];

	prctl(PR_SET_NAME, "sender");
	for (int i = 0; i < count; i++)
		fds[i] = connect_to_server();
	say(to_parent[1], 0);
	hear(to_child[0]);
	for (int i = 0; i < count; i++)
		transmit(fds[i]);
	for (int i = 0; i < count; i++) {
		if (is("unread"))
			wait_until_arrived(fds[i]);
		else
			again += sent_again(fds[i]);
		if (!is("unread"))
			reset(fds[i]);
	}
	say(to_parent[1], again);
	hear(to_child[0]);
	exit(0);
}

int main(int argc, char **argv)
{
	unsigned int again;
	int count, listener, child;

	check(argc == 4, "usage: drops KIND COUNT ADDRESS");
	kind = argv[1];
	count = atoi(argv[2]);
	int fds[count];

	set_server(argv[3]);
	listener = make_socket(server.any.sa_family, SOCK_STREAM, 0);
	check(bind(listener, &server.any, server_size) == 0, "bind");
	check(listen(listener, 128) == 0, "listen");
	check(getsockname(listener, &server.any, &server_size) == 0, "getsockname");
	check(pipe(to_parent) == 0 && pipe(to_child) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(listener);
		run_child(count);
	}
	hear(to_parent[0]);
	for (int i = 0; !is("unread") && i < count; i++) {
		fds[i] = accept(listener, NULL, NULL);
		check(fds[i] >= 0, "accept");
		if (is("filtered"))
			lose(fds[i]);
	}
	if (is("unsent"))
		set_lo(INADDR_ANY);
	say(to_child[1], 0);
	again = hear(to_parent[0]);
	for (int i = 0; !is("unread") && i < count; i++)
		reset(fds[i]);
	close(listener);
	say(to_child[1], 0);
	wait(NULL);
	if (is("unsent"))
		set_lo(INADDR_LOOPBACK);
	printf("%d %d %d %u\n", getpid(), child, ntohs(server.in.sin_port), again);
	return 0;
}
