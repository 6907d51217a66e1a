// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * stats KIND...: waits for a byte, and asks about files a known, prime number of times, one KIND after the
 * other. It works in the folder that it is started in.
 *
 *   stat     23 stat of /etc/hostname
 *   lstat    19 lstat of "link", which need not be there
 *   fstat    7 fstat of "file", which it makes, and closes behind each
 *   dirfd    5 newfstatat of "hostname" from a descriptor of /etc
 *   empty    3 newfstatat of "" with AT_EMPTY_PATH from a descriptor of /etc/hostname
 *   cwd      2 newfstatat of "" with AT_EMPTY_PATH in the working folder
 *   statx    11 statx of "file" with AT_SYMLINK_NOFOLLOW and AT_STATX_DONT_SYNC
 *   statfs   13 statfs of /etc, 17 fstatfs of /etc
 *   ustat    2 ustat of device 259:300
 *   mounts   3 statmount and 2 listmount of mount 7777
 *   closed   1 fstat of -1, 2 newfstatat of "absent" from -1
 *   fails    29 newfstatat of /nonexistent/file, 2 of "absent" from a descriptor of /etc, 3 of no memory
 *   access   5 access and 3 faccessat of /etc/hostname, 2 faccessat2 of "absent" with AT_EACCESS, 31 readlink
 *            and 7 readlinkat of /proc/self/cwd, 3 readlinkat of "" from a descriptor of that link
 *   compat   13 stat64 and 11 statfs64 of /etc/hostname, and 7 fstatat64 of "hostname" from a descriptor of
 *            /etc, with int $0x80, as 32-bit programs do
 *   storm    20011 newfstatat of /etc/hostname
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kind.h"

#define NAME "/etc/hostname"
#define SYS_STATMOUNT 457
#define SYS_LISTMOUNT 458
#define SYS_FACCESSAT2 439

static char buffer[4096];

static int open_etc(void)
{
	return open("/etc", O_RDONLY | O_DIRECTORY);
}

#ifdef __x86_64__
static long call_compat(long number, long first, long second, long third)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(first), "c"(second), "d"(third), "S"(0L)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return result;
}

/* arch/x86/entry/syscalls/syscall_32.tbl; a 32-bit pointer reaches no further */
static void compat(void)
{
	char *low = mmap(NULL, sizeof(buffer), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *name = low + 2048, *rest = name + sizeof("/etc/") - 1;
	int etc = open_etc();

	check(low != MAP_FAILED, "mmap");
	strcpy(name, NAME);
	for (int i = 0; i < 13; i++)
		check(call_compat(195, (long)name, (long)low, 0) == 0, "stat64");
	for (int i = 0; i < 7; i++)
		check(call_compat(300, etc, (long)rest, (long)low) == 0, "fstatat64");
	/* struct statfs64 of 32-bit programs has 84 bytes */
	for (int i = 0; i < 11; i++)
		check(call_compat(268, (long)name, 84, (long)low) == 0, "statfs64");
}
#else
static void compat(void)
{
}
#endif

/* What arm64 does not have. */
static void run_old(void)
{
#ifdef SYS_stat
	if (is("stat")) {
		for (int i = 0; i < 23; i++)
			syscall(SYS_stat, NAME, buffer);
	} else if (is("lstat")) {
		for (int i = 0; i < 19; i++)
			syscall(SYS_lstat, "link", buffer);
	} else if (is("ustat")) {
		for (int i = 0; i < 2; i++)
			syscall(SYS_ustat, 0x11032c, buffer);
	} else if (is("access")) {
		for (int i = 0; i < 5; i++)
			syscall(SYS_access, NAME, R_OK);
		for (int i = 0; i < 31; i++)
			syscall(SYS_readlink, "/proc/self/cwd", buffer, sizeof(buffer));
	}
#endif
}

static void run(void)
{
	int etc = open_etc(), self = open("/proc/self/cwd", O_PATH | O_NOFOLLOW);

	run_old();
	if (is("fstat")) {
		for (int i = 0; i < 7; i++) {
			int file = open("file", O_CREAT | O_RDWR, 0600);

			syscall(SYS_fstat, file, buffer);
			close(file);
		}
	} else if (is("dirfd")) {
		for (int i = 0; i < 5; i++)
			syscall(SYS_newfstatat, etc, "hostname", buffer, 0);
	} else if (is("empty")) {
		int file = open(NAME, O_RDONLY);

		for (int i = 0; i < 3; i++)
			syscall(SYS_newfstatat, file, "", buffer, AT_EMPTY_PATH);
		close(file);
	} else if (is("cwd")) {
		for (int i = 0; i < 2; i++)
			syscall(SYS_newfstatat, AT_FDCWD, "", buffer, AT_EMPTY_PATH);
	} else if (is("statx")) {
		for (int i = 0; i < 11; i++)
			syscall(SYS_statx, AT_FDCWD, "file",
				AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
				buffer);
	} else if (is("statfs")) {
		for (int i = 0; i < 13; i++)
			syscall(SYS_statfs, "/etc", buffer);
		for (int i = 0; i < 17; i++)
			syscall(SYS_fstatfs, etc, buffer);
	} else if (is("mounts")) {
		unsigned long long request[4] = { 24, 7777 };

		for (int i = 0; i < 3; i++)
			syscall(SYS_STATMOUNT, request, buffer, sizeof(buffer), 0);
		for (int i = 0; i < 2; i++)
			syscall(SYS_LISTMOUNT, request, buffer, 16, 0);
	} else if (is("closed")) {
		syscall(SYS_fstat, -1, buffer);
		for (int i = 0; i < 2; i++)
			syscall(SYS_newfstatat, -1, "absent", buffer, 0);
	} else if (is("fails")) {
		for (int i = 0; i < 29; i++)
			syscall(SYS_newfstatat, AT_FDCWD, "/nonexistent/file", buffer, 0);
		for (int i = 0; i < 2; i++)
			syscall(SYS_newfstatat, etc, "absent", buffer, AT_SYMLINK_NOFOLLOW);
		for (int i = 0; i < 3; i++)
			syscall(SYS_newfstatat, AT_FDCWD, 8L, buffer, 0);
	} else if (is("access")) {
		for (int i = 0; i < 3; i++)
			syscall(SYS_faccessat, AT_FDCWD, NAME, R_OK);
		for (int i = 0; i < 2; i++)
			syscall(SYS_FACCESSAT2, etc, "absent", R_OK, AT_EACCESS);
		for (int i = 0; i < 7; i++)
			syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", buffer, sizeof(buffer));
		for (int i = 0; i < 3; i++)
			syscall(SYS_readlinkat, self, "", buffer, sizeof(buffer));
	} else if (is("compat")) {
		compat();
	} else if (is("storm")) {
		for (int i = 0; i < 20011; i++)
			syscall(SYS_newfstatat, AT_FDCWD, NAME, buffer, 0);
	}
	close(etc);
	close(self);
}

int main(int argc, char **argv)
{
	check(argc > 1 && read(STDIN_FILENO, buffer, 1) >= 0, "read");
	while (*++argv) {
		kind = *argv;
		run();
	}
	return 0;
}
