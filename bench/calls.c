// SPDX-License-Identifier: MIT
/* calls COUNT: that many system calls of the cheapest kind; prints nanoseconds a call. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long i, count = atol(argv[1]);
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	for (i = 0; i < count; i++)
		syscall(SYS_getppid, 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("{\"ns\": %f}\n",
	       ((after.tv_sec - before.tv_sec) * 1e9 + after.tv_nsec - before.tv_nsec) / count);
	return 0;
}
