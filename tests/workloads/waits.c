// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * waits KIND...: ends processes and prints what wait4(2) says of each, one line a KIND:
 *
 *	KIND PID STATUS CPU_NS MAX_RSS_KIB MINOR MAJOR VOLUNTARY INVOLUNTARY
 *
 *   fail        exit code 3
 *   abort       SIGABRT by abort()
 *   killed      SIGKILL from this process
 *   handled     handles a SIGTERM of this process, then ends by a SIGTERM of its own
 *   alarm       SIGALRM from the kernel, after a second
 *   leader      main() calls pthread_exit, another thread calls exit(7) 50 ms later
 *   spin        takes 100 ms of CPU time, half of it in another thread, which has ended by then
 *   touch       writes to 32 MiB of memory
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOUCHED (32 << 20)

static int ready[2]; /* a byte when a child can be sent its signal */
static volatile sig_atomic_t handled;

static void handle(int signal)
{
	handled = signal;
}

/* Whether the first thread has ended: it stays a zombie as long as there are others. */
static int first_has_ended(void)
{
	FILE *stat = fopen("/proc/self/stat", "r");
	char state = 0;

	fscanf(stat, "%*d (%*[^)]) %c", &state);
	fclose(stat);
	return state == 'Z';
}

static void *exit_later(void *unused)
{
	while (!first_has_ended())
		usleep(1000);
	usleep(50000);
	exit(7);
	return unused;
}

static void *spin(void *unused)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec == 0 && now.tv_nsec < 50000000);
	return unused;
}

static void run(const char *kind)
{
	pthread_t thread;

	if (!strcmp(kind, "fail")) {
		_exit(3);
	} else if (!strcmp(kind, "abort")) {
		abort();
	} else if (!strcmp(kind, "killed")) {
		write(ready[1], "", 1);
		for (;;)
			pause();
	} else if (!strcmp(kind, "handled")) {
		signal(SIGTERM, handle);
		write(ready[1], "", 1);
		while (!handled)
			usleep(1000);
		signal(SIGTERM, SIG_DFL);
		raise(SIGTERM);
	} else if (!strcmp(kind, "leader")) {
		pthread_create(&thread, NULL, exit_later, NULL);
		pthread_exit(NULL);
	} else if (!strcmp(kind, "spin")) {
		pthread_create(&thread, NULL, spin, NULL);
		pthread_join(thread, NULL);
		spin(NULL);
		_exit(0);
	} else if (!strcmp(kind, "alarm")) {
		alarm(1);
		for (;;)
			pause();
	} else if (!strcmp(kind, "touch")) {
		void *memory = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(memory, 1, TOUCHED);
		munmap(memory, TOUCHED);
		_exit(0);
	}
	fprintf(stderr, "waits: unknown kind %s\n", kind);
	exit(64);
}

static long long nanoseconds(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000;
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (pipe(ready))
		return 1;
	for (int i = 1; i < argc; i++) {
		pid_t child = fork();
		struct rusage used;
		int status;
		char byte;

		if (child == 0)
			run(argv[i]);
		if (!strcmp(argv[i], "killed") || !strcmp(argv[i], "handled")) {
			read(ready[0], &byte, 1);
			kill(child, argv[i][0] == 'k' ? SIGKILL : SIGTERM);
		}
		wait4(child, &status, 0, &used);
		printf("%s %d %d %lld %ld %ld %ld %ld %ld\n", argv[i], child, status,
		       nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime), used.ru_maxrss,
		       used.ru_minflt, used.ru_majflt, used.ru_nvcsw, used.ru_nivcsw);
		fflush(stdout); /* a child would write it again */
	}
	return 0;
}
