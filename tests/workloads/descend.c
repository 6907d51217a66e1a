// SPDX-License-Identifier: GPL-2.0 OR MIT
/* descend TIMES DEPTH: calls descend(DEPTH) this many times; it calls itself down to 0. */
#include <stdlib.h>

__attribute__((noinline, noclone, optimize("no-omit-frame-pointer"))) int descend(int number)
{
	int below;

	if (number == 0)
		return 0;
	below = descend(number - 1);
	asm volatile("" : "+r"(below)); /* or the compiler makes a loop of it */
	return below + number;
}

int main(int argc, char **argv)
{
	int times = atoi(argv[1]), depth = atoi(argv[2]), sum = 0;

	for (int i = 0; i < times; i++)
		sum += descend(depth);
	return sum != times * depth * (depth + 1) / 2;
}
