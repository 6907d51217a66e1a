// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * checks KIND COUNT...: has the kernel check capabilities, by calls that ask for one each. Prints how many of
 * each KIND succeeded, and the user namespace that they were made in:
 *
 *	KIND SUCCEEDED NAMESPACE
 *
 *   root        chroot(2), as this user: CAP_SYS_CHROOT
 *   nobody      the same as user 65534, who may not
 *   userns      the same as root of a user namespace of its own; nothing where there can be none
 *   threads     the same in a thread of its own each
 *   setuid      setuid(0) as user 65534, who may not: CAP_SETUID, asked to set an id
 *   access      access(2) of a file of root, by a process whose real user alone is root: the kernel checks
 *               CAP_DAC_READ_SEARCH of credentials that it makes for this call
 *   maps        mmap(2) of memory, for which CAP_SYS_ADMIN is checked without an audit
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *check(void *unused)
{
	return (void *)(long)(chroot("/") == 0);
}

static int calls(const char *kind, int count)
{
	int file = memfd_create("closed", 0), succeeded = 0;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fchmod(file, 0);
	if (!strcmp(kind, "access"))
		syscall(SYS_setresuid, 0, 65534, 0);

	for (int i = 0; i < count; i++) {
		if (!strcmp(kind, "threads")) {
			pthread_t thread;
			void *done;

			pthread_create(&thread, NULL, check, NULL);
			pthread_join(thread, &done);
			succeeded += done != NULL;
		} else if (!strcmp(kind, "setuid")) {
			succeeded += syscall(SYS_setuid, 0) == 0;
		} else if (!strcmp(kind, "access")) {
			succeeded += syscall(SYS_faccessat, AT_FDCWD, path, R_OK) == 0;
		} else if (!strcmp(kind, "maps")) {
			void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			succeeded += at != MAP_FAILED;
			munmap(at, 1 << 20);
		} else {
			succeeded += chroot("/") == 0;
		}
	}
	return succeeded;
}

static void run(const char *kind, int count)
{
	struct stat namespace;
	int succeeded;

	if (!strcmp(kind, "nobody") || !strcmp(kind, "setuid"))
		syscall(SYS_setresuid, 65534, 65534, 65534);
	if (!strcmp(kind, "userns") && unshare(CLONE_NEWUSER))
		count = 0;
	stat("/proc/self/ns/user", &namespace);
	succeeded = calls(kind, count);
	printf("%s %d %lu\n", kind, succeeded, (unsigned long)namespace.st_ino);
}

int main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child == 0) {
			run(argv[i], atoi(argv[i + 1]));
			return 0;
		}
		waitpid(child, NULL, 0);
	}
	return 0;
}
