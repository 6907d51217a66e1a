// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * functions [THREADS]: calls f1 to f6 as often as their prime numbers say, `never` not at all, passes the USDT
 * probe `twice` at two places, and `watched` at one, while somebody raises its semaphore, and prints how often
 * that was. With THREADS that many threads call f7() 1009 times each. f3() is also called f3_too.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "probe.h"

#define FUNCTION __attribute__((noinline, noclone))

volatile unsigned short watched_semaphore __attribute__((section(".probes"), used));

/* Each has a body of its own, or the linker may make one of them. */
#define DEFINE(name, number)                        \
	FUNCTION void name(void)                    \
	{                                           \
		__asm__ volatile("" ::"i"(number)); \
		counted += number;                  \
	}

static volatile int counted;

DEFINE(f1, 3)
DEFINE(f2, 5)
DEFINE(f3, 7)
static DEFINE(f4, 11) DEFINE(f5, 13) DEFINE(f6, 1009) DEFINE(never, 17) void f3_too(void)
	__attribute__((alias("f3")));

static void call(void (*function)(void), int times)
{
	for (int i = 0; i < times; i++)
		function();
}

FUNCTION int f7(int number)
{
	__asm__ volatile("" : "+r"(number));
	return number;
}

static void *call_f7(void *unused)
{
	for (int i = 0; i < 1009; i++)
		f7(i);
	return NULL;
}

static void run_threads(int count)
{
	pthread_t threads[64];

	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, call_f7, NULL);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	int watched = 0;

	if (argc > 1) {
		run_threads(atoi(argv[1]));
		return 0;
	}
	call(f1, 3);
	call(f2, 5);
	call(f3, 4);
	call(f3_too, 3);
	call(f4, 11);
	call(f5, 13);
	call(f6, 1009);
	for (int i = 0; i < 19; i++)
		PROBE("twice", "0", "");
	for (int i = 0; i < 4; i++)
		PROBE("twice", "0", "");
	for (int i = 0; i < 29 && watched_semaphore; i++) {
		PROBE("watched", "watched_semaphore", "");
		watched++;
	}
	printf("%d\n", watched);
	return counted < 0 ? (never(), 1) : 0;
}
