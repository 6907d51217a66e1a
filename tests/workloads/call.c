// SPDX-License-Identifier: GPL-2.0 OR MIT
/* call N...: calls getpgid(N) for each N, on the last CPU; the fixtures listen for certain numbers.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (int i = 1; i < argc; i++)
		getpgid(strtoul(argv[i], NULL, 0));
	return 0;
}
