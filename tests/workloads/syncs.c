// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * syncs [KIND...]: syncs "file" of the folder that it is started in, a known, prime number of times, one KIND
 * after the other.
 *
 *   fsync      23 fsync
 *   fdatasync  7 fdatasync
 *   syncfs     3 syncfs
 *   sync       1 sync
 *   range      5 sync_file_range of 4096 bytes from 8192 on
 *   msync      11 msync of 4096 bytes
 *   closed     2 fsync of -1
 *   compat     13 fsync, and 2 sync_file_range of 12 GiB from 20 GiB on, with int $0x80, as 32-bit programs do
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kind.h"

#define SIZE 4096

#ifdef __x86_64__
/* arch/x86/entry/syscalls/syscall_32.tbl */
static void compat(long file)
{
	long ret;

	for (int i = 0; i < 13; i++) {
		asm volatile("int $0x80"
			     : "=a"(ret)
			     : "a"(118), "b"(file)
			     : "memory", "r8", "r9", "r10", "r11");
		check(ret == 0, "fsync");
	}
	for (int i = 0; i < 2; i++)
		asm volatile("int $0x80"
			     : "=a"(ret)
			     : "a"(314), "b"(file), "c"(0), "d"(5), "S"(0), "D"(3)
			     : "memory", "r8", "r9", "r10", "r11");
}
#else
static void compat(long file)
{
}
#endif

static void run(int file, char *page)
{
	if (is("fsync")) {
		for (int i = 0; i < 23; i++)
			check(fsync(file) == 0, "fsync");
	} else if (is("fdatasync")) {
		for (int i = 0; i < 7; i++)
			check(fdatasync(file) == 0, "fdatasync");
	} else if (is("syncfs")) {
		for (int i = 0; i < 3; i++)
			check(syncfs(file) == 0, "syncfs");
	} else if (is("sync")) {
		sync();
	} else if (is("range")) {
		for (int i = 0; i < 5; i++)
			check(sync_file_range(file, 2 * SIZE, SIZE, SYNC_FILE_RANGE_WRITE) == 0,
			      "sync_file_range");
	} else if (is("msync")) {
		for (int i = 0; i < 11; i++)
			check(msync(page, SIZE, MS_SYNC) == 0, "msync");
	} else if (is("closed")) {
		for (int i = 0; i < 2; i++)
			fsync(-1);
	} else if (is("compat")) {
		compat(file);
	} else {
		fprintf(stderr, "syncs: unknown kind %s\n", kind);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	int file = open("file", O_CREAT | O_RDWR, 0600);
	char *page;

	check(file >= 0 && ftruncate(file, 4 * SIZE) == 0, "open");
	page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	check(page != MAP_FAILED, "mmap");
	while (*++argv) {
		kind = *argv;
		run(file, page);
	}
	return 0;
}
