/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How long interrupts take: what hardirqs and softirqs share. The user half is lib/tool/irq_times.ts.
 */
#ifndef DENOBPF_IRQ_TIMES_H
#define DENOBPF_IRQ_TIMES_H

#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "slots.h"
#include "traced_cpu.h"

#define SLOTS 40 /* the last one takes what is longer: more than 9 minutes even of nanoseconds */

/* whether times are counted in slots, and what their powers of two count: 1000 for microseconds */
const volatile bool in_slots = true;
const volatile __u64 unit_ns = 1000;

struct irq_times {
	__u64 count;
	duration_ns total_ns;
	duration_ns min_ns;
	duration_ns max_ns;
	__u32 slots[SLOTS];
};

/* Adds nanoseconds: cut to microseconds before they are added, they would sum up to less. */
static __always_inline void irq_times_add(struct irq_times *times, __u64 ns)
{
	__u32 slot;

	if (!times->count || ns < times->min_ns)
		times->min_ns = ns;
	if (ns > times->max_ns)
		times->max_ns = ns;
	times->count++;
	times->total_ns += ns;
	if (!in_slots)
		return;
	slot = log2_slot(ns / unit_ns);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	times->slots[slot]++;
}

#endif /* DENOBPF_IRQ_TIMES_H */
