// SPDX-License-Identifier: MIT
/*
 * produce RATE COUNT: makes COUNT calls that bench.bpf.c sends an event for, RATE in a second; 0 for as
 * many as it can. Sleeps between bursts of a millisecond, or between single calls if there are few.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x62656e63

int main(int argc, char **argv)
{
	double rate = atof(argv[1]);
	long i, count = atol(argv[2]), burst = rate > 2000 ? rate / 1000 : 1;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (i = 0; i < count; i++) {
		syscall(SYS_getppid, MAGIC);
		if (rate == 0 || (i + 1) % burst)
			continue;
		next.tv_nsec += burst / rate * 1e9;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}
