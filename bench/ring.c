// SPDX-License-Identifier: MIT
/*
 * ring OBJECT SIZE PASSES WHAT: reads a full ring of SIZE-byte records with libbpf's callback. "words"
 * sums the 32-bit words of every record, "first" takes one of them. Prints nanoseconds a record, the
 * median of the passes.
 */
#include "common.h"

static __u32 sum;
static __u64 seen;

static int sum_words(void *ctx, void *data, size_t size)
{
	const __u32 *words = data;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		sum += words[i];
	seen++;
	return 0;
}

static int take_first(void *ctx, void *data, size_t size)
{
	sum += ((const __u32 *)data)[2];
	seen++;
	return 0;
}

int main(int argc, char **argv)
{
	static struct settings settings;
	struct bpf_object *object = open_bench(argv[1], "fill_ring");
	bool words = !strcmp(argv[4], "words");
	int pass, passes = atoi(argv[3]);
	double times[passes];
	struct ring_buffer *ring;

	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "events"), 16 << 20);
	load_bench(object);
	settings.size = atoi(argv[2]);
	write_settings(object, &settings);
	ring = ring_buffer__new(map_fd(object, "events"), words ? sum_words : take_first, NULL,
				NULL);
	for (pass = 0; pass < passes; pass++) {
		__u64 before;

		fill_ring(object);
		seen = 0;
		before = now_ns(CLOCK_MONOTONIC);
		ring_buffer__consume(ring);
		times[pass] = (double)(now_ns(CLOCK_MONOTONIC) - before) / seen;
	}
	printf("{\"ns\": %f, \"sum\": %u}\n", median(times, passes), sum);
	return 0;
}
