/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * When soft interrupts are raised, and when they run: what softirqs and softirqslower share. A CPU runs one at a
 * time, so each CPU keeps the moments of its own. A kernel half that includes this defines what follows from them.
 */
#ifndef DENOBPF_SOFTIRQ_RUNS_H
#define DENOBPF_SOFTIRQ_RUNS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "traced_cpu.h"

#define SOFTIRQS 16 /* a power of two; the kernel has 10: see include/linux/interrupt.h */

/* Moments of a CPU; 0 stands for none. */
struct moments {
	__u64 started;
	__u64 raised[SOFTIRQS]; /* the first time since the last run */
	__u64 waiting; /* those that are raised, of which each has a bit */
	__u64 delay_ns; /* of the run that has started */
	__u64 irq_started;
	__u64 irq_ns; /* of device interrupts since then */
};

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

/* It is raised, for the first time since its last run. `softirq` is less than SOFTIRQS in all of these. */
static __always_inline void on_raised(void *ctx, struct moments *here, __u32 softirq);
/* It begins to run, after here->delay_ns, which is 0 if it was not seen when it was raised. */
static __always_inline void on_entered(void *ctx, struct moments *here, __u32 softirq);
/* It has run for this long. */
static __always_inline void on_ran(void *ctx, struct moments *here, __u32 softirq, __u64 ns);

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

SEC("raw_tp/softirq_raise")
int BPF_PROG(softirq_raise, unsigned int softirq)
{
	struct moments *here = moments_here();

	softirq %= SOFTIRQS;
	if (!here || here->raised[softirq])
		return 0;
	here->raised[softirq] = bpf_ktime_get_ns();
	here->waiting |= 1ULL << softirq;
	on_raised(ctx, here, softirq);
	return 0;
}

SEC("raw_tp/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int softirq)
{
	struct moments *here = moments_here();
	__u64 now = bpf_ktime_get_ns(), *raised;

	if (!here)
		return 0;
	softirq %= SOFTIRQS;
	raised = &here->raised[softirq];
	here->delay_ns = *raised ? now - *raised : 0;
	*raised = 0;
	here->waiting &= ~(1ULL << softirq);
	on_entered(ctx, here, softirq);
	here->irq_ns = 0;
	here->started = now;
	return 0;
}

SEC("raw_tp/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int softirq)
{
	struct moments *here = moments_here();
	__u64 now = bpf_ktime_get_ns(), ns;

	/* it may have started before this program was there */
	if (!here || !here->started)
		return 0;
	ns = now - here->started - here->irq_ns;
	here->started = 0;
	on_ran(ctx, here, softirq % SOFTIRQS, ns);
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

#endif /* DENOBPF_SOFTIRQ_RUNS_H */
