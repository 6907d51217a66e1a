/* SPDX-License-Identifier: MIT */
/* An exec event as execsnoop of libbpf-tools has it, and a line of its table. */
#ifndef DENOBPF_BENCH_EXEC_EVENT_H
#define DENOBPF_BENCH_EXEC_EVENT_H

#include <stdio.h>
#include <string.h>

struct exec_event {
	unsigned long long time;
	int pid;
	int ppid;
	unsigned int uid;
	int retval;
	int args_count;
	unsigned int args_size;
	char comm[16];
	char args[];
};

#define EVENT_SIZE 300

/* The same command as in ours/exec_event.ts. */
static inline void fill_exec_event(void *record)
{
	static const char *args[] = {
		"/usr/bin/tar",	 "--create", "--gzip", "--file", "/var/backups/etc.tar.gz",
		"--directory=/", "etc"
	};
	struct exec_event *event = record;
	unsigned int i;

	memset(record, 0, EVENT_SIZE);
	event->pid = 112233;
	event->ppid = 4455;
	event->uid = 1000;
	event->args_count = sizeof(args) / sizeof(*args);
	strcpy(event->comm, "tar");
	for (i = 0; i < sizeof(args) / sizeof(*args); i++) {
		strcpy(event->args + event->args_size, args[i]);
		event->args_size += strlen(args[i]) + 1;
	}
}

/* print_args() and handle_event() of libbpf-tools, execsnoop.c: character by character. */
static inline void print_exec_event(const struct exec_event *event)
{
	unsigned int i;

	printf("%-16s %-6d %-6d %3d ", event->comm, event->pid, event->ppid, event->retval);
	for (i = 0; i + 1 < event->args_size; i++)
		putchar(event->args[i] ? event->args[i] : ' ');
	putchar('\n');
}

#endif /* DENOBPF_BENCH_EXEC_EVENT_H */
