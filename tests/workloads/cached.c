// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * cached FILE KIND...: reads and writes a file through the page cache, one KIND after the other. It is the first 101
 * pages that are meant, and the file has to have more of them. It is called "pages" by then: what it has read to start
 * with is of another name.
 *
 *   drop     drops them from the cache
 *   whole    one pread of all of them
 *   steps    101 pread of a page each
 *   odd      13 pread of a page's bytes, each from the middle of a page on
 *   some     preads of pages 7 to 9, 40, and 60 to 66, with nothing read ahead
 *   last     2 pread of ten pages from the last three of the file on
 *   splice   sends the 101 pages to a pipe, eleven at a time
 *   ahead    posix_fadvise(POSIX_FADV_WILLNEED) of all of them
 *   map      reads a byte of each of 3 pages of a mapping, with nothing mapped around: 3, 11 and 19
 *   write    23 pwrite of a page each
 *   sync     waits until all are stored
 *   ask      prints how many of the 101 are in the cache (mincore)
 *   arrive   waits until all of the 101 are in the cache
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "kind.h"

#define PAGES 101

static long page;
static char *memory;
static int file;

static void read_pages(long from, long pages)
{
	check(pread(file, memory, pages * page, from * page) == pages * page, "pread");
}

static void read_some(void)
{
	check(posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM) == 0, "posix_fadvise");
	read_pages(7, 3);
	read_pages(40, 1);
	read_pages(60, 7);
	check(posix_fadvise(file, 0, 0, POSIX_FADV_NORMAL) == 0, "posix_fadvise");
}

static void read_last(void)
{
	off_t size = lseek(file, 0, SEEK_END);

	for (int i = 0; i < 2; i++)
		check(pread(file, memory, 10 * page, size - 3 * page) == 3 * page, "pread");
}

static void splice_pages(void)
{
	loff_t offset = 0;
	int ends[2];

	check(pipe(ends) == 0, "pipe");
	while (offset < PAGES * page) {
		long left = PAGES * page - offset, most = 11 * page;
		ssize_t moved = splice(file, &offset, ends[1], NULL, left < most ? left : most, 0);

		check(moved > 0, "splice");
		for (ssize_t got; moved > 0; moved -= got) {
			got = read(ends[0], memory, moved);
			check(got > 0, "read");
		}
	}
	close(ends[0]);
	close(ends[1]);
}

static char *mapped(void)
{
	char *map = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, file, 0);

	check(map != MAP_FAILED, "mmap");
	return map;
}

/* The kernel maps 16 pages at once, if it has them: those between two multiples of 16 pages of addresses. */
static void touch(void)
{
	static const int touched[] = { 3, 11, 19 };
	long around = 16 * page, bytes = PAGES * page;
	char *room = mmap(NULL, bytes + around, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *map = room + around - (unsigned long)room % around;
	volatile char byte;

	check(room != MAP_FAILED, "mmap");
	check(mmap(map, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) == map, "mmap");
	check(madvise(map, bytes, MADV_RANDOM) == 0, "madvise");
	for (int i = 0; i < 3; i++)
		byte = map[touched[i] * page];
	(void)byte;
	munmap(room, bytes + around);
}

static int count_there(void)
{
	unsigned char there[PAGES];
	char *map = mapped();
	int sum = 0;

	check(mincore(map, PAGES * page, there) == 0, "mincore");
	for (int i = 0; i < PAGES; i++)
		sum += there[i] & 1;
	munmap(map, PAGES * page);
	return sum;
}

static void ask(void)
{
	printf("%d\n", count_there());
	fflush(stdout);
}

static void wait_for_pages(void)
{
	while (count_there() < PAGES)
		usleep(1000);
}

static void run(void)
{
	if (is("drop"))
		check(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0, "posix_fadvise");
	if (is("whole"))
		read_pages(0, PAGES);
	for (int i = 0; is("steps") && i < PAGES; i++)
		read_pages(i, 1);
	for (int i = 0; is("odd") && i < 13; i++)
		check(pread(file, memory, page, i * page + page / 2) == page, "pread");
	for (int i = 0; is("write") && i < 23; i++)
		check(pwrite(file, memory, page, i * page) == page, "pwrite");
	if (is("some"))
		read_some();
	if (is("last"))
		read_last();
	if (is("splice"))
		splice_pages();
	if (is("ahead"))
		check(posix_fadvise(file, 0, PAGES * page, POSIX_FADV_WILLNEED) == 0,
		      "posix_fadvise");
	if (is("map"))
		touch();
	if (is("sync"))
		check(fdatasync(file) == 0, "fdatasync");
	if (is("ask"))
		ask();
	if (is("arrive"))
		wait_for_pages();
}

int main(int argc, char **argv)
{
	page = sysconf(_SC_PAGESIZE);
	memory = aligned_alloc(page, PAGES * page);
	file = open(argv[1], O_RDWR);
	check(argc > 1 && memory && file >= 0, "open");
	memset(memory, 'p', PAGES * page);
	check(prctl(PR_SET_NAME, "pages") == 0, "prctl");
	for (int i = 2; i < argc; i++) {
		kind = argv[i];
		run();
	}
	return 0;
}
