// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * threads KIND...: creates threads, and lets them wait until its input ends.
 *
 *   pthreads   23 by pthread_create(), which run worker()
 *   clones     7 by clone(2)
 *   fails      pthread_create() fails, as it has no memory for such a stack
 *   ends       5 by pthread_create(), which end at once
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kind.h"

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define STACK 65536

/* No function of a library, which may look at memory of the thread that clone(2) gives none. */
static void wait_for_ever(void)
{
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static void *worker(void *unused)
{
	wait_for_ever();
	return unused;
}

static int cloned(void *unused)
{
	wait_for_ever();
	return unused != NULL;
}

static void *brief(void *unused)
{
	return unused;
}

static void run(void)
{
	pthread_t thread;
	pthread_attr_t attributes;

	if (is("pthreads")) {
		for (int i = 0; i < 23; i++)
			check(!pthread_create(&thread, NULL, worker, NULL), "pthread_create");
	} else if (is("clones")) {
		for (int i = 0; i < 7; i++) {
			char *stack = malloc(STACK);

			check(stack && clone(cloned, stack + STACK, THREAD, NULL) > 0, "clone");
		}
	} else if (is("fails")) {
		check(!pthread_attr_init(&attributes), "pthread_attr_init");
		check(!pthread_attr_setstacksize(&attributes, 1UL << 60), "stack size");
		check(pthread_create(&thread, &attributes, worker, NULL) != 0, "it has not failed");
	} else if (is("ends")) {
		for (int i = 0; i < 5; i++) {
			check(!pthread_create(&thread, NULL, brief, NULL), "pthread_create");
			pthread_join(thread, NULL);
		}
	} else {
		fprintf(stderr, "threads: unknown kind %s\n", kind);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		kind = argv[i];
		run();
	}
	printf("created\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
