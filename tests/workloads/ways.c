// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * ways [THREADS]: for each byte on standard input, calls goal() by five ways, way2() to way11(), as often as their
 * names say, each of which passes a USDT probe and makes a system call, and writes the byte back. With THREADS
 * that many threads of it do so.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "probe.h"

#define FRAME __attribute__((noinline, noclone, optimize("no-omit-frame-pointer")))

/* It has no frame, and its caller none that the kernel would find at its first instruction. */
__attribute__((noinline, noclone)) long goal(long number)
{
	asm volatile("" : "+r"(number));
	return number + 1;
}

FRAME void ask(void)
{
	PROBE("asked", "0", "");
	syscall(SYS_getpgid, 0);
	asm volatile("");
}

#define WAY(times)                             \
	FRAME void way##times(void)            \
	{                                      \
		for (long i = 0; i < times;) { \
			i = goal(i);           \
			ask();                 \
		}                              \
		asm volatile("");              \
	}

WAY(2);
WAY(3);
WAY(5);
WAY(7);
WAY(11);

FRAME void *go(void *unused)
{
	way2();
	way3();
	way5();
	way7();
	way11();
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t started[64];
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		if (!threads)
			go(NULL);
		for (int i = 0; i < threads; i++)
			pthread_create(&started[i], NULL, go, NULL);
		for (int i = 0; i < threads; i++)
			pthread_join(started[i], NULL);
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
