// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * stacks: keeps a CPU busy under 512 stacks in turn, until it is killed. Each is main(), nine times left() or
 * right(), and burn(), which takes twice as long where main() has called right().
 */
#define DEPTH 9
#define TURNS 400000

#define FRAME __attribute__((noinline, noclone, optimize("no-omit-frame-pointer")))

FRAME void left(unsigned int path, int depth, unsigned long turns);
FRAME void right(unsigned int path, int depth, unsigned long turns);

FRAME void burn(unsigned long turns)
{
	for (volatile unsigned long turn = 0; turn < turns; turn++)
		;
}

/* asm keeps the compiler from jumping where it should call */
#define NEXT(path, depth, turns)                            \
	do {                                                \
		if (depth == 0)                             \
			burn(turns);                        \
		else if (path & 1)                          \
			right(path >> 1, depth - 1, turns); \
		else                                        \
			left(path >> 1, depth - 1, turns);  \
		asm volatile("");                           \
	} while (0)

void left(unsigned int path, int depth, unsigned long turns)
{
	NEXT(path, depth, turns);
}

void right(unsigned int path, int depth, unsigned long turns)
{
	NEXT(path, depth, turns);
}

int main(void)
{
	for (unsigned int path = 0;; path = (path + 1) % (1 << DEPTH))
		NEXT(path, DEPTH, path & 1 ? 2 * TURNS : TURNS);
}
