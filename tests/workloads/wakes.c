// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * wakes COUNT: writes the process ids of itself, called "ping", and of a child, called "pong", and a line break. For
 * each byte on standard input each wakes up the other one this often, as soon as that is blocked in read(2), and the
 * byte is written back.
 *
 *	wakes COUNT free    does not wait for that: a wake-up may come when the other one is about to block
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAME __attribute__((noinline, noclone, optimize("no-omit-frame-pointer")))

static int waits = 1;

/* Waits until a process is blocked where it reads from this file. */
static void wait_for(pid_t pid, int fd)
{
	char path[32], text[64], *blocked;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	if (asprintf(&blocked, "%d 0x%x ", SYS_read, fd) < 0)
		exit(1);
	do {
		file = fopen(path, "r");
		if (!file || !fgets(text, sizeof(text), file))
			exit(1);
		fclose(file);
	} while (strncmp(text, blocked, strlen(blocked)));
	free(blocked);
}

/* syscall(2) has no frame of its own: the kernel finds its caller's caller above it */
FRAME void nudge(int fd)
{
	if (syscall(SYS_write, fd, "", 1) != 1)
		exit(1);
	asm volatile("");
}

FRAME void wake(pid_t pid, int reads, int writes)
{
	if (waits)
		wait_for(pid, reads);
	nudge(writes);
	asm volatile("");
}

static void pong(pid_t parent, int reads, int parent_reads, int writes)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "pong");
	while (getppid() == parent && read(reads, &byte, 1) == 1)
		wake(parent, parent_reads, writes);
	exit(0);
}

int main(int argc, char **argv)
{
	int to_child[2], to_parent[2], count = argc > 1 ? atoi(argv[1]) : 0;
	pid_t parent = getpid(), child;
	char byte, answer;

	if (!count || pipe(to_child) || pipe(to_parent))
		return 64;
	waits = argc < 3;
	prctl(PR_SET_NAME, "ping");
	child = fork();
	if (child == 0)
		pong(parent, to_child[0], to_parent[0], to_parent[1]);
	dprintf(STDOUT_FILENO, "%d %d\n", parent, child);
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		for (int i = 0; i < count; i++) {
			wake(child, to_child[0], to_child[1]);
			if (read(to_parent[0], &answer, 1) != 1)
				return 1;
		}
		wait_for(child, to_child[0]);
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
