// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of softirqslower: an event for each soft interrupt that waits long for its run, or runs long.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "softirq_runs.h"

#define MAX_FRAMES 64

/* report what takes this long, or longer */
const volatile __u64 min_ns;
/* keep the stack of what raises a soft interrupt */
const volatile bool with_stacks;

/* What has taken long: STAGES of tools/softirqslower/members.ts. */
enum stage {
	STAGE_DELAY, /* from being raised to the run */
	STAGE_RUN,
};

struct event {
	boot_ns time;
	duration_ns delay_ns; /* 0: it was raised before the tool was there */
	duration_ns run_ns; /* 0: it has not run yet */
	__u32 softirq;
	__u32 waiting; /* others that are raised on this CPU, of which each has a bit */
	cpu_nr cpu;
	pid pid; /* the current task */
	tid tid;
	comm comm;
	__u32 ksoftirqd; /* that is ksoftirqd */
	__u32 stage;
	__u32 kstack_size;
	__u8 strings[];
};

#define STRINGS_SIZE (MAX_FRAMES * sizeof(__u64))

#include "record.h"

/* Where each soft interrupt was raised on this CPU. */
struct raise {
	__s64 size; /* in bytes, or a negated errno */
	__u64 ips[MAX_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SOFTIRQS); /* 1 without stacks, before load */
	__type(key, __u32);
	__type(value, struct raise);
} raises SEC(".maps");

static __always_inline void on_raised(void *ctx, struct moments *here, __u32 softirq)
{
	struct raise *raise;

	if (!with_stacks)
		return;
	raise = bpf_map_lookup_elem(&raises, &softirq);
	if (raise)
		raise->size = bpf_get_stack(ctx, raise->ips, sizeof(raise->ips), 0);
}

static __always_inline void report(struct moments *here, __u32 softirq, enum stage stage,
				   __u64 run_ns)
{
	struct event *event = begin_record();
	struct raise *raise;

	if (!event)
		return;
	event->time = bpf_ktime_get_boot_ns();
	event->delay_ns = here->delay_ns;
	event->run_ns = run_ns;
	event->softirq = softirq;
	event->waiting = here->waiting;
	event->cpu = bpf_get_smp_processor_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->ksoftirqd = is_ksoftirqd();
	event->stage = stage;
	/* while it runs it may be raised again, by what is not to blame for this run */
	if (with_stacks && here->delay_ns && !(event->waiting & 1 << softirq)) {
		raise = bpf_map_lookup_elem(&raises, &softirq);
		if (raise && raise->size > 0)
			event->kstack_size = append_kernel_bytes(event, raise->ips, raise->size,
								 sizeof(raise->ips));
	}
	send_record(event);
}

static __always_inline void on_entered(void *ctx, struct moments *here, __u32 softirq)
{
	if (here->delay_ns && here->delay_ns >= min_ns)
		report(here, softirq, STAGE_DELAY, 0);
}

static __always_inline void on_ran(void *ctx, struct moments *here, __u32 softirq, __u64 ns)
{
	if (ns >= min_ns)
		report(here, softirq, STAGE_RUN, ns);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
