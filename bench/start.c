// SPDX-License-Identifier: MIT
/*
 * start LINES COMMAND...: runs the command on a terminal of its own. Prints how long it took until it
 * had written this many lines, the time on a CPU up to then, and from SIGINT to its end, in milliseconds.
 */
#include <err.h>
#include <glob.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* Time on a CPU that all threads of a process have had so far. */
static double cpu_ms(pid_t pid)
{
	char pattern[64];
	double sum = 0;
	size_t i;
	glob_t tasks;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/schedstat", pid);
	if (glob(pattern, 0, NULL, &tasks))
		return 0;
	for (i = 0; i < tasks.gl_pathc; i++) {
		FILE *file = fopen(tasks.gl_pathv[i], "r");
		double ns;

		if (!file)
			continue;
		if (fscanf(file, "%lf", &ns) == 1)
			sum += ns / 1e6;
		fclose(file);
	}
	return sum;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int terminal, status, lines = atoi(argv[1]), seen = 0;
	double before = now_ms(), header, cpu, asked;
	char text[65536];
	ssize_t length = 0, i;
	pid_t pid = forkpty(&terminal, NULL, NULL, &size);

	if (pid < 0)
		err(1, "forkpty");
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	while (seen < lines) {
		length = read(terminal, text, sizeof(text));
		if (length <= 0)
			errx(1, "%s ended before %d lines", argv[2], lines);
		for (i = 0; i < length; i++)
			seen += text[i] == '\n';
	}
	header = now_ms();
	cpu = cpu_ms(pid);
	usleep(20000); /* it may have written its header before it has set up its signals */
	if (waitpid(pid, &status, WNOHANG))
		errx(1, "%s ended by itself: %.*s", argv[2], (int)length, text);
	asked = now_ms();
	kill(pid, SIGINT);
	while (read(terminal, text, sizeof(text)) > 0)
		;
	waitpid(pid, &status, 0);
	printf("{\"header_ms\": %f, \"cpu_ms\": %f, \"exit_ms\": %f}\n", header - before, cpu,
	       now_ms() - asked);
	return 0;
}
