// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * signals [KIND...]: sends signals a known, prime number of times, one KIND after the other, to a process
 * named "receiver" that handles them in on_signal(), unless told otherwise. Prints the receiver's pid. The
 * signals are SIGRTMIN+5 of the kernel, of which several can be pending.
 *
 *   kill     31 kill
 *   tkill    13 tkill
 *   tgkill   11 tgkill
 *   pidfd    7 pidfd_send_signal
 *   procfd   3 pidfd_send_signal by a folder of /proc
 *   queue    5 rt_sigqueueinfo
 *   thread   17 rt_tgsigqueueinfo
 *   compat   19 kill with int $0x80, as 32-bit programs do
 *   nobody   3 kill as user 65534, who may not
 *   dead     2 kill of a process that there is not
 *   zero     1 kill of signal 0
 *   closed   2 pidfd_send_signal by a descriptor that is closed
 *   group    1 kill of the receiver's process group, which it is alone in
 *   inside   5 kill of process 2 of a new pid namespace by process 1
 *   timer    5 SIGALRM of a timer, to the process itself
 *   fault    1 SIGSEGV, to a child named "victim" that is ended by it
 *   ignored  7 SIGWINCH, which the receiver does not handle
 *   blocked  23 SIGUSR1, which the receiver blocks
 *   fatal    3 SIGTERM, each to a child that is ended by it
 *   hold     waits for the end of the standard input
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#define SIGNAL (32 + 5)
#define NOBODY (1 << 22) /* PID_MAX_LIMIT of include/linux/threads.h: no process has this pid */

static volatile sig_atomic_t handled;
static pid_t receiver;

/* Never returns -1, which kill() takes for everybody. */
static pid_t start(void)
{
	pid_t child = fork();

	check(child >= 0, "fork");
	return child;
}

static void await(pid_t child)
{
	check(waitpid(child, NULL, 0) == child, "waitpid");
}

void on_signal(int signal)
{
	handled++;
}

static void handle(int signal)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	check(sigaction(signal, &action, NULL) == 0, "sigaction");
}

/* Handles signals until nobody has the other end of the pipe any more. */
static void receive(int ready, int end)
{
	sigset_t blocked;
	char byte = 0;

	prctl(PR_SET_NAME, "receiver");
	setpgid(0, 0);
	handle(SIGNAL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	check(write(ready, &byte, 1) == 1, "write");
	check(read(end, &byte, 1) == 0, "read");
	_exit(0);
}

/* Returns what lets it end when it is closed. */
static int start_receiver(void)
{
	int ready[2], end[2];
	char byte;

	check(pipe(ready) == 0 && pipe(end) == 0, "pipe");
	receiver = start();
	if (receiver == 0) {
		close(end[1]);
		receive(ready[1], end[0]);
	}
	close(end[0]);
	check(read(ready[0], &byte, 1) == 1, "read");
	return end[1];
}

static void times(int count, int pid, int signal)
{
	for (int i = 0; i < count; i++)
		kill(pid, signal);
}

static void by_pidfd(int count, int fd)
{
	for (int i = 0; i < count; i++)
		syscall(SYS_pidfd_send_signal, fd, SIGNAL, NULL, 0);
}

static void by_queue(int count, int thread)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	for (int i = 0; i < count; i++) {
		if (thread)
			syscall(SYS_rt_tgsigqueueinfo, receiver, receiver, SIGNAL, &info);
		else
			syscall(SYS_rt_sigqueueinfo, receiver, SIGNAL, &info);
	}
}

static void compat(void)
{
#ifdef __x86_64__
	long ret;

	for (int i = 0; i < 19; i++)
		asm volatile("int $0x80" /* arch/x86/entry/syscalls/syscall_32.tbl */
			     : "=a"(ret)
			     : "a"(37), "b"((long)receiver), "c"(SIGNAL)
			     : "memory", "r8", "r9", "r10", "r11");
#endif
}

static void as_nobody(void)
{
	pid_t child = start();

	if (child == 0) {
		syscall(SYS_setresuid, 65534, 65534, 65534);
		times(3, receiver, SIGNAL);
		_exit(0);
	}
	await(child);
}

/* A process that has made a pid namespace can start no other process once the first one is gone. */
static void inside(void)
{
	pid_t maker = start(), init;

	if (maker == 0) {
		check(unshare(CLONE_NEWPID) == 0, "unshare");
		init = start();
		if (init == 0) {
			pid_t second = start();

			if (second == 0) {
				prctl(PR_SET_NAME, "second");
				pause();
			}
			times(5, second, 0);
			_exit(0); /* and the other with it */
		}
		await(init);
		_exit(0);
	}
	await(maker);
}

static void timer(void)
{
	struct itimerval once = { .it_value = { 0, 1000 } };
	sigset_t blocked, others;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, &others);
	handle(SIGALRM);
	for (int i = 0; i < 5; i++) {
		setitimer(ITIMER_REAL, &once, NULL);
		sigsuspend(&others);
	}
}

static void ended_by(int signal)
{
	pid_t child = start();
	volatile char *closed = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (child == 0) {
		prctl(PR_SET_NAME, "victim");
		if (signal == SIGSEGV)
			*closed = 1;
		for (;;)
			pause();
	}
	if (signal != SIGSEGV)
		kill(child, signal);
	await(child);
}

static void run(void)
{
	char path[32], byte;

	if (is("kill")) {
		times(31, receiver, SIGNAL);
	} else if (is("tkill")) {
		for (int i = 0; i < 13; i++)
			syscall(SYS_tkill, receiver, SIGNAL);
	} else if (is("tgkill")) {
		for (int i = 0; i < 11; i++)
			syscall(SYS_tgkill, receiver, receiver, SIGNAL);
	} else if (is("pidfd")) {
		by_pidfd(7, syscall(SYS_pidfd_open, receiver, 0));
	} else if (is("procfd")) {
		snprintf(path, sizeof(path), "/proc/%d", receiver);
		by_pidfd(3, open(path, O_RDONLY | O_DIRECTORY));
	} else if (is("queue")) {
		by_queue(5, 0);
	} else if (is("thread")) {
		by_queue(17, 1);
	} else if (is("compat")) {
		compat();
	} else if (is("nobody")) {
		as_nobody();
	} else if (is("dead")) {
		times(2, NOBODY, SIGNAL);
	} else if (is("zero")) {
		times(1, receiver, 0);
	} else if (is("closed")) {
		by_pidfd(2, 1023);
	} else if (is("group")) {
		times(1, -receiver, SIGNAL);
	} else if (is("inside")) {
		inside();
	} else if (is("timer")) {
		timer();
	} else if (is("fault")) {
		ended_by(SIGSEGV);
	} else if (is("ignored")) {
		times(7, receiver, SIGWINCH);
	} else if (is("blocked")) {
		times(23, receiver, SIGUSR1);
	} else if (is("fatal")) {
		for (int i = 0; i < 3; i++)
			ended_by(SIGTERM);
	} else if (is("hold")) {
		while (read(0, &byte, 1) > 0)
			;
	} else {
		fprintf(stderr, "signals: unknown kind %s\n", kind);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	int end = start_receiver();

	printf("%d\n", receiver);
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		kind = argv[i];
		run();
	}
	close(end);
	await(receiver);
	return 0;
}
