// SPDX-License-Identifier: MIT
/*
 * map_read OBJECT ENTRIES PASSES: reads a hash map of this many entries with bpf_map_lookup_batch and sums
 * its values. Prints nanoseconds an entry, the median of the passes.
 */
#include "common.h"
#include <errno.h>

#define BATCH 4096

static __u64 read_all(int fd)
{
	static __u32 keys[BATCH];
	static __u64 values[BATCH];
	__u32 position, next, count, i;
	__u64 sum = 0;
	void *from = NULL;
	int result;

	do {
		count = BATCH;
		result = bpf_map_lookup_batch(fd, from, &next, keys, values, &count, NULL);
		if (result && errno != ENOENT)
			err(1, "lookup_batch");
		for (i = 0; i < count; i++)
			sum += keys[i] + values[i];
		position = next;
		from = &position;
	} while (!result);
	return sum;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = open_bench(argv[1], "fill_map");
	__u32 i, entries = atoi(argv[2]);
	int pass, passes = atoi(argv[3]);
	double times[passes];
	__u64 sum = 0;

	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "entries"), entries);
	load_bench(object);
	for (i = 0; i < entries; i += 512) {
		__u32 left = entries - i, range[2] = { i, left < 512 ? left : 512 };

		if (run_program(object, "fill_map", range, sizeof(range)))
			errx(1, "the map is full");
	}
	for (pass = 0; pass < passes; pass++) {
		__u64 before = now_ns(CLOCK_MONOTONIC);

		sum = read_all(map_fd(object, "entries"));
		times[pass] = (double)(now_ns(CLOCK_MONOTONIC) - before) / entries;
	}
	printf("{\"ns\": %f, \"sum\": %llu}\n", median(times, passes), sum);
	return 0;
}
