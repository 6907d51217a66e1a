// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * swaps PAGES [hold]: has this many pages of its own written to swap, and reads them, in a cgroup that limits its
 * memory to 16 MiB. Says how many pages went which way meanwhile, by the kernel's own count: `out N`, and when they
 * are back `in N zswap N`. With `hold` it leaves them there and waits to be killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kind.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define SWAPPED (1ULL << 62) /* Documentation/admin-guide/mm/pagemap.rst */
#define PUSHED (24 << 20)
#define TRIES 100

static long page_size;

/* 0 where this kernel does not count it */
static unsigned long vmstat(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long count = 0, value;
	char line[64];

	check(file != NULL, "/proc/vmstat");
	while (fscanf(file, "%63s %lu", line, &value) == 2) {
		if (strcmp(line, name) == 0)
			count = value;
	}
	fclose(file);
	return count;
}

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED, "mmap");
	check(madvise(memory, size, MADV_NOHUGEPAGE) == 0, "MADV_NOHUGEPAGE");
	return memory;
}

/* Half of a page can be compressed. */
static void fill(char *page, unsigned int seed)
{
	for (long at = 0; at < page_size / 2; at++) {
		seed = seed * 1103515245 + 12345;
		page[at] = seed >> 16;
	}
	memset(page + page_size / 2, 1, page_size / 2);
}

/* Takes more memory than there may be for a moment: then what has been written to swap leaves memory. */
static void push(void)
{
	char *memory = map(PUSHED);

	for (long at = 0; at < PUSHED; at += page_size)
		fill(memory + at, at);
	munmap(memory, PUSHED);
}

/* Whether these pages are in swap alone. */
static int are_out(char *memory, long pages)
{
	unsigned char resident[pages];
	uint64_t entries[pages];
	int file = open("/proc/self/pagemap", O_RDONLY);
	off_t at = (uintptr_t)memory / page_size * sizeof(*entries);
	long out = 0;

	check(file >= 0, "pagemap");
	check(pread(file, entries, sizeof(entries), at) == (ssize_t)sizeof(entries), "pread");
	close(file);
	check(mincore(memory, pages * page_size, resident) == 0, "mincore");
	for (long page = 0; page < pages; page++)
		out += entries[page] & SWAPPED && !(resident[page] & 1);
	return out == pages;
}

int main(int argc, char **argv)
{
	long pages = atol(argv[1]), tries;
	unsigned long in, out, zswap;
	char *memory;

	kind = argc > 2 ? argv[2] : "";
	page_size = sysconf(_SC_PAGESIZE);
	in = vmstat("pswpin"); /* and there is a heap, which stays in memory as the rest does */
	check(mlockall(MCL_CURRENT) == 0, "mlockall");
	memory = map(pages * page_size);
	out = vmstat("pswpout");
	zswap = vmstat("zswpin");
	for (long page = 0; page < pages; page++)
		fill(memory + page * page_size, page + 1);
	for (tries = 0; tries < TRIES && !are_out(memory, pages); tries++) {
		check(madvise(memory, pages * page_size, MADV_PAGEOUT) == 0, "MADV_PAGEOUT");
		push();
	}
	check(tries < TRIES, "pages stay in memory");
	printf("out %lu\n", vmstat("pswpout") - out);
	fflush(stdout);
	while (is("hold"))
		pause();
	for (long page = 0; page < pages; page++)
		check(memory[page * page_size + page_size - 1] == 1, "what was in a page");
	printf("in %lu zswap %lu\n", vmstat("pswpin") - in, vmstat("zswpin") - zswap);
	return 0;
}
