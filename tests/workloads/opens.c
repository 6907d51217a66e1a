// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * opens [-w] KIND...: opens files a known, prime number of times, one KIND after the other, and closes them.
 * With -w it prints a line first and waits for one. It works in the folder that it is started in.
 *
 *   open     23 open of /etc/hostname
 *   openat   19 openat of "./made" that makes it (mode 0640), unlinked each time
 *   creat    7 creat of "created"
 *   openat2  11 openat2 of /etc/hostname with O_CLOEXEC
 *   handle=FOLDER  3 open_by_handle_at of that folder, of a file system that has handles
 *   dirfd    5 openat of "hostname" from a descriptor of /etc
 *   fails    13 openat of "/nonexistent/file", 2 of "absent" from a descriptor of /etc, 3 of no memory
 *   link     17 openat of "link", which it makes a link to /etc/hostname
 *   page     1 openat of a name in a page that is not in memory yet
 *   compat   29 open and 31 openat with int $0x80, as 32-bit programs do
 *   thread   prints the id of a new thread, which opens /dev/null 37 times when a line comes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME "/etc/hostname"

static void opens(void)
{
#ifdef SYS_open
	for (int i = 0; i < 23; i++)
		close(syscall(SYS_open, NAME, O_RDONLY));
#endif
}

static void creats(void)
{
#ifdef SYS_creat
	for (int i = 0; i < 7; i++)
		close(syscall(SYS_creat, "created", 0600));
#endif
}

static void openats(void)
{
	for (int i = 0; i < 19; i++) {
		close(openat(AT_FDCWD, "./made", O_CREAT | O_WRONLY | O_EXCL, 0640));
		unlink("made");
	}
}

static void openat2s(void)
{
	struct open_how how = { .flags = O_CLOEXEC };

	for (int i = 0; i < 11; i++)
		close(syscall(SYS_openat2, AT_FDCWD, NAME, &how, sizeof(how)));
}

static void handles(const char *folder)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount, fd = open(folder, O_RDONLY);

	if (name_to_handle_at(AT_FDCWD, folder, &handle.head, &mount, 0))
		abort();
	for (int i = 0; i < 3; i++)
		close(open_by_handle_at(fd, &handle.head, O_RDONLY));
}

static void dirfds(void)
{
	int etc = open("/etc", O_PATH | O_DIRECTORY);

	for (int i = 0; i < 5; i++)
		close(openat(etc, "hostname", O_RDONLY));
}

static void fails(void)
{
	int etc = open("/etc", O_PATH | O_DIRECTORY);

	for (int i = 0; i < 13; i++)
		openat(AT_FDCWD, "/nonexistent/file", O_RDWR);
	for (int i = 0; i < 2; i++)
		openat(etc, "absent", O_RDONLY);
	for (int i = 0; i < 3; i++)
		syscall(SYS_openat, AT_FDCWD, 8L, O_RDONLY);
}

static void links(void)
{
	unlink("link");
	if (symlink(NAME, "link"))
		abort();
	for (int i = 0; i < 17; i++)
		close(openat(AT_FDCWD, "link", O_RDONLY));
}

static void page(void)
{
	int file = open("page", O_CREAT | O_RDWR, 0600);
	char *name;

	if (write(file, NAME, sizeof(NAME)) != sizeof(NAME))
		abort();
	name = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	close(openat(AT_FDCWD, name, O_RDONLY));
}

static void compat(void)
{
#ifdef __x86_64__
	/* a 32-bit pointer reaches no further */
	char *name = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	strcpy(name, NAME);
	for (int i = 0; i < 29 + 31; i++) {
		long number = i < 29 ? 5 : 295, result;
		long first = i < 29 ? (long)name : AT_FDCWD, second = i < 29 ? 0 : (long)name;

		asm volatile("int $0x80"
			     : "=a"(result)
			     : "a"(number), "b"(first), "c"(second), "d"(0L)
			     : "memory", "cc", "r8", "r9", "r10", "r11");
		close(result);
	}
#endif
}

static void *open_in_thread(void *unused)
{
	printf("%d\n", gettid());
	fflush(stdout);
	getchar();
	for (int i = 0; i < 37; i++)
		close(open("/dev/null", O_WRONLY));
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, open_in_thread, NULL);
	pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "open", opens },    { "openat", openats }, { "creat", creats }, { "openat2", openat2s },
	{ "dirfd", dirfds },  { "fails", fails },    { "link", links },	  { "page", page },
	{ "compat", compat }, { "thread", threads },
};

int main(int argc, char **argv)
{
	for (int at = 1; at < argc; at++) {
		if (strcmp(argv[at], "-w") == 0) {
			puts("ready");
			fflush(stdout);
			getchar();
		}
		if (strncmp(argv[at], "handle=", 7) == 0)
			handles(argv[at] + 7);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (strcmp(argv[at], kinds[i].name) == 0)
				kinds[i].run();
	}
	return 0;
}
