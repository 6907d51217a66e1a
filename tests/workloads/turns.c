// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Shares CPU 0 with a child, and writes the child's pid and a line break. For each byte on standard input it has
 * the child take turns, waits until the child has blocked again, and writes the byte back.
 *
 *	turns wake COUNT       wakes the child up this often, and keeps the CPU busy meanwhile
 *	turns preempt COUNT    wakes the child up once, and takes the CPU from it at least this often
 *
 * The second child asks for the end of its own children, which it has for that alone: wait4(2) looks at all of
 * them after it has set the state of the task, and it is preempted in that state.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 61

/* Ends with its parent, whose process id is known. */
static pid_t fork_bound(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		exit(1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			exit(1);
	}
	return pid;
}

static long preempted(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

static void take_turns(int pipe, int preemptions)
{
	char byte;

	for (int i = 0; preemptions && i < CHILDREN; i++) {
		if (fork_bound() == 0)
			for (;;)
				pause();
	}
	while (read(pipe, &byte, 1) == 1) {
		long before = preempted();

		while (preempted() - before < preemptions)
			waitpid(-1, NULL, WNOHANG);
	}
	exit(0);
}

/* How often a process has blocked. */
static long blocked(pid_t pid)
{
	static const char field[] = "\nvoluntary_ctxt_switches:";
	char path[32], status[4096], *at;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	if (!file)
		exit(1);
	length = fread(status, 1, sizeof(status) - 1, file);
	fclose(file);
	status[length] = 0;
	at = strstr(status, field);
	if (!at)
		exit(1);
	return atol(at + strlen(field));
}

/* Wakes up a child and waits until it has blocked again. */
static void wake_up(pid_t child, int pipe, bool preempts)
{
	long before = blocked(child);

	if (write(pipe, "", 1) != 1)
		exit(1);
	while (blocked(child) == before) {
		if (preempts)
			usleep(1000);
	}
}

static int share_cpu(bool preempts)
{
	struct sched_param lowest = { .sched_priority = preempts };
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	return sched_setaffinity(0, sizeof(first), &first) ||
	       sched_setscheduler(0, preempts ? SCHED_FIFO : SCHED_BATCH, &lowest);
}

int main(int argc, char **argv)
{
	bool preempts = argc == 3 && strcmp(argv[1], "preempt") == 0;
	int count = argc == 3 ? atoi(argv[2]) : 0, pipe_[2];
	struct sched_param normal = {};
	pid_t child;
	char byte;

	if (!count || pipe(pipe_) || share_cpu(preempts))
		return 1;
	child = fork_bound();
	if (child == 0) {
		/* a task of this policy takes the CPU from none that is awake */
		if (sched_setscheduler(0, SCHED_BATCH, &normal))
			return 1;
		close(pipe_[1]);
		take_turns(pipe_[0], preempts ? count : 0);
	}
	dprintf(STDOUT_FILENO, "%d\n", child);
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		for (int i = 0; i < (preempts ? 1 : count); i++)
			wake_up(child, pipe_[1], preempts);
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
