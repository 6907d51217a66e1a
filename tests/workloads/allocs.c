// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * allocs KIND [PATH]: for each byte on standard input, has the kernel allocate memory, and writes the byte back.
 *
 *	files PATH	makes 1009 files in this folder
 *	polls		23 times poll() for 200 files, of which the kernel has 170 in memory of its own
 *	poll		one poll() of as many descriptors as take 23 pages
 *	locks PATH	takes 29 locks on parts of this file, and with the next byte gives them back
 *	alarms		31 signals that a timer sends, one after the other
 *	signals		41 signals that it sends to itself
 *	connections	37 TCP connections with itself
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "kind.h"

static const char *path;

static void make_files(void)
{
	char name[16];

	for (int i = 0; i < 1009; i++) {
		snprintf(name, sizeof(name), "%d", i);
		check(close(open(name, O_CREAT | O_WRONLY, 0600)) == 0, "open");
	}
}

static void poll_files(void)
{
	struct pollfd files[200];

	for (int i = 0; i < 200; i++)
		files[i].fd = -1;
	for (int i = 0; i < 23; i++)
		check(poll(files, 200, 0) == 0, "poll");
}

static void poll_more_files(void)
{
	struct rlimit limit = { 16384, 16384 };
	int count = 30 + 23 * 510; /* the first ones on the stack; sys_poll() of fs/select.c */
	struct pollfd *files = calloc(count, sizeof(*files));

	check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	for (int i = 0; i < count; i++)
		files[i].fd = -1;
	check(poll(files, count, 0) == 0, "poll");
	free(files);
}

static void lock_or_unlock(void)
{
	static int locked = -1;

	if (locked >= 0) {
		check(close(locked) == 0, "close");
		locked = -1;
		return;
	}
	locked = open(path, O_CREAT | O_RDWR, 0600);
	for (int i = 0; i < 29; i++) {
		/* with space in between: otherwise they are one */
		struct flock lock = { .l_type = F_WRLCK, .l_start = 2 * i, .l_len = 1 };

		check(fcntl(locked, F_SETLK, &lock) == 0, "fcntl");
	}
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	alarms++;
}

static void signal_itself(void)
{
	signal(SIGUSR1, on_alarm);
	for (int i = 0; i < 41; i++)
		check(kill(getpid(), SIGUSR1) == 0, "kill");
}

static void be_alarmed(void)
{
	struct itimerval once = { .it_value.tv_usec = 1000 };

	alarms = 0;
	signal(SIGALRM, on_alarm);
	for (int i = 1; i <= 31; i++) {
		check(setitimer(ITIMER_REAL, &once, NULL) == 0, "setitimer");
		while (alarms < i)
			; /* the timer interrupts this process */
	}
}

static void connect_to_itself(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(listener, (void *)&here, sizeof(here)) == 0, "bind");
	check(listen(listener, 1) == 0, "listen");
	check(getsockname(listener, (void *)&here, &size) == 0, "getsockname");
	for (int i = 0; i < 37; i++) {
		int one = socket(AF_INET, SOCK_STREAM, 0), other;

		check(connect(one, (void *)&here, sizeof(here)) == 0, "connect");
		other = accept(listener, NULL, NULL);
		check(other >= 0, "accept");
		close(one);
		close(other);
	}
	close(listener);
}

int main(int argc, char **argv)
{
	char byte;

	kind = argv[1];
	path = argv[2];
	check(!is("files") || chdir(path) == 0, "chdir");
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		if (is("files"))
			make_files();
		else if (is("polls"))
			poll_files();
		else if (is("poll"))
			poll_more_files();
		else if (is("locks"))
			lock_or_unlock();
		else if (is("alarms"))
			be_alarmed();
		else if (is("signals"))
			signal_itself();
		else if (is("connections"))
			connect_to_itself();
		else
			return 64;
		check(write(STDOUT_FILENO, &byte, 1) == 1, "write");
	}
	return 0;
}
