/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Counters that are read at intervals. All are counted into one of two sets. The user half switches sets,
 * waits until no program still uses the old one, reads it and clears it: nothing is lost between two
 * tables, and nothing counted twice.
 *
 *	struct group { __u32 set; cpu_nr cpu; pid pid; };
 *	COUNTS(counts, struct group, struct spread, 10240, 0);
 *
 *	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id(), .pid = pid };
 *	struct spread empty = {}, *spread = count_at(&counts, &group, &empty);
 *
 *	if (spread)
 *		spread_add(spread, ns);
 *
 * A key names the set, and the CPU, so that what is counted needs no atomic operation; the user half adds
 * up what the CPUs have. A map takes memory for the CPUs that are in use, where a per-CPU map takes it for
 * all there may be.
 *
 * The flags are BPF_F_NO_PREALLOC, or 0 if a hook may hold a lock, be in an interrupt, or be a perf event:
 * Linux before 6.1 must not allocate there.
 */
#ifndef DENOBPF_COUNTS_H
#define DENOBPF_COUNTS_H

#include <bpf/bpf_helpers.h>
#include "losses.h"

/* the set that is counted into: 0 or 1 */
__u32 set;

#define COUNTS(name, counted_by, counted, entries, flags) \
	struct {                                          \
		__uint(type, BPF_MAP_TYPE_HASH);          \
		__uint(max_entries, entries);             \
		__uint(map_flags, flags);                 \
		__type(key, counted_by);                  \
		__type(value, counted);                   \
	} name SEC(".maps")

/* What is counted at this key, `empty` at first. NULL, counted in lost_map, if there is no room. */
static __always_inline void *count_at(void *counts, const void *key, const void *empty)
{
	void *count = bpf_map_lookup_elem(counts, key);

	if (count)
		return count;
	/* a program that has interrupted this one may have been faster */
	bpf_map_update_elem(counts, key, empty, BPF_NOEXIST);
	count = bpf_map_lookup_elem(counts, key);
	if (!count)
		count_lost_map();
	return count;
}

/* How many values there were, and how large. */
struct spread {
	__u64 count;
	__u64 total;
	__u64 min; /* if there were any */
	__u64 max;
};

static __always_inline void spread_add(struct spread *spread, __u64 value)
{
	if (!spread->count || value < spread->min)
		spread->min = value;
	if (value > spread->max)
		spread->max = value;
	spread->total += value;
	spread->count++;
}

#endif /* DENOBPF_COUNTS_H */
