// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * traced: passes probes a known, prime number of times, with values that are known. It works in the folder that it
 * is started in.
 *
 *   34 openat, of which 23 make "made-0" to "made-22", and 11 open /etc/hostname
 *   23 calls of taken(i, "text i", outer, -i), which returns -i: i from 0 on
 *   13 passes of the USDT probe `given` at one place and 7 at another, with other arguments
 *   17 calls of placed(), which begins with two instructions that do nothing
 *   29 reads of 1009 bytes, 7 at the end of a file, 5 of a file that is open for writing only
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "probe.h"

#define FUNCTION __attribute__((noinline, noclone))

struct inner {
	char name[16];
	int number;
	const char *text;
};

struct outer {
	long first; /* as the first byte of an IPv4 header: version 4, 5 words */
	struct inner *inner;
};

FUNCTION int taken(int number, const char *text, struct outer *outer, long negative)
{
	__asm__ volatile("" : "+r"(number), "+r"(text), "+r"(outer), "+r"(negative));
	return -number;
}

void placed(void);
__asm__(".text\n.globl placed\n.type placed, %function\nplaced:\nnop\nnop\nret\n.size placed, .-placed\n");

static void calls(void)
{
	struct inner inner = { .name = "inner", .number = 1009, .text = "deep" };
	struct outer outer = { .first = 0x45, .inner = &inner };
	char text[16];

	for (int i = 0; i < 23; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		inner.number = -1009 - i;
		taken(i, text, &outer, -i);
	}
	for (int i = 0; i < 17; i++)
		placed();
}

static void usdts(void)
{
	const char *text = "given text";
	volatile int kept = -7;

	for (int i = 0; i < 13; i++)
#ifdef __x86_64__
		PROBE("given", "0", "-4@%k0 8@%1 -4@%2 4@$11", "r"(i), "r"(text), "m"(kept));
#else
		PROBE("given", "0", "-4@%w0 8@%1 -4@[%2] 4@11", "r"(i), "r"(text), "r"(&kept));
#endif
	for (int i = 0; i < 7; i++)
#ifdef __x86_64__
		PROBE("given", "0", "-4@$-5 8@%0 -4@%k1 4@$13", "r"(text), "r"(i));
#else
		PROBE("given", "0", "-4@-5 8@%0 -4@%w1 4@13", "r"(text), "r"(i));
#endif
}

static void opens(void)
{
	char name[16];

	for (int i = 0; i < 23; i++) {
		snprintf(name, sizeof(name), "made-%d", i);
		close(syscall(SYS_openat, AT_FDCWD, name, O_CREAT | O_WRONLY, 0600));
	}
	for (int i = 0; i < 11; i++)
		close(syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY, 0));
}

static void reads(void)
{
	char bytes[1009] = {};
	int file = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600),
	    writable = open("file", O_WRONLY);

	for (int i = 0; i < 29; i++) {
		if (pwrite(file, bytes, sizeof(bytes), i * sizeof(bytes)) < 0)
			return;
	}
	for (int i = 0; i < 29 + 7; i++)
		if (syscall(SYS_read, file, bytes, sizeof(bytes)) < 0)
			return;
	for (int i = 0; i < 5; i++)
		syscall(SYS_read, writable, bytes, sizeof(bytes));
}

int main(void)
{
	opens();
	calls();
	usdts();
	reads();
	return 0;
}
