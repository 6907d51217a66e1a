// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of hardirqs: how long the handlers of interrupts take. Those of devices, which drivers have
 * registered; on x86 also the vectors that the kernel itself handles, as those of its timers and those that
 * CPUs send each other; and NMIs.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "irq_times.h"
#include "kinds.h"
#include "targets.h"

#define NESTED 4 /* handlers of a CPU at a time; a power of two */
#define MAX_NAME 64

/* what interrupts: as INTERRUPTS of tools/hardirqs/interrupts.ts has it */
enum interrupt {
	INTERRUPT_DEVICE,
	INTERRUPT_VECTOR,
	INTERRUPT_NMI,
};

/* An irq may have several handlers: `action` says which. */
struct group {
	__u32 set;
	cpu_nr cpu;
	__u32 interrupt;
	__u32 number;
	__u64 action;
};

struct times {
	struct irq_times runs;
	/* runs that found nothing to do, as another device had interrupted: they are in none of these */
	__u64 none;
	duration_ns none_ns;
	char name[MAX_NAME];
};

/* too big for the stack */
static const struct times no_times;

COUNTS(counts, struct group, struct times, 1024, 0); /* the user half knows how many there may be */

/* By set. An NMI comes while the CPU changes a hash map, too. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct times);
} nmis SEC(".maps");

/* The handlers that a CPU is in. One of an interrupt controller calls those of the devices behind it. */
struct handlers {
	__u32 depth;
	struct {
		__u64 handler;
		__u64 started;
	} at[NESTED];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct handlers);
} handlers SEC(".maps");

static __always_inline struct handlers *handlers_here(void)
{
	__u32 zero = 0;

	if (!is_traced_cpu() || !is_target())
		return NULL;
	return bpf_map_lookup_elem(&handlers, &zero);
}

/* @handler: the address of its action, or its vector */
static __always_inline void on_entry(__u64 handler)
{
	struct handlers *here = handlers_here();
	__u32 top;

	if (!here)
		return;
	top = here->depth++ % NESTED;
	here->at[top].handler = handler;
	here->at[top].started = bpf_ktime_get_ns();
}

/* How long it took. Returns whether it was seen to start: it may have before this program was there. */
static __always_inline bool on_exit(__u64 handler, __u64 *ns)
{
	struct handlers *here = handlers_here();
	__u64 now = bpf_ktime_get_ns();
	__u32 top;

	if (!here)
		return false;
	top = (here->depth - 1) % NESTED;
	if (here->at[top].handler != handler)
		return false;
	*ns = now - here->at[top].started;
	here->at[top].handler = 0;
	here->depth--;
	return true;
}

static __always_inline void add(struct times *times, __u64 ns, bool handled)
{
	if (handled) {
		irq_times_add(&times->runs, ns);
	} else {
		times->none++;
		times->none_ns += ns;
	}
}

SEC("raw_tp/irq_handler_entry")
int BPF_PROG(irq_handler_entry, int irq, struct irqaction *action)
{
	on_entry((__u64)action);
	return 0;
}

SEC("raw_tp/irq_handler_exit")
int BPF_PROG(irq_handler_exit, int irq, struct irqaction *action, int ret)
{
	struct group group = { .set = set, .interrupt = INTERRUPT_DEVICE, .number = irq };
	struct times *times;
	__u64 ns;

	if (!on_exit((__u64)action, &ns))
		return 0;
	group.cpu = bpf_get_smp_processor_id();
	group.action = (__u64)action;
	times = count_at(&counts, &group, &no_times);
	if (!times)
		return 0;
	if (!times->runs.count && !times->none)
		bpf_probe_read_kernel_str(times->name, sizeof(times->name),
					  BPF_CORE_READ(action, name));
	add(times, ns, ret != IRQ_NONE);
	return 0;
}

/* Attached to each irq_vectors/..._entry and ..._exit that the kernel has. */
SEC("raw_tp")
int BPF_PROG(vector_entry, int vector)
{
	on_entry(vector);
	return 0;
}

SEC("raw_tp")
int BPF_PROG(vector_exit, int vector)
{
	struct group group = { .set = set, .interrupt = INTERRUPT_VECTOR, .number = vector };
	struct times *times;
	__u64 ns;

	if (!on_exit(vector, &ns))
		return 0;
	group.cpu = bpf_get_smp_processor_id();
	times = count_at(&counts, &group, &no_times);
	if (times)
		add(times, ns, true);
	return 0;
}

/* The kernel itself takes the time, of one of its handlers of NMIs. */
SEC("raw_tp/nmi_handler")
int BPF_PROG(nmi_handler, void *handler, __s64 ns, int handled)
{
	__u32 into = set & 1;
	struct times *times;

	if (!is_traced_cpu() || !is_target())
		return 0;
	times = bpf_map_lookup_elem(&nmis, &into);
	if (times)
		add(times, ns, handled > 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
