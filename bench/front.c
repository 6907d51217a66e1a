// SPDX-License-Identifier: MIT
/*
 * front OBJECT PROGRAM...: the least that a C front end does with a tool's own object: opens it, loads
 * and attaches the named programs, prints a header, and waits for SIGINT.
 */
#include "common.h"
#include <errno.h>
#include <signal.h>

static volatile sig_atomic_t ending;

static void on_signal(int signal)
{
	ending = 1;
}

static int handle(void *ctx, void *data, size_t size)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring = NULL;
	struct bpf_link *links[argc];
	int i, count = 0;

	libbpf_set_print(NULL);
	object = bpf_object__open(argv[1]);
	if (!object)
		err(1, "%s", argv[1]);
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	for (i = 2; i < argc; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(object, argv[i]), true);
	if (bpf_object__find_map_by_name(object, "events")) {
		/* libbpf refuses the type that the declaration has for the skeleton's generator */
		bpf_map__set_value_size(bpf_object__find_map_by_name(object, "events"), 0);
	}
	load_bench(object);
	for (i = 2; i < argc; i++)
		links[count++] =
			bpf_program__attach(bpf_object__find_program_by_name(object, argv[i]));
	if (bpf_object__find_map_by_name(object, "events"))
		ring = ring_buffer__new(map_fd(object, "events"), handle, NULL, NULL);
	signal(SIGINT, on_signal);
	printf("%-16s %-6s %-6s %3s %s\n", "PCOMM", "PID", "PPID", "RET", "ARGS");
	fflush(stdout);
	while (!ending) {
		if (!ring)
			pause();
		else if (ring_buffer__poll(ring, 100) < 0 && errno != EINTR)
			err(1, "poll");
	}
	ring_buffer__free(ring);
	while (count)
		bpf_link__destroy(links[--count]);
	bpf_object__close(object);
	return 0;
}
