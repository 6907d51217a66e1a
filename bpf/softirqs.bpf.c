// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of softirqs: how long soft interrupts run, and how long they wait for that. A CPU runs one at
 * a time, so each CPU keeps the moments of its own.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "irq_times.h"
#include "kinds.h"

#define SOFTIRQS 16 /* a power of two; the kernel has 10: see include/linux/interrupt.h */

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

/* Moments of a CPU; 0 stands for none. */
struct moments {
	__u64 started;
	__u64 raised[SOFTIRQS];
	__u64 delay_ns; /* of the run that has started */
	__u64 irq_started;
	__u64 irq_ns; /* of device interrupts since then */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct moments);
} moments SEC(".maps");

static __always_inline struct moments *moments_here(void)
{
	__u32 zero = 0;

	if (!is_traced_cpu())
		return NULL;
	return bpf_map_lookup_elem(&moments, &zero);
}

/* Any thread may have the name, but no other one without memory of its own, which are the kernel's. */
static __always_inline bool is_ksoftirqd(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	static const char name[] = "ksoftirqd/";
	char comm[16] = {};

	if (BPF_CORE_READ(task, mm))
		return false;
	bpf_get_current_comm(comm, sizeof(comm));
#pragma unroll
	for (__u32 i = 0; i < sizeof(name) - 1; i++) {
		if (comm[i] != name[i])
			return false;
	}
	return true;
}

SEC("raw_tp/softirq_raise")
int BPF_PROG(softirq_raise, unsigned int softirq)
{
	struct moments *here = moments_here();

	if (here && !here->raised[softirq % SOFTIRQS])
		here->raised[softirq % SOFTIRQS] = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int softirq)
{
	struct moments *here = moments_here();
	__u64 now = bpf_ktime_get_ns(), *raised;

	if (!here)
		return 0;
	raised = &here->raised[softirq % SOFTIRQS];
	here->delay_ns = *raised ? now - *raised : 0;
	*raised = 0;
	here->irq_ns = 0;
	here->started = now;
	return 0;
}

SEC("raw_tp/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int softirq)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct moments *here = moments_here();
	__u64 now = bpf_ktime_get_ns(), ns;
	struct times *times;

	/* it may have started before this program was there */
	if (!here || !here->started)
		return 0;
	ns = now - here->started - here->irq_ns;
	here->started = 0;

	group.softirq = softirq;
	times = count_at(&counts, &group, &no_times);
	if (!times)
		return 0;
	irq_times_add(&times->runs, ns);
	if (tell_ksoftirqd && is_ksoftirqd())
		times->ksoftirqd++;
	if (here->delay_ns)
		irq_times_add(&times->delays, here->delay_ns);
	return 0;
}

SEC("raw_tp/irq_handler_entry")
int BPF_PROG(irq_handler_entry)
{
	struct moments *here = moments_here();

	if (here && here->started)
		here->irq_started = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/irq_handler_exit")
int BPF_PROG(irq_handler_exit)
{
	struct moments *here = moments_here();

	if (!here || !here->irq_started)
		return 0;
	here->irq_ns += bpf_ktime_get_ns() - here->irq_started;
	here->irq_started = 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
