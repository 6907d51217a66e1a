// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sockets that are bound: binds KIND PORT
 *
 *	plain		13 of TCP, of which the first one gets PORT; 7 that want it too; 1 of Unix; 2 to port 80 as
 *			nobody, who may not
 *	options		7 of UDP on ::1 to PORT, with all options, and with SO_BINDTODEVICE
 *	families	a Unix socket by its path, one whose name the kernel chooses, netlink, packet, raw
 *	bad		a descriptor that is not open, one of no socket, an address that is too short
 *	mapped		3 of IPv6 to 127.0.0.1
 *	mptcp		5 of MPTCP
 *	uring		11 by io_uring
 *	compat		3 with int $0x80, as 32-bit programs do
 *
 * Prints `PID PORT`, and for `families` the path.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "kind.h"
#include "sockets.h"
#include "uring.h"

#define BIND_OF_URING 56 /* IORING_OP_BIND of include/uapi/linux/io_uring.h */
#define NR_BIND_32 361 /* arch/x86/entry/syscalls/syscall_32.tbl */
#define NOBODY 65534

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int bind_tcp(int port)
{
	struct sockaddr_in address = local(port);
	int protocol = is("mptcp") ? IPPROTO_MPTCP : 0;

	return bind(make_socket(AF_INET, SOCK_STREAM, protocol), (struct sockaddr *)&address,
		    sizeof(address));
}

static int bind_unix(const char *name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, name, size);
	return bind(make_socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address,
		    sizeof(sa_family_t) + size);
}

static void plain(int port)
{
	for (int i = 0; i < 13; i++)
		check(bind_tcp(i ? 0 : port) == 0, "bind");
	for (int i = 0; i < 7; i++)
		check(bind_tcp(port) && errno == EADDRINUSE, "bind");
	check(bind_unix("\0denobpf\nbinds", 14) == 0, "bind");
	check(setuid(NOBODY) == 0, "setuid");
	for (int i = 0; i < 2; i++)
		check(bind_tcp(80) && errno == EACCES, "bind");
}

static void with_options(int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int one = 1;

	address.sin6_addr = in6addr_loopback;
	for (int i = 0; i < 7; i++) {
		int fd = make_socket(AF_INET6, SOCK_DGRAM, 0);

		check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
			      setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0 &&
			      setsockopt(fd, SOL_IP, IP_FREEBIND, &one, sizeof(one)) == 0 &&
			      setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one, sizeof(one)) == 0 &&
			      setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) ==
				      0 &&
			      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == 0,
		      "setsockopt");
		check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	}
}

static void families(void)
{
	struct sockaddr_nl netlink = { .nl_family = AF_NETLINK, .nl_groups = 5 };
	struct sockaddr_ll packet = { .sll_family = AF_PACKET };
	struct sockaddr_in raw = local(0);
	char path[] = "/tmp/denobpf-XXXXXX/socket";

	*strrchr(path, '/') = 0;
	check(mkdtemp(path) != NULL, "mkdtemp");
	path[strlen(path)] = '/';
	check(bind_unix(path, sizeof(path)) == 0, "bind");
	printf(" %s", path);
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
	check(bind_unix("", 0) == 0, "bind");
	check(bind(make_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), (struct sockaddr *)&netlink,
		   sizeof(netlink)) == 0,
	      "bind");
	packet.sll_protocol = htons(0x88b5);
	packet.sll_ifindex = if_nametoindex("lo");
	check(bind(make_socket(AF_PACKET, SOCK_RAW, 0), (struct sockaddr *)&packet,
		   sizeof(packet)) == 0,
	      "bind");
	check(bind(make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), (struct sockaddr *)&raw,
		   sizeof(raw)) == 0,
	      "bind");
}

static void bad(int port)
{
	struct sockaddr_in address = local(port);
	struct sockaddr *any = (struct sockaddr *)&address;
	int ends[2];

	check(pipe(ends) == 0, "pipe");
	check(bind(-1, any, sizeof(address)) && errno == EBADF, "bind");
	check(bind(ends[0], any, sizeof(address)) && errno == ENOTSOCK, "bind");
	check(bind(make_socket(AF_INET, SOCK_STREAM, 0), any, 4) && errno == EINVAL, "bind");
}

static void mapped(int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	check(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr) == 1, "inet_pton");
	for (int i = 0; i < 3; i++) {
		address.sin6_port = htons(port + i);
		check(bind(make_socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&address,
			   sizeof(address)) == 0,
		      "bind");
	}
}

static void urings(int port)
{
	uring_open();
	for (int i = 0; i < 11; i++) {
		struct sockaddr_in address = local(port + i);

		check(uring_do((struct io_uring_sqe){
			      .opcode = BIND_OF_URING,
			      .fd = make_socket(AF_INET, SOCK_STREAM, 0),
			      .addr = (__u64)&address,
			      .addr2 = sizeof(address),
		      }) == 0,
		      "bind");
	}
}

static void compat(int port)
{
#ifdef __x86_64__
	struct sockaddr_in *address = mmap(NULL, sizeof(*address), PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	check(address != MAP_FAILED, "mmap");
	for (int i = 0; i < 3; i++) {
		long ret = NR_BIND_32;

		*address = local(port + i);
		asm volatile("int $0x80"
			     : "+a"(ret)
			     : "b"(make_socket(AF_INET, SOCK_STREAM, 0)), "c"(address),
			       "d"(sizeof(*address))
			     : "memory", "cc", "r8", "r9", "r10", "r11");
		check(ret == 0, "bind");
	}
#endif
}

int main(int argc, char **argv)
{
	int port;

	check(argc == 3, "usage: binds KIND PORT");
	kind = argv[1];
	port = atoi(argv[2]);
	printf("%d %d", getpid(), port);
	if (is("plain"))
		plain(port);
	else if (is("options"))
		with_options(port);
	else if (is("families"))
		families();
	else if (is("bad"))
		bad(port);
	else if (is("mapped"))
		mapped(port);
	else if (is("uring"))
		urings(port);
	else if (is("compat"))
		compat(port);
	for (int i = 0; i < 5 && is("mptcp"); i++)
		check(bind_tcp(port + i) == 0, "bind");
	printf("\n");
	return 0;
}
