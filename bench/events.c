// SPDX-License-Identifier: MIT
/*
 * events KIND COUNT [PATH]: makes COUNT events of a kind, one after the other, and prints nanoseconds an event.
 *
 *	open     a file is opened and closed
 *	stat     a file is asked about
 *	read     a block of 4 KiB is read from the disk at PATH, past the page cache
 *	switch   a process wakes up another one of its CPU and waits for it
 *	connect  a connection by the loopback device, from connect() to close()
 *	send     a byte is sent by a connection, and received
 *	signal   a process sends itself a signal that does nothing
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_SIZE 4096

static char byte;
static const char *path = "";

static void must(long result)
{
	if (result < 0)
		err(1, "events");
}

static void open_files(long count)
{
	while (count--) {
		int fd = open("/dev/null", O_RDONLY);

		must(fd);
		close(fd);
	}
}

static void stat_files(long count)
{
	struct stat known;

	while (count--)
		must(stat("/dev/null", &known));
}

static void read_blocks(long count)
{
	int fd = open(path, O_RDONLY | O_DIRECT);
	void *block;

	must(fd);
	if (posix_memalign(&block, BLOCK_SIZE, BLOCK_SIZE))
		errx(1, "there is no memory");
	while (count--)
		must(pread(fd, block, BLOCK_SIZE, 0));
	free(block);
	close(fd);
}

static void switch_tasks(long count)
{
	int there[2], back[2];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(sched_setaffinity(0, sizeof(one), &one));
	must(pipe(there));
	must(pipe(back));
	if (!fork()) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			must(write(back[1], &byte, 1));
		_exit(0);
	}
	while (count--) {
		must(write(there[1], &byte, 1));
		must(read(back[0], &byte, 1));
	}
}

static int listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(address, 0, length);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)address, length));
	must(listen(fd, 128));
	must(getsockname(fd, (struct sockaddr *)address, &length));
	return fd;
}

static int connected(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(connect(fd, (const struct sockaddr *)address, sizeof(*address)));
	return fd;
}

static void connect_sockets(long count)
{
	struct linger at_once = { .l_onoff = 1 }; /* no port waits for minutes in TIME_WAIT */
	struct sockaddr_in address;
	int fd = listener(&address);

	while (count--) {
		int client = connected(&address), server = accept(fd, NULL, NULL);

		must(server);
		must(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
		close(client);
		close(server);
	}
}

static void send_bytes(long count)
{
	struct sockaddr_in address;
	int fd = listener(&address), client = connected(&address);
	int server = accept(fd, NULL, NULL);

	must(server);
	while (count--) {
		must(send(client, &byte, 1, 0));
		must(recv(server, &byte, 1, 0));
	}
}

static void send_signals(long count)
{
	while (count--)
		must(kill(getpid(), SIGCONT));
}

static const struct {
	const char *name;
	void (*make)(long count);
} kinds[] = {
	{ "open", open_files },	    { "stat", stat_files },	    { "read", read_blocks },
	{ "switch", switch_tasks }, { "connect", connect_sockets }, { "send", send_bytes },
	{ "signal", send_signals },
};

int main(int argc, char **argv)
{
	struct timespec before, after;
	long count;
	size_t i;

	if (argc != 3 && argc != 4)
		errx(1, "usage: events KIND COUNT [PATH]");
	count = atol(argv[2]);
	if (argc == 4)
		path = argv[3];
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		clock_gettime(CLOCK_MONOTONIC, &before);
		kinds[i].make(count);
		clock_gettime(CLOCK_MONOTONIC, &after);
		printf("{\"ns\": %f}\n",
		       ((after.tv_sec - before.tv_sec) * 1e9 + after.tv_nsec - before.tv_nsec) /
			       count);
		return 0;
	}
	errx(1, "there is no kind %s", argv[1]);
}
