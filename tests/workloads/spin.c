// SPDX-License-Identifier: GPL-2.0 OR MIT
/* spin: keeps a CPU busy in burn(), until it is killed. */
static volatile unsigned long turns;

__attribute__((noinline)) void burn(void)
{
	for (;;)
		turns++;
}

int main(void)
{
	burn();
	return 0;
}
