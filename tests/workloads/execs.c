// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * execs KIND...: executes in the ways that tools have missed. Each KIND runs in a child of its own.
 *
 *   thread      execve from a thread that is not the leader
 *   execveat    execveat with a folder and a relative path
 *   fexecve     fexecve of an open file
 *   cold        execve whose path and arguments lie in pages not yet in memory
 *   long        an argument of 5000 bytes
 *   many        40 arguments
 *   huge        2000 arguments of 10 bytes
 *   bytes       an argument of every byte value from 1 to 255
 *   evil        a newline and an escape sequence in an argument
 *   empty       empty arguments
 *   noargs      argv[0] alone
 *   fail        execve of a file that is not there
 *   failat      execveat of a file that is not there
 *   failmany    a failing execve with 40 arguments
 *   badpath     execve of a path that cannot be read
 *   badargv     a failing execve whose arguments cannot be read
 *   nullargv    a failing execve without arguments
 *   file=PATH   execve of that file, with the arguments argv0, one, two
 *   exec32      int $0x80 as 32-bit programs do: execve of a file that is not there
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const no_env[] = { NULL };

static void *exec_from_thread(void *unused)
{
	execve("/bin/true", (char *[]){ "true", "from-thread", NULL }, no_env);
	return unused;
}

/* A page of a file, mapped and never touched: reading it without a page fault fails. */
static char *cold_text(const char *text)
{
	char name[] = "/tmp/cold.XXXXXX";
	int fd = mkstemp(name);
	char *page;

	unlink(name);
	if (ftruncate(fd, 4096) || write(fd, text, strlen(text)) < 0)
		exit(2);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return page;
}

static char *repeat(char byte, int count)
{
	char *text = calloc(1, count + 1);

	return memset(text, byte, count);
}

static void numbered(const char *path, int count)
{
	char **args = calloc(count + 1, sizeof(*args));

	for (int i = 0; i < count; i++)
		if (asprintf(&args[i], "argument%02d", i) < 0)
			exit(2);
	execve(path, args, no_env);
}

static void run(const char *kind)
{
	pthread_t thread;

	if (!strcmp(kind, "thread")) {
		pthread_create(&thread, NULL, exec_from_thread, NULL);
		pause();
	} else if (!strcmp(kind, "execveat")) {
		syscall(SYS_execveat, open("/bin", O_PATH), "true",
			(char *[]){ "true", "at", NULL }, no_env, 0);
	} else if (!strcmp(kind, "fexecve")) {
		fexecve(open("/bin/true", O_RDONLY | O_CLOEXEC), (char *[]){ "true", "fd", NULL },
			no_env);
	} else if (!strcmp(kind, "cold")) {
		execve(cold_text("/bin/true"),
		       (char *[]){ cold_text("true"), cold_text("cold"), NULL }, no_env);
	} else if (!strcmp(kind, "long")) {
		execve("/bin/true", (char *[]){ "true", repeat('x', 5000), NULL }, no_env);
	} else if (!strcmp(kind, "many")) {
		numbered("/bin/true", 40);
	} else if (!strcmp(kind, "huge")) {
		numbered("/bin/true", 2000);
	} else if (!strcmp(kind, "bytes")) {
		char bytes[256];

		for (int i = 0; i < 255; i++)
			bytes[i] = i + 1;
		bytes[255] = 0;
		execve("/bin/true", (char *[]){ "true", bytes, NULL }, no_env);
	} else if (!strcmp(kind, "evil")) {
		execve("/bin/true", (char *[]){ "true", "two\nlines\x1b[31mred", NULL }, no_env);
	} else if (!strcmp(kind, "empty")) {
		execve("/bin/true", (char *[]){ "true", "", "", NULL }, no_env);
	} else if (!strcmp(kind, "noargs")) {
		execve("/bin/true", (char *[]){ "renamed", NULL }, no_env);
	} else if (!strcmp(kind, "fail")) {
		execve("/nonexistent/file", (char *[]){ "file", "a b", NULL }, no_env);
	} else if (!strcmp(kind, "failat")) {
		syscall(SYS_execveat, AT_FDCWD, "/nonexistent/at", (char *[]){ "at", "c", NULL },
			no_env, 0);
	} else if (!strcmp(kind, "failmany")) {
		numbered("/nonexistent/many", 40);
	} else if (!strcmp(kind, "badpath")) {
		syscall(SYS_execve, 8L, (char *[]){ "true", NULL }, no_env);
	} else if (!strcmp(kind, "badargv")) {
		syscall(SYS_execve, "/nonexistent/badargv", 8L, no_env);
	} else if (!strcmp(kind, "nullargv")) {
		syscall(SYS_execve, "/nonexistent/nullargv", NULL, NULL);
	} else if (!strncmp(kind, "file=", 5)) {
		execve(kind + 5, (char *[]){ "argv0", "one", "two", NULL }, no_env);
#ifdef __x86_64__
	} else if (!strcmp(kind, "exec32")) {
		/* 32-bit pointers: what they point to must lie below 4 GiB */
		char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		unsigned int *argv = (unsigned int *)(low + 1024);
		long result;

		strcpy(low, "/nonexistent/32");
		strcpy(low + 256, "compat");
		argv[0] = (unsigned long)(low + 256);
		argv[1] = 0;
		asm volatile("int $0x80"
			     : "=a"(result)
			     : "a"(11), "b"(low), "c"(argv), "d"(0)
			     : "memory");
#endif
	} else {
		fprintf(stderr, "execs: unknown kind %s\n", kind);
		exit(64);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		pid_t child = fork();

		if (child == 0)
			run(argv[i]);
		waitpid(child, NULL, 0);
	}
	return 0;
}
