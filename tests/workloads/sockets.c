// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sockets that are there until standard input ends: sockets KIND
 *
 *	plain		23: 6 of TCP, 5 of UDP, 7 of Unix, 2 raw, 1 packet, 2 netlink; and 2 that are in no file, as
 *			nobody accepts them: 1 of TCP, 1 of Unix
 *	shared		5 of UDP that a child has open, too, and 3 more of a thread with files of its own
 *	ended		of TCP, in no file: 5 in TIME_WAIT, 3 in FIN_WAIT2, 1 in FIN_WAIT1, 7 in SYN_RECV
 *	passed		2 of UDP that lie in the queue of a Unix socket and are open nowhere
 *	full		1 of UDP that has dropped most of 997 datagrams
 *	vsock		3 of vsock that listen at PORT and the next two
 *	mptcp		2 ends of a connection of MPTCP and what listens
 *	child		a process of another name that has 11 of UDP
 *
 * Prints `PID PORT OTHER`: the port that TCP listens at, the child or the thread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include "kind.h"
#include "sockets.h"

static void set(int fd, int level, int option, int value)
{
	check(setsockopt(fd, level, option, &value, sizeof(value)) == 0, "setsockopt");
}

static void bind_to(int fd, const void *address, socklen_t size)
{
	check(bind(fd, address, size) == 0, "bind");
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t size = sizeof(address);

	check(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
	return ntohs(address.sin6_port);
}

static int listen_tcp(int protocol, int backlog)
{
	struct sockaddr_in address = loopback(0);
	int fd = make_socket(AF_INET, SOCK_STREAM, protocol);

	bind_to(fd, &address, sizeof(address));
	check(listen(fd, backlog) == 0, "listen");
	return fd;
}

static int connect_tcp(int protocol, int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = make_socket(AF_INET, SOCK_STREAM, protocol);

	check(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	return fd;
}

static int accept_one(int fd)
{
	int accepted = accept(fd, NULL, NULL);

	check(accepted >= 0, "accept");
	return accepted;
}

static void send_all(int fd, const void *bytes, int size)
{
	check(send(fd, bytes, size, 0) == size, "send");
}

/* 6: 3 that listen, both ends of a connection, and an end of one that nobody accepts */
static int plain_tcp(void)
{
	static const char bytes[1009];
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = listen_tcp(0, 7), client, server, only6, both;

	client = connect_tcp(0, port_of(fd));
	server = accept_one(fd);
	set(client, SOL_SOCKET, SO_KEEPALIVE, 1);
	send_all(client, bytes, sizeof(bytes));
	(void)server;
	connect_tcp(0, port_of(fd));
	only6 = make_socket(AF_INET6, SOCK_STREAM, 0);
	set(only6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	any.sin6_addr = in6addr_loopback;
	bind_to(only6, &any, sizeof(any));
	check(listen(only6, 11) == 0, "listen");
	both = make_socket(AF_INET6, SOCK_STREAM, 0);
	set(both, SOL_SOCKET, SO_REUSEADDR, 1);
	check(listen(both, 13) == 0, "listen");
	return port_of(fd);
}

/* 5: 2 that are bound, of which one has 3 datagrams to be read, 1 of IPv6, 1 that is connected, 1 that is nothing */
static void plain_udp(void)
{
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct sockaddr_in address = loopback(0);
	int bound[2], connected, fd;

	for (int i = 0; i < 2; i++) {
		bound[i] = make_socket(AF_INET, SOCK_DGRAM, 0);
		bind_to(bound[i], &address, sizeof(address));
	}
	set(bound[1], SOL_SOCKET, SO_BROADCAST, 1);
	fd = make_socket(AF_INET6, SOCK_DGRAM, 0);
	bind_to(fd, &address6, sizeof(address6));
	connected = make_socket(AF_INET, SOCK_DGRAM, 0);
	address = loopback(port_of(bound[0]));
	check(connect(connected, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	for (int i = 0; i < 3; i++)
		send_all(connected, "hello", 5);
	make_socket(AF_INET, SOCK_DGRAM, 0);
}

static socklen_t unix_name(struct sockaddr_un *address, const char *what)
{
	int size;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	size = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
			"denobpf-sockets-%d-%s", getpid(), what);
	return sizeof(sa_family_t) + 1 + size;
}

static int connect_unix(const struct sockaddr_un *address, socklen_t size)
{
	int fd = make_socket(AF_UNIX, SOCK_STREAM, 0);

	check(connect(fd, (const struct sockaddr *)address, size) == 0, "connect");
	return fd;
}

/* 7: 1 that listens, 2 ends of a connection, an end of one that nobody accepts, a pair with 77 bytes, 1 of datagrams */
static void plain_unix(void)
{
	struct sockaddr_un address;
	socklen_t size = unix_name(&address, "stream");
	int fd = make_socket(AF_UNIX, SOCK_STREAM, 0), pair[2];
	char byte;

	bind_to(fd, &address, size);
	check(listen(fd, 17) == 0, "listen");
	connect_unix(&address, size);
	accept_one(fd);
	connect_unix(&address, size);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	for (int i = 0; i < 7; i++)
		send_all(pair[0], "hello world!", 12);
	/* a message that is read in part */
	for (int i = 0; i < 7; i++)
		check(read(pair[1], &byte, 1) == 1, "read");
	fd = make_socket(AF_UNIX, SOCK_DGRAM, 0);
	size = unix_name(&address, "dgram");
	bind_to(fd, &address, size);
}

/* 5 */
static void plain_others(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 5 };
	int fd;

	make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	make_socket(AF_INET6, SOCK_RAW, IPPROTO_TCP);
	make_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	fd = make_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	bind_to(fd, &address, sizeof(address));
	make_socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static int several_udp(int count)
{
	struct sockaddr_in address = loopback(0);
	int port = 0;

	while (count--) {
		int fd = make_socket(AF_INET, SOCK_DGRAM, 0);

		bind_to(fd, &address, sizeof(address));
		port = port_of(fd);
	}
	return port;
}

static void hold(int port, int other)
{
	char byte;

	printf("%d %d %d\n", getpid(), port, other);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

static volatile int thread_is_ready;

static void *with_own_files(void *unused)
{
	check(unshare(CLONE_FILES) == 0, "unshare");
	several_udp(3);
	__atomic_store_n(&thread_is_ready, syscall(SYS_gettid), __ATOMIC_RELEASE);
	pause();
	return unused;
}

/* Runs until its parent has ended. */
static int start_child(const char *name, int sockets)
{
	int ready[2], child;
	char byte;

	check(pipe(ready) == 0, "pipe");
	child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		several_udp(sockets);
		check(write(ready[1], "", 1) == 1, "write");
		for (;;)
			pause();
	}
	check(read(ready[0], &byte, 1) == 1, "read");
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void shared(void)
{
	pthread_t thread;
	int child;

	several_udp(5);
	child = start_child("sockets-child", 0);
	check(pthread_create(&thread, NULL, with_own_files, NULL) == 0, "pthread_create");
	while (!__atomic_load_n(&thread_is_ready, __ATOMIC_ACQUIRE))
		sched_yield();
	hold(0, child);
}

static void ended(void)
{
	static const char bytes[65536];
	int fd = listen_tcp(0, 50), client, server, deferring, left;
	char byte;

	/* the server closes after the client: that one is left in TIME_WAIT */
	for (int i = 0; i < 5; i++) {
		client = connect_tcp(0, port_of(fd));
		server = accept_one(fd);
		close(client);
		check(read(server, &byte, 1) == 0, "read");
		close(server);
	}
	for (int i = 0; i < 3; i++) {
		client = connect_tcp(0, port_of(fd));
		server = accept_one(fd);
		close(client);
		check(read(server, &byte, 1) == 0, "read");
	}
	/* what is not read keeps what has sent it */
	client = connect_tcp(0, port_of(fd));
	server = accept_one(fd);
	check(fcntl(client, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	while (send(client, bytes, sizeof(bytes), 0) > 0)
		;
	close(client);
	/* no connection is made before the client sends something */
	deferring = make_socket(AF_INET, SOCK_STREAM, 0);
	set(deferring, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1000);
	check(listen(deferring, 50) == 0, "listen");
	for (left = 7; left; left--)
		connect_tcp(0, port_of(deferring));
	hold(port_of(fd), port_of(deferring));
}

static void passed(void)
{
	char room[CMSG_SPACE(2 * sizeof(int))] = {}, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct sockaddr_in address = loopback(0);
	int pair[2], fds[2];

	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0, "socketpair");
	for (int i = 0; i < 2; i++) {
		fds[i] = make_socket(AF_INET, SOCK_DGRAM, 0);
		bind_to(fds[i], &address, sizeof(address));
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	check(sendmsg(pair[0], &message, 0) == 1, "sendmsg");
	close(fds[0]);
	close(fds[1]);
	hold(0, 0);
}

static void full(void)
{
	struct sockaddr_in address = loopback(0);
	int fd = make_socket(AF_INET, SOCK_DGRAM, 0), sender;
	static const char bytes[1000];

	set(fd, SOL_SOCKET, SO_RCVBUF, 1);
	bind_to(fd, &address, sizeof(address));
	sender = make_socket(AF_INET, SOCK_DGRAM, 0);
	address = loopback(port_of(fd));
	check(connect(sender, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	for (int i = 0; i < 997; i++)
		send_all(sender, bytes, sizeof(bytes));
	close(sender);
	hold(port_of(fd), 0);
}

static void vsock(void)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	int port = 1024 + getpid() * 4;

	for (int i = 0; i < 3; i++) {
		int fd = make_socket(AF_VSOCK, SOCK_STREAM, 0);

		address.svm_port = port + i;
		bind_to(fd, &address, sizeof(address));
		check(listen(fd, 5) == 0, "listen");
	}
	hold(port, 0);
}

static void mptcp(void)
{
	int fd = listen_tcp(IPPROTO_MPTCP, 7);

	connect_tcp(IPPROTO_MPTCP, port_of(fd));
	accept_one(fd);
	hold(port_of(fd), 0);
}

int main(int argc, char **argv)
{
	int port;

	check(argc == 2, "usage: sockets KIND");
	kind = argv[1];
	if (is("plain")) {
		port = plain_tcp();
		plain_udp();
		plain_unix();
		plain_others();
		hold(port, 0);
	} else if (is("shared")) {
		shared();
	} else if (is("ended")) {
		ended();
	} else if (is("passed")) {
		passed();
	} else if (is("full")) {
		full();
	} else if (is("vsock")) {
		vsock();
	} else if (is("mptcp")) {
		mptcp();
	} else {
		hold(0, start_child("sockets-child", 11));
	}
	return 0;
}
