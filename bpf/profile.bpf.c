// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of profile: where each CPU is, in the kernel and in its process, at each tick of a clock.
 *
 * Each sample is sent as it is. At the rate of a profiler that costs less memory than counting by stacks
 * does, loses no stack to another one, and reports each process to the user half while it is still there.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "targets.h"

#define MAX_FRAMES 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */
#define STRINGS_SIZE (2 * MAX_FRAMES * 8)

/* sample CPUs that are idle too */
const volatile bool include_idle;
/* which stacks are wanted, and how many frames of each */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;
const volatile __u32 max_frames = MAX_FRAMES;
/* sample the threads in targ_tids only */
const volatile bool targ_by_tid;

struct event {
	pid pid;
	/* bytes of each stack, whose innermost frame comes first */
	__u32 kernel_size;
	__u32 user_size;
	comm comm;
	__u8 strings[];
};

#include "record.h"

/* Preallocated, as those of perf events must be on Linux 5.10. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there are threads, before load */
	__type(key, __u32);
	__type(value, bool);
} targ_tids SEC(".maps");

static __always_inline bool is_wanted(__u32 tid)
{
	if (!tid && !include_idle)
		return false;
	if (targ_by_tid && !bpf_map_lookup_elem(&targ_tids, &tid))
		return false;
	return is_target();
}

SEC("perf_event")
int profile(void *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 most = (max_frames < MAX_FRAMES ? max_frames : MAX_FRAMES) * 8;
	struct event *event;

	if (!is_wanted(pid_tgid))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->pid = pid_tgid >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (kernel_stacks)
		event->kernel_size = append_stack(event, ctx, 0, most);
	if (user_stacks)
		event->user_size = append_stack(event, ctx, BPF_F_USER_STACK, most);
	send_record(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
