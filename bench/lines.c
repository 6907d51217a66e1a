// SPDX-License-Identifier: MIT
/*
 * lines OBJECT PASSES: reads a full ring of exec events and prints a line of text for each to stdout.
 * Prints on stderr the nanoseconds an event, the median of the passes.
 */
#include "common.h"
#include "exec_event.h"

static __u64 seen;

static int handle(void *ctx, void *data, size_t size)
{
	print_exec_event(data);
	seen++;
	return 0;
}

int main(int argc, char **argv)
{
	static struct settings settings = { .size = EVENT_SIZE };
	struct bpf_object *object = open_bench(argv[1], "fill_ring");
	int pass, passes = atoi(argv[2]);
	double times[passes];
	struct ring_buffer *ring;

	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "events"), 16 << 20);
	load_bench(object);
	fill_exec_event(settings.record);
	write_settings(object, &settings);
	ring = ring_buffer__new(map_fd(object, "events"), handle, NULL, NULL);
	for (pass = 0; pass < passes; pass++) {
		__u64 before;

		fill_ring(object);
		seen = 0;
		before = now_ns(CLOCK_MONOTONIC);
		ring_buffer__consume(ring);
		fflush(stdout);
		times[pass] = (double)(now_ns(CLOCK_MONOTONIC) - before) / seen;
	}
	fprintf(stderr, "{\"ns\": %f}\n", median(times, passes));
	return 0;
}
