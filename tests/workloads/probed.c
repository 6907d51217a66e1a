// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * probed N...: waits for a byte on standard input for each N, then calls step() N times, which has a
 * USDT probe, and writes a byte back.
 */
#include <stdlib.h>
#include <unistd.h>
#include "probe.h"

/* In the symbol table alone: the dynamic one has no static functions. */
static __attribute__((noinline)) int step(int i)
{
	PROBE("step", "0", "-4@%0", "r"(i));
	return i + 1;
}

int main(int argc, char **argv)
{
	char byte;

	for (int at = 1; at < argc; at++) {
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 1;
		for (int i = 0; i < atoi(argv[at]);)
			i = step(i);
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
