/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How long things take, as a value of counts.h: their number, sum, extremes, and slots of powers of two. The user
 * half is lib/tool/task_times.ts.
 */
#ifndef DENOBPF_TIMES_H
#define DENOBPF_TIMES_H

#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "slots.h"

/* The last slot takes what is longer: more than 9 minutes even of nanoseconds. A kernel half may define more. */
#ifndef SLOTS
#define SLOTS 40
#endif

/* what a slot's powers of two count: 1000 for microseconds */
const volatile __u64 unit_ns = 1000;

struct times {
	__u64 count;
	duration_ns total_ns;
	duration_ns min_ns;
	duration_ns max_ns;
	__u32 slots[SLOTS];
};

/* too big for the stack */
static const struct times no_times;

static __always_inline __u32 *slot_of(struct times *times, __u64 ns)
{
	__u64 slot = log2_slot(ns / unit_ns);

	/* or the compiler finds out that there are no more than 64, which the verifier does not */
	barrier_var(slot);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	return &times->slots[slot];
}

static __always_inline void widen_extremes(struct times *times, __u64 ns)
{
	if (!times->count || ns < times->min_ns)
		times->min_ns = ns;
	if (ns > times->max_ns)
		times->max_ns = ns;
}

/* Adds a time, where nothing else adds to this entry meanwhile. */
static __always_inline void times_add(struct times *times, __u64 ns)
{
	widen_extremes(times, ns);
	times->count++;
	times->total_ns += ns;
	(*slot_of(times, ns))++;
}

#endif /* DENOBPF_TIMES_H */
