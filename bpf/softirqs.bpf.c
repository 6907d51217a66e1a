// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of softirqs: how long soft interrupts run, and how long they wait for that.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "irq_times.h"
#include "kinds.h"
#include "softirq_runs.h"

/* whether the runs of ksoftirqd are counted apart */
const volatile bool tell_ksoftirqd;

struct group {
	__u32 set;
	cpu_nr cpu;
	__u32 softirq;
};

struct times {
	struct irq_times runs;
	/* from the first time that it was raised to its run, where that was seen */
	struct irq_times delays;
	__u64 ksoftirqd;
};

/* too big for the stack */
static const struct times no_times;

COUNTS(counts, struct group, struct times, 2 * SOFTIRQS, 0);

static __always_inline void on_raised(void *ctx, struct moments *here, __u32 softirq)
{
}

static __always_inline void on_entered(void *ctx, struct moments *here, __u32 softirq)
{
}

static __always_inline void on_ran(void *ctx, struct moments *here, __u32 softirq, __u64 ns)
{
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.softirq = softirq,
	};
	struct times *times = count_at(&counts, &group, &no_times);

	if (!times)
		return;
	irq_times_add(&times->runs, ns);
	if (tell_ksoftirqd && is_ksoftirqd())
		times->ksoftirqd++;
	if (here->delay_ns)
		irq_times_add(&times->delays, here->delay_ns);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
