// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * sleeps COUNT MS: for each byte on standard input, sleeps this often for this many milliseconds, below rest(), and
 * writes the byte back.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAME __attribute__((noinline, noclone, optimize("no-omit-frame-pointer")))

/* syscall(2) has no frame of its own: the kernel finds its caller's caller above it */
FRAME void doze(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	syscall(SYS_nanosleep, &time, NULL);
	asm volatile("");
}

FRAME void rest(int count, long ms)
{
	for (int i = 0; i < count; i++)
		doze(ms);
	asm volatile("");
}

int main(int argc, char **argv)
{
	char byte;

	if (argc != 3)
		return 64;
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		rest(atoi(argv[1]), atoi(argv[2]));
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
