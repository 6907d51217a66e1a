// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Processes and threads that end at once: children [KIND COUNT]...
 *
 *	processes	by fork()
 *	threads		by pthread_create()
 *	execs		by fork(), and they execute a program
 *
 * Prints the pid.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

static void *nothing(void *unused)
{
	return unused;
}

static void create_thread(void)
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, nothing, NULL) == 0, "pthread_create");
	pthread_join(thread, NULL);
}

static void create_process(void)
{
	int child = fork();

	check(child >= 0, "fork");
	if (child == 0) {
		if (is("execs"))
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	for (int at = 1; at + 1 < argc; at += 2) {
		kind = argv[at];
		for (int left = atoi(argv[at + 1]); left > 0; left--) {
			if (is("threads"))
				create_thread();
			else
				create_process();
		}
	}
	printf("%d\n", getpid());
	return 0;
}
