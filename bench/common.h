/* SPDX-License-Identifier: MIT */
/* What the C sides of the comparisons share: opening build/bench/bench.bpf.o, filling it, clocks. */
#ifndef DENOBPF_BENCH_COMMON_H
#define DENOBPF_BENCH_COMMON_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RECORD_SIZE 8192

/* struct settings of bench.bpf.c */
struct settings {
	__u32 size;
	__u32 stamped;
	__u64 sent;
	__u64 lost;
	__u8 record[RECORD_SIZE];
};

static inline __u64 now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* With the object of bench.bpf.c opened: what is not used is taken out with autoload. */
static inline struct bpf_object *open_bench(const char *path, const char *program)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *each;

	if (!object)
		err(1, "%s", path);
	bpf_object__for_each_program(each, object)
		bpf_program__set_autoload(each, !strcmp(bpf_program__name(each), program));
	return object;
}

static inline void load_bench(struct bpf_object *object)
{
	if (bpf_object__load(object))
		err(1, "load");
}

static inline int map_fd(struct bpf_object *object, const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static inline void read_settings(struct bpf_object *object, struct settings *settings)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(map_fd(object, "settings"), &zero, settings))
		err(1, "settings");
}

static inline void write_settings(struct bpf_object *object, const struct settings *settings)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(map_fd(object, "settings"), &zero, settings, BPF_ANY))
		err(1, "settings");
}

/* Runs a program of type "syscall"; gives what it returned. */
static inline int run_program(struct bpf_object *object, const char *name, void *context,
			      __u32 size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = size);
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		err(1, "run %s", name);
	return options.retval;
}

static inline void fill_ring(struct bpf_object *object)
{
	while (!run_program(object, "fill_ring", NULL, 0))
		;
}

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

#endif /* DENOBPF_BENCH_COMMON_H */
