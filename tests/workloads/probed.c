// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * probed N...: waits for a byte on standard input for each N, then calls step() N times, which has a
 * USDT probe, and writes a byte back.
 */
#include <stdlib.h>
#include <unistd.h>

/* What DTRACE_PROBE1(denobpf, step, i) of sys/sdt.h makes, without that header. */
#define PROBE(argument)                                                                          \
	__asm__ volatile("990: nop\n"                                                            \
			 ".pushsection .note.stapsdt,\"?\",\"note\"\n"                           \
			 ".balign 4\n"                                                           \
			 ".4byte 992f-991f, 994f-993f, 3\n"                                      \
			 "991: .asciz \"stapsdt\"\n"                                             \
			 "992: .balign 4\n"                                                      \
			 "993: .8byte 990b\n"                                                    \
			 ".8byte _.stapsdt.base\n"                                               \
			 ".8byte 0\n"                                                            \
			 ".asciz \"denobpf\"\n"                                                  \
			 ".asciz \"step\"\n"                                                     \
			 ".asciz \"-4@%0\"\n"                                                    \
			 "994: .balign 4\n"                                                      \
			 ".popsection\n"                                                         \
			 ".ifndef _.stapsdt.base\n"                                              \
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
			 ".weak _.stapsdt.base\n"                                                \
			 ".hidden _.stapsdt.base\n"                                              \
			 "_.stapsdt.base: .space 1\n"                                            \
			 ".size _.stapsdt.base, 1\n"                                             \
			 ".popsection\n"                                                         \
			 ".endif\n" ::"r"(argument))

/* In the symbol table alone: the dynamic one has no static functions. */
static __attribute__((noinline)) int step(int i)
{
	PROBE(i);
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
