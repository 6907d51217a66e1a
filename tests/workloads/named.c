// SPDX-License-Identifier: GPL-2.0 OR MIT
/* named: for each byte on standard input makes 7 threads, resolves 11 paths, calls chosen() 13 times, and
 * writes a byte back. In libc some of these have several versions; chosen() is an IFUNC.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A USDT probe of which an argument is an array's: it is never reached. */
#ifdef __x86_64__
__asm__(".pushsection .note.stapsdt,\"\",\"note\"\n"
	".balign 4\n"
	".4byte 992f-991f, 994f-993f, 3\n"
	"991: .asciz \"stapsdt\"\n"
	"992: .balign 4\n"
	"993: .8byte main\n"
	".8byte _.stapsdt.base\n"
	".8byte 0\n"
	".asciz \"denobpf\"\n"
	".asciz \"element\"\n"
	".asciz \"8@-4(%rbp,%rax,8)\"\n"
	"994: .balign 4\n"
	".popsection\n"
	".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n");
#endif

static volatile int calls;

static __attribute__((noinline, used)) void __chosen_first(void)
{
	calls++;
}

static __attribute__((noinline, used)) void __chosen_second(void)
{
	calls--;
}

static __attribute__((used)) void (*choose(void))(void)
{
	return __chosen_first;
}

void chosen(void) __attribute__((ifunc("choose")));

static void *nothing(void *argument)
{
	return argument;
}

int main(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		for (int i = 0; i < 7; i++) {
			pthread_t thread;

			if (pthread_create(&thread, NULL, nothing, NULL) ||
			    pthread_join(thread, NULL))
				return 1;
		}
		for (int i = 0; i < 11; i++)
			free(realpath("/", NULL));
		for (int i = 0; i < 13; i++)
			chosen();
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
