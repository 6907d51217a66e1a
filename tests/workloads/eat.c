// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * eat MIB [leaving]: takes this much memory, says so, and waits to be killed. With 0 it takes none. With
 * `leaving` a child does so, which the kernel is to choose first, and which is held up as it ends, with all of
 * its memory.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void eat(int mib)
{
	while (mib-- > 0)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* With a second thread the kernel takes the process for one that ends from exit_group(2) on. */
static void leave(int mib)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY);
	pthread_t thread;

	if (write(file, "1000", 4) != 4 || pthread_create(&thread, NULL, sleep_on, NULL))
		abort();
	eat(mib);
	ptrace(PTRACE_TRACEME);
	raise(SIGSTOP);
	exit(0);
}

static void hold_leaving(int mib)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		leave(mib);
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	waitpid(child, &status, 0);
	if (status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8))
		abort();
}

int main(int argc, char **argv)
{
	int mib = atoi(argv[1]);

	if (argc > 2)
		hold_leaving(mib);
	else
		eat(mib);
	puts("eaten");
	fflush(stdout);
	sleep_on(NULL);
}
