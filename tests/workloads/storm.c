// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * storm KIND...: makes very many events, and prints how many it made.
 *
 *   execs N WORKERS      N processes that execute /bin/true, of WORKERS side by side
 *   reuse N              N shells, one after the other, under one pid as far
 *                        as the kernel gives it again; each ends with the code that is its number % 251
 *   cgroups N FOLDER     N cgroups in FOLDER, with one process that executes /bin/true in each
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static void execute(void)
{
	char *argv[] = { "/bin/true", NULL };
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ))
		fail("posix_spawn");
	waitpid(pid, NULL, 0);
}

static int execs(int count, int workers)
{
	for (int worker = 0; worker < workers; worker++) {
		if (fork() == 0) {
			for (int i = worker; i < count; i += workers)
				execute();
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return count;
}

/* The kernel gives the number behind ns_last_pid next, if it is free. */
static int reuse(int count)
{
	char last[16] = "", code[16];
	int reused = 0;
	pid_t first = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid;

		if (first)
			write_to("/proc/sys/kernel/ns_last_pid", last);
		pid = fork();
		if (pid == 0) {
			snprintf(code, sizeof(code), "exit %d", i % 251);
			execl("/bin/sh", "sh", "-c", code, NULL);
			_exit(255);
		}
		waitpid(pid, NULL, 0);
		if (!first)
			snprintf(last, sizeof(last), "%d", pid - 1);
		else if (pid == first)
			reused++;
		if (!first)
			first = pid;
	}
	printf("%d\n", reused);
	return count;
}

static int cgroups(int count, const char *folder)
{
	for (int i = 0; i < count; i++) {
		char path[512], procs[528];
		pid_t pid;

		snprintf(path, sizeof(path), "%s/%d", folder, i);
		snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
		if (mkdir(path, 0755))
			fail(path);
		pid = fork();
		if (pid == 0) {
			write_to(procs, "0");
			execl("/bin/true", "true", NULL);
			_exit(255);
		}
		waitpid(pid, NULL, 0);
	}
	return count;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0;

	if (argc == 4 && !strcmp(argv[1], "execs"))
		printf("%d\n", execs(count, atoi(argv[3])));
	else if (argc == 3 && !strcmp(argv[1], "reuse"))
		printf("%d\n", reuse(count));
	else if (argc == 4 && !strcmp(argv[1], "cgroups"))
		printf("%d\n", cgroups(count, argv[3]));
	else
		return 64;
	return 0;
}
