// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * leaks WORK...: waits for a byte on standard input before each work, and writes one behind it. What a work keeps
 * is in the functions that it calls; all else is freed.
 *
 *	stay	1009 blocks of 64 bytes, of which 23 stay: 16 of keep_some(), 7 of keep_others()
 *	fail	a block of 128 bytes, which realloc() cannot make larger
 *	large	7 blocks of 1 MiB, which malloc() maps
 *	grow	a block of 16 bytes, made larger until it has 65,536
 *	zero	a block that realloc() frees
 *	each	a block of a prime number of bytes of each function of malloc(3)
 *	free	frees these again
 *	threads	4 threads with 1009 blocks of 48 bytes, 5 of which stay
 *	exec	executes this program again, with the works behind
 *	fork	a child that keeps 3 blocks of 80 bytes, and waits for a byte as well
 *	pipes	23 pipes, of which 7 are closed
 *	pages	101 pages that it writes to
 *	unmap	gives these back
 *	own	a block of 56 bytes of own_malloc(), and 2 that are freed by own_free()
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")

#define FUNCTION __attribute__((noinline, noclone))

/* What the compiler cannot follow: else it leaves out what is freed at once. */
static void *hide(void *block)
{
	__asm__ volatile("" : "+r"(block));
	return block;
}

FUNCTION void keep_some(int count, size_t size)
{
	for (int i = 0; i < count; i++)
		hide(malloc(size));
	__asm__ volatile("");
}

FUNCTION void keep_others(int count, size_t size)
{
	for (int i = 0; i < count; i++)
		hide(malloc(size));
	__asm__ volatile("" ::"i"(1));
}

FUNCTION void keep_none(int count, size_t size)
{
	for (int i = 0; i < count; i++)
		free(hide(malloc(size)));
}

static void stay(void)
{
	keep_some(16, 64);
	keep_none(1009 - 16 - 7, 64);
	keep_others(7, 64);
}

FUNCTION void fail(void)
{
	void *block = hide(malloc(128));
	size_t size = 1UL << 62;

	__asm__ volatile("" : "+r"(size));
	if (realloc(block, size))
		exit(1);
}

FUNCTION void grow(void)
{
	char *block = hide(malloc(16));

	for (size_t size = 32; size <= 65536; size *= 2)
		block = hide(realloc(block, size));
}

FUNCTION void zero(void)
{
	size_t none = 0;

	__asm__ volatile("" : "+r"(none));
	hide(realloc(hide(malloc(96)), none));
}

static void *all[8];

FUNCTION void each(void)
{
	all[0] = hide(malloc(101));
	all[1] = hide(calloc(3, 103));
	all[2] = hide(realloc(hide(NULL), 107)); /* not malloc() */
	all[3] = hide(memalign(64, 109));
	all[4] = hide(aligned_alloc(64, 113));
	if (posix_memalign(&all[5], 64, 127))
		exit(1);
	all[6] = hide(valloc(131));
	all[7] = hide(pvalloc(137));
}

FUNCTION void free_each(void)
{
	for (int i = 0; i < 8; i++)
		free(all[i]);
}

FUNCTION void *work_in_thread(void *unused)
{
	keep_none(1004, 48);
	keep_some(5, 48);
	return NULL;
}

static void threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work_in_thread, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void pipes(void)
{
	int ends[23][2];

	for (int i = 0; i < 23; i++)
		if (pipe(ends[i]))
			exit(1);
	for (int i = 0; i < 7; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

static char *mapped;

static void pages(void)
{
	size_t page = getpagesize();

	mapped = mmap(NULL, 101 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		exit(1);
	madvise(mapped, 101 * page, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < 101 * page; at += page)
		mapped[at] = 1;
}

static void unmap(void)
{
	munmap(mapped, 101 * getpagesize());
}

FUNCTION void *own_malloc(size_t size)
{
	return hide(malloc(size));
}

FUNCTION void own_free(void *block)
{
	free(hide(block));
}

FUNCTION void own(void)
{
	hide(own_malloc(56));
	for (int i = 0; i < 2; i++)
		own_free(own_malloc(56));
}

static void wait_for_byte(void)
{
	char byte;

	if (read(STDIN_FILENO, &byte, 1) != 1)
		exit(1);
}

static void answer(void)
{
	if (write(STDOUT_FILENO, "", 1) != 1)
		exit(1);
}

static void fork_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		keep_some(3, 80);
		answer();
		wait_for_byte();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	for (int at = 1; at < argc; at++) {
		const char *work = argv[at];

		wait_for_byte();
		if (!strcmp(work, "stay"))
			stay();
		else if (!strcmp(work, "fail"))
			fail();
		else if (!strcmp(work, "large"))
			keep_some(7, 1 << 20);
		else if (!strcmp(work, "grow"))
			grow();
		else if (!strcmp(work, "zero"))
			zero();
		else if (!strcmp(work, "each"))
			each();
		else if (!strcmp(work, "free"))
			free_each();
		else if (!strcmp(work, "threads"))
			threads();
		else if (!strcmp(work, "fork"))
			fork_child();
		else if (!strcmp(work, "pipes"))
			pipes();
		else if (!strcmp(work, "pages"))
			pages();
		else if (!strcmp(work, "unmap"))
			unmap();
		else if (!strcmp(work, "own"))
			own();
		else if (!strcmp(work, "exec")) {
			argv[at] = argv[0];
			execv(argv[0], argv + at);
		} else
			return 64;
		answer();
	}
	wait_for_byte();
	return 0;
}
