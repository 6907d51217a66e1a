// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * syscalls KIND...: makes known, prime numbers of system calls, one KIND after the other.
 *
 *   wait        waits until a line comes on standard input
 *   count       1013 getppid, 499 getuid
 *   errors      211 close of no file (EBADF), 101 openat of none (ENOENT), 53 of one
 *   compat      307 getpid and 401 getppid with int $0x80, as 32-bit programs do
 *   unknown     17 calls with a number that there is not
 *   odd         19 calls each with the numbers -1, 512, 547, and getpid by x32's numbers
 *   flood       10007 numbers that there are not, one call each, and 499 getuid
 *   processes   3 children, one after the other: 101, 103 and 107 getppid
 *   group       5 children that end with exit_group, each after its 7 threads ended with exit
 *   threads=N   N threads, not many at once: one getppid each
 *   many=N      N getppid by two threads
 *   sleep       11 times nanosleep of 10 ms
 *   block       a thread blocks in pause for ever; goes on a tenth of a second later
 *   shell       executes /bin/true in a child
 *   tid         prints the id of a new thread, which makes 601 getppid when a line comes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void repeat(int times, long number)
{
	while (times-- > 0)
		syscall(number);
}

static void wait_for_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void errors(void)
{
	for (int i = 0; i < 211; i++)
		syscall(SYS_close, -1);
	for (int i = 0; i < 101; i++)
		syscall(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY);
	for (int i = 0; i < 53; i++)
		close(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
}

static void compat(void)
{
#ifdef __x86_64__
	for (int i = 0; i < 307 + 401; i++) {
		long result, number = i < 307 ? 20 : 64;

		asm volatile("int $0x80"
			     : "=a"(result)
			     : "a"(number)
			     : "memory", "cc", "r8", "r9", "r10", "r11");
	}
#endif
}

static void odd(void)
{
	static const long numbers[] = { -1, 512, 547, 0x40000000 | 39 };

	for (int i = 0; i < 4; i++)
		repeat(19, numbers[i]);
}

static void flood(void)
{
	for (long number = 1000; number < 1000 + 10007; number++)
		syscall(number);
	repeat(499, SYS_getuid);
}

static void children(void)
{
	static const int times[] = { 101, 103, 107 };

	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			repeat(times[i], SYS_getppid);
			syscall(SYS_exit_group, 0);
		}
		wait(NULL);
	}
}

static void *call_once(void *unused)
{
	syscall(SYS_getppid);
	return unused;
}

/* Threads end with exit(2) by themselves. */
static void run_threads(int count, int at_once)
{
	pthread_t threads[64];

	for (int done = 0; done < count;) {
		int batch = count - done < at_once ? count - done : at_once;

		for (int i = 0; i < batch; i++)
			if (pthread_create(&threads[i], NULL, call_once, NULL))
				abort();
		for (int i = 0; i < batch; i++)
			pthread_join(threads[i], NULL);
		done += batch;
	}
}

static void group(void)
{
	for (int i = 0; i < 5; i++) {
		if (fork() == 0) {
			run_threads(7, 7);
			syscall(SYS_exit_group, 0);
		}
		wait(NULL);
	}
}

static void *call_many(void *times)
{
	repeat(*(int *)times, SYS_getppid);
	return NULL;
}

static void many(int total)
{
	int times[] = { total / 2, total - total / 2 };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, call_many, &times[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void sleep_often(void)
{
	for (int i = 0; i < 11; i++)
		syscall(SYS_nanosleep, &(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

static void *block_forever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void block(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, block_forever, NULL);
	usleep(100000);
}

static void execute(void)
{
	if (fork() == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	wait(NULL);
}

static void *call_when_told(void *unused)
{
	printf("%ld\n", syscall(SYS_gettid));
	fflush(stdout);
	wait_for_line();
	repeat(601, SYS_getppid);
	return unused;
}

static void call_from_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, call_when_told, NULL);
	pthread_join(thread, NULL);
	repeat(31, SYS_getppid);
}

static void run(const char *kind)
{
	if (!strcmp(kind, "wait"))
		wait_for_line();
	else if (!strcmp(kind, "count"))
		repeat(1013, SYS_getppid), repeat(499, SYS_getuid);
	else if (!strcmp(kind, "errors"))
		errors();
	else if (!strcmp(kind, "compat"))
		compat();
	else if (!strcmp(kind, "unknown"))
		repeat(17, 9999);
	else if (!strcmp(kind, "odd"))
		odd();
	else if (!strcmp(kind, "flood"))
		flood();
	else if (!strcmp(kind, "processes"))
		children();
	else if (!strcmp(kind, "group"))
		group();
	else if (!strncmp(kind, "threads=", 8))
		run_threads(atoi(kind + 8), 64);
	else if (!strncmp(kind, "many=", 5))
		many(atoi(kind + 5));
	else if (!strcmp(kind, "sleep"))
		sleep_often();
	else if (!strcmp(kind, "block"))
		block();
	else if (!strcmp(kind, "shell"))
		execute();
	else if (!strcmp(kind, "tid"))
		call_from_thread();
	else
		exit(64);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	return 0;
}
