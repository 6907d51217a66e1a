// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Threads that wait for futexes: futexes KIND
 *
 *	timeout		23 pthread_cond_timedwait() that time out
 *	woken		29 FUTEX_WAIT that the first thread ends by FUTEX_WAKE
 *	pi		31 locks with priority inheritance that the first thread holds meanwhile
 *	mutex		11 locks of pthread_mutex_lock(), likewise
 *	changed		7 FUTEX_WAIT for a word that has another value
 *	signal		5 FUTEX_WAIT that a signal ends
 *	waitv		3 of futex_waitv() for two words, that time out
 *	later		3 of futex_wait() of Linux 6.7, that time out
 *	compat		3 FUTEX_WAIT with int $0x80, as 32-bit programs do, for a word that has another value
 *	waiting		one FUTEX_WAIT that goes on until standard input ends
 *	killed		7 children that are killed in FUTEX_WAIT
 *
 * Prints `PID TID ADDRESS`: of the thread that waits, and what it waits for. Prints no address if the kernel has
 * no such call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "kind.h"

#define NR_FUTEX_WAIT 455
#define NR_FUTEX_WAITV 449
#define NR_FUTEX_32 240 /* arch/x86/entry/syscalls/syscall_32.tbl */

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, zero;
};

static uint32_t word;
static pthread_mutex_t mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile int waiter_tid;
static volatile int held; /* how often the first thread has taken the lock */
static volatile int done; /* how often the other one has */

static long futex(uint32_t *uaddr, int op, uint32_t val)
{
	return syscall(SYS_futex, uaddr, op | FUTEX_PRIVATE_FLAG, val, NULL, NULL, 0);
}

static void wait_woken(void)
{
	for (int i = 0; i < 29; i++)
		check(futex(&word, FUTEX_WAIT, 0) == 0, "FUTEX_WAIT");
}

static void wait_for_lock(int count)
{
	for (int i = 0; i < count; i++) {
		while (held <= i)
			sched_yield();
		check(pthread_mutex_lock(&mutex) == 0, "pthread_mutex_lock");
		check(pthread_mutex_unlock(&mutex) == 0, "pthread_mutex_unlock");
		done++;
	}
}

static int locks(void)
{
	return is("pi") ? 31 : 11;
}

static void *other_thread(void *arg)
{
	waiter_tid = syscall(SYS_gettid);
	if (is("woken"))
		wait_woken();
	else
		wait_for_lock(locks());
	return NULL;
}

/* The word of the lock says that somebody waits for it. */
static int is_contended(void)
{
	uint32_t now = __atomic_load_n((uint32_t *)&mutex, __ATOMIC_SEQ_CST);

	return is("pi") ? now & FUTEX_WAITERS : now == 2;
}

static void hold_locks(void)
{
	for (int i = 0; i < locks(); i++) {
		check(pthread_mutex_lock(&mutex) == 0, "pthread_mutex_lock");
		held++;
		while (!is_contended())
			sched_yield();
		check(pthread_mutex_unlock(&mutex) == 0, "pthread_mutex_unlock");
		while (done <= i)
			sched_yield();
	}
}

static void two_threads(void)
{
	pthread_mutexattr_t attributes;
	pthread_t thread;

	pthread_mutexattr_init(&attributes);
	if (is("pi"))
		pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &attributes);
	check(pthread_create(&thread, NULL, other_thread, NULL) == 0, "pthread_create");
	if (is("woken")) {
		for (int i = 0; i < 29;) {
			i += futex(&word, FUTEX_WAKE, 1);
			sched_yield();
		}
	} else {
		hold_locks();
	}
	pthread_join(thread, NULL);
}

static void timeouts(void)
{
	struct timespec past = { .tv_sec = 1 };

	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 23; i++)
		check(pthread_cond_timedwait(&condition, &mutex, &past) == ETIMEDOUT,
		      "pthread_cond_timedwait");
	pthread_mutex_unlock(&mutex);
}

static void on_alarm(int signal)
{
}

static void signals(void)
{
	struct itimerval often = { .it_interval.tv_usec = 2000, .it_value.tv_usec = 2000 };
	struct sigaction action = { .sa_handler = on_alarm };

	check(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
	check(setitimer(ITIMER_REAL, &often, NULL) == 0, "setitimer");
	for (int i = 0; i < 5; i++)
		check(futex(&word, FUTEX_WAIT, 0) < 0 && errno == EINTR, "FUTEX_WAIT");
}

/* Returns whether the kernel has the call. */
static int later_calls(void)
{
	struct waitv both[2] = { { .uaddr = (uint64_t)&word, .flags = 2 | FUTEX_PRIVATE_FLAG },
				 { .uaddr = (uint64_t)&held, .flags = 2 | FUTEX_PRIVATE_FLAG } };
	struct timespec past = { .tv_sec = 0, .tv_nsec = 1 };
	long ret;

	for (int i = 0; i < 3; i++) {
		ret = is("waitv") ? syscall(NR_FUTEX_WAITV, both, 2, 0, &past, CLOCK_MONOTONIC)
				  : syscall(NR_FUTEX_WAIT, &word, 0L, 0xffffffffL,
					    2 | FUTEX_PRIVATE_FLAG, &past, CLOCK_MONOTONIC);
		if (ret < 0 && errno == ENOSYS)
			return 0;
		check(ret < 0 && errno == ETIMEDOUT, kind);
	}
	return 1;
}

static uint32_t *compat(void)
{
	uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#ifdef __x86_64__
	check(low != MAP_FAILED, "mmap");
	for (int i = 0; i < 3; i++) {
		long ret = NR_FUTEX_32;

		asm volatile("int $0x80"
			     : "+a"(ret)
			     : "b"(low), "c"(FUTEX_WAIT | FUTEX_PRIVATE_FLAG), "d"(1), "S"(0),
			       "D"(0)
			     : "memory", "cc", "r8", "r9", "r10", "r11");
		check((int)ret == -EAGAIN, "futex");
	}
#endif
	return low;
}

static void killed(void)
{
	for (int i = 0; i < 7; i++) {
		pid_t child = fork();
		char path[64], text[32] = "";
		FILE *file;

		if (!child) {
			futex(&word, FUTEX_WAIT, 0);
			_exit(1);
		}
		snprintf(path, sizeof(path), "/proc/%d/syscall", child);
		while (atoi(text) != SYS_futex || !text[0]) {
			file = fopen(path, "r");
			check(file && fgets(text, sizeof(text), file), path);
			fclose(file);
			sched_yield();
		}
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	void *address = &word;
	int known = 1;

	check(argc == 2, "usage: futexes KIND");
	kind = argv[1];
	waiter_tid = getpid();
	if (is("woken") || is("pi") || is("mutex"))
		two_threads();
	else if (is("timeout"))
		timeouts();
	else if (is("signal"))
		signals();
	else if (is("waitv") || is("later"))
		known = later_calls();
	else if (is("compat"))
		address = compat();
	else if (is("killed"))
		killed();
	for (int i = 0; i < 7 && is("changed"); i++)
		check(futex(&word, FUTEX_WAIT, 1) < 0 && errno == EAGAIN, "FUTEX_WAIT");
	if (is("pi") || is("mutex"))
		address = &mutex;
	printf("%d %d", getpid(), waiter_tid);
	if (known && !is("timeout"))
		printf(" %p", address);
	printf("\n");
	fflush(stdout);
	if (is("waiting")) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		futex(&word, FUTEX_WAIT, 0);
	}
	return 0;
}
