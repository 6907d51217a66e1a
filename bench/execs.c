// SPDX-License-Identifier: MIT
/*
 * execs WORKERS COUNT [PAUSE]: this many processes that each start /bin/true COUNT times, one after the other, with
 * PAUSE microseconds between them, if any. Prints microseconds an exec.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void work(long count, useconds_t pause)
{
	char *argv[] = { "/bin/true", "--with", "some", "arguments", NULL };

	while (count--) {
		pid_t pid;

		if (posix_spawn(&pid, *argv, NULL, NULL, argv, NULL))
			exit(1);
		waitpid(pid, NULL, 0);
		if (pause)
			usleep(pause);
	}
}

int main(int argc, char **argv)
{
	int i, workers = atoi(argv[1]);
	long count = atol(argv[2]);
	useconds_t pause = argc > 3 ? atol(argv[3]) : 0;
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	for (i = 0; i < workers; i++) {
		if (fork() == 0) {
			work(count, pause);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("{\"us\": %f}\n",
	       ((after.tv_sec - before.tv_sec) * 1e6 + (after.tv_nsec - before.tv_nsec) / 1e3) /
		       (workers * count));
	return 0;
}
