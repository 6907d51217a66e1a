// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of profile: where a CPU is, in the kernel and in its process, at each tick of a perf
 * event.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MAX_STACK_DEPTH 128

/* events that did not fit into the ring */
__u64 lost;

struct event {
	__u32 pid;
	__u32 cpu_id;
	char comm[16];
	/* innermost function first, zeros behind the outermost */
	__u64 kstack[MAX_STACK_DEPTH];
	__u64 ustack[MAX_STACK_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct event);
} events SEC(".maps");

SEC("perf_event")
int profile(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->cpu_id = bpf_get_smp_processor_id();
	/* each of these zeroes what it does not fill, all of it if it fails */
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_get_stack(ctx, event->kstack, sizeof(event->kstack), 0);
	bpf_get_stack(ctx, event->ustack, sizeof(event->ustack), BPF_F_USER_STACK);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
