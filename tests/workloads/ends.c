// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * ends KIND...: ends processes in the ways that tools have reported wrongly. Each KIND runs in a child of
 * its own, and its pid is printed.
 *
 *   code        exit code 7
 *   kill        SIGKILL
 *   abort       SIGABRT
 *   leader      the leader calls pthread_exit, a thread ends the process with code 5 after 50 ms
 *   thread      execve from a thread that is not the leader
 *   race        8 threads that all end at once by pthread_exit
 *   slow        lives 250 ms
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *exit_later(void *unused)
{
	prctl(PR_SET_NAME, "a thread");
	usleep(50000);
	exit(5);
	return unused;
}

static void *exec(void *unused)
{
	execl("/bin/true", "true", NULL);
	return unused;
}

static pthread_barrier_t together;

static void *meet(void *unused)
{
	pthread_barrier_wait(&together);
	return unused;
}

static void run(const char *kind)
{
	pthread_t thread;

	if (!strcmp(kind, "code")) {
		_exit(7);
	} else if (!strcmp(kind, "kill")) {
		raise(SIGKILL);
	} else if (!strcmp(kind, "abort")) {
		abort();
	} else if (!strcmp(kind, "leader")) {
		pthread_create(&thread, NULL, exit_later, NULL);
		pthread_exit(NULL);
	} else if (!strcmp(kind, "thread")) {
		pthread_create(&thread, NULL, exec, NULL);
		pause();
	} else if (!strcmp(kind, "race")) {
		pthread_barrier_init(&together, NULL, 8);
		for (int i = 0; i < 7; i++)
			pthread_create(&thread, NULL, meet, NULL);
		meet(NULL);
		pthread_exit(NULL);
	} else if (!strcmp(kind, "slow")) {
		usleep(250000);
		_exit(0);
	}
	fprintf(stderr, "ends: unknown kind %s\n", kind);
	exit(64);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		pid_t child = fork();

		if (child == 0)
			run(argv[i]);
		printf("%s %d\n", argv[i], child);
		fflush(stdout);
		waitpid(child, NULL, 0);
	}
	return 0;
}
