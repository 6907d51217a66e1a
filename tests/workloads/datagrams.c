// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * datagrams KIND COUNT PORT: sends datagrams of 101 bytes over loopback, to a socket of its own at this port.
 *
 *   cramped  it has room for a few of them: reads what has come, and prints how many that was
 *   unread   it is closed when all have come, and none was read
 */
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <unistd.h>
#include "kind.h"
#include "sockets.h"

static int from, to;
static struct sockaddr_in here = { .sin_family = AF_INET };
static char bytes[101];

/* What the kernel says of the receiving socket: SK_MEMINFO_... of include/uapi/linux/sock_diag.h. */
static unsigned int of_socket(int which)
{
	unsigned int values[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(values);

	check(getsockopt(to, SOL_SOCKET, SO_MEMINFO, values, &size) == 0, "SO_MEMINFO");
	return values[which];
}

static void transmit(int count)
{
	for (int i = 0; i < count; i++)
		check(sendto(from, bytes, sizeof(bytes), 0, (struct sockaddr *)&here,
			     sizeof(here)) == sizeof(bytes),
		      "sendto");
}

static void cramped(int count)
{
	int room = 1, came = 0;

	check(setsockopt(to, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0, "SO_RCVBUF");
	transmit(count);
	while (came + (int)of_socket(SK_MEMINFO_DROPS) < count)
		if (recv(to, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			came++;
	printf("%d\n", came);
}

static void unread(int count)
{
	unsigned int one;

	transmit(1);
	while ((one = of_socket(SK_MEMINFO_RMEM_ALLOC)) == 0)
		usleep(1000);
	transmit(count - 1);
	while (of_socket(SK_MEMINFO_RMEM_ALLOC) < one * count)
		usleep(1000);
}

int main(int argc, char **argv)
{
	check(argc == 4, "usage: datagrams KIND COUNT PORT");
	kind = argv[1];
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	here.sin_port = htons(atoi(argv[3]));
	from = make_socket(AF_INET, SOCK_DGRAM, 0);
	to = make_socket(AF_INET, SOCK_DGRAM, 0);
	check(bind(to, (struct sockaddr *)&here, sizeof(here)) == 0, "bind");
	if (is("cramped"))
		cramped(atoi(argv[2]));
	if (is("unread"))
		unread(atoi(argv[2]));
	close(to);
	return 0;
}
