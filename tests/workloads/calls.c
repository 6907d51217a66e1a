// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * calls WHAT [N]: calls functions that take a known time, or do not return.
 *
 *	sleep N     slow() N times, 100 ms each
 *	rec N       rec(N), which takes 2 ms and calls itself: N + 1 calls
 *	nest N      outer() N times, which calls inner() once
 *	jump N      escaping() N times, which leaves by longjmp(), then quick() once
 *	back N      again() N times from the same place, which leaves by longjmp()
 *	tail N      first() N times, which ends by a jump to second()
 *	thread N    N threads that end within ending()
 *	exec N      executing() executes this program as `nest N`
 *	fail N      failing() N times, which returns -1, -2 and so on
 *	move N      waiting(), N times: for a byte on standard input, then for one more to return
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, used))

static jmp_buf out;
static volatile int counted;

static void sleep_ms(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

FUNCTION void slow(void)
{
	sleep_ms(100);
	counted++;
}

FUNCTION void rec(int depth)
{
	sleep_ms(2);
	if (depth)
		rec(depth - 1);
	counted++;
}

FUNCTION void inner(void)
{
	sleep_ms(1);
	counted += 3;
}

FUNCTION void outer(void)
{
	sleep_ms(1);
	inner();
	counted += 5;
}

FUNCTION void quick(void)
{
	counted += 7;
}

FUNCTION void escaping(void)
{
	counted++;
	longjmp(out, 1);
}

FUNCTION void again(void)
{
	counted += 2;
	longjmp(out, 1);
}

FUNCTION int second(int number)
{
	sleep_ms(1);
	counted += number;
	return number;
}

FUNCTION int first(int number)
{
	counted += 11;
	return second(number); /* by a jump */
}

FUNCTION void ending(void)
{
	counted += 13;
	syscall(SYS_exit, 0);
}

static void *end_within(void *unused)
{
	ending();
	return NULL;
}

FUNCTION void executing(const char *times)
{
	counted += 17;
	execl("/proc/self/exe", "calls", "nest", times, NULL);
}

FUNCTION int failing(int number)
{
	counted++;
	return -1 - number;
}

FUNCTION void waiting(void)
{
	char byte;

	if (write(STDOUT_FILENO, "", 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1)
		counted++;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	volatile int i = 0, times = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(what, "rec")) {
		rec(times);
	} else if (!strcmp(what, "jump")) {
		for (; i < times; i++) {
			if (!setjmp(out))
				escaping();
		}
		quick();
	} else if (!strcmp(what, "back")) {
		setjmp(out);
		if (i++ < times)
			again();
	} else if (!strcmp(what, "thread")) {
		for (; i < times; i++) {
			pthread_t thread;

			pthread_create(&thread, NULL, end_within, NULL);
			pthread_join(thread, NULL);
		}
	} else if (!strcmp(what, "exec")) {
		executing(argv[2]);
	} else {
		void (*function)(void) = !strcmp(what, "sleep")	 ? slow
					 : !strcmp(what, "nest") ? outer
								 : waiting;

		for (; i < times; i++) {
			if (!strcmp(what, "tail"))
				first(i);
			else if (!strcmp(what, "fail"))
				failing(i);
			else
				function();
		}
	}
	return counted < 0;
}
