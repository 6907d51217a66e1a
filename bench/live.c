// SPDX-License-Identifier: MIT
/*
 * live OBJECT lines|latency: reads what produce.c makes, as it comes, until SIGINT. With "lines" each
 * event is printed to stdout; with "latency" the time from event to handler is noted. Says "ready" on
 * stderr, and at the end what it has seen.
 */
#include "common.h"
#include "exec_event.h"
#include <errno.h>
#include <signal.h>

#define MOST (1 << 20)

static volatile sig_atomic_t ending;
static double delays[MOST];
static __u64 seen;

static void on_signal(int signal)
{
	ending = 1;
}

static int print_line(void *ctx, void *data, size_t size)
{
	print_exec_event(data);
	seen++;
	return 0;
}

static int note_delay(void *ctx, void *data, size_t size)
{
	delays[seen++ % MOST] = now_ns(CLOCK_MONOTONIC) - *(__u64 *)data;
	return 0;
}

int main(int argc, char **argv)
{
	static struct settings settings = { .size = EVENT_SIZE };
	struct bpf_object *object = open_bench(argv[1], "produce");
	bool latency = !strcmp(argv[2], "latency");
	struct ring_buffer *ring;

	load_bench(object);
	fill_exec_event(settings.record);
	settings.stamped = latency;
	write_settings(object, &settings);
	bpf_program__attach(bpf_object__find_program_by_name(object, "produce"));
	ring = ring_buffer__new(map_fd(object, "events"), latency ? note_delay : print_line, NULL,
				NULL);
	signal(SIGINT, on_signal);
	fprintf(stderr, "ready\n");
	while (!ending) {
		if (ring_buffer__poll(ring, 100) < 0 && errno != EINTR)
			err(1, "poll");
	}
	ring_buffer__consume(ring);
	read_settings(object, &settings);
	fprintf(stderr, "{\"seen\": %llu, \"lost\": %llu", seen, settings.lost);
	if (latency && seen) {
		int count = seen < MOST ? seen : MOST;

		qsort(delays, count, sizeof(*delays), by_value);
		fprintf(stderr, ", \"p50\": %f, \"p99\": %f", delays[count / 2],
			delays[(int)(count * 0.99)]);
	}
	fprintf(stderr, "}\n");
	return 0;
}
