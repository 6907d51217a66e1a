// SPDX-License-Identifier: GPL-2.0 OR MIT
/* mangled: keeps a CPU busy in a function whose symbol is that of foo::burn() in C++, until it is killed. */
static volatile unsigned long turns;

void burn(void) __asm__("_ZN3foo4burnEv");

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
