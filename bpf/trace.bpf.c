// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of trace: an event each time that a probe is passed and its comparisons hold, with the values
 * that are asked for. fetch.h has how they are fetched.
 *
 * Each probe has a program of its own, since the verifier must know which entries of the table it runs by:
 * one of three, as the hook is. Events are put together in the ring, as big as their probe's are at most, and
 * not on a page of the CPU: programs at functions of processes can lose the CPU.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "comparisons.h"
#include "fetch.h"
#include "kinds.h"
#include "probe_programs.h"
#include "targets.h"

#define MAX_VALUES 8
#define MAX_COMPARISONS 8
#define MAX_STACK_BYTES (127 * 8) /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */

struct probe_plan {
	struct fetch values[MAX_VALUES];
	struct comparison comparisons[MAX_COMPARISONS];
};

const volatile struct probe_plan probes[MAX_PROBES];
/* bytes of an event behind its head: the values of its probe, strings and stacks */
const volatile __u32 data_sizes[MAX_PROBES];
/* most bytes of a string */
const volatile __u32 string_size;
/* bytes of stacks, 8 a frame */
const volatile __u32 kernel_stack_bytes;
const volatile __u32 user_stack_bytes;
/* trace this thread only */
const volatile __u32 targ_tid;
/* leave out this process: the one that shows the events */
const volatile __u32 not_pid;

struct event {
	boot_ns time;
	pid pid;
	tid tid;
	uid uid;
	gid gid;
	cpu_nr cpu;
	__u32 probe;
	__u32 missing; /* a bit for each value that could not be read */
	/* sizes of the stacks */
	__u32 kstack_size;
	__u32 ustack_size;
	__u32 unused;
	comm comm;
	/* 8 bytes for each value: of a string its size; then all strings; then stacks */
	__u8 data[];
};

#define EVENTS_SIZE (4 * 1024 * 1024)
#include "events.h"

static __noinline int is_wanted(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	if ((targ_tid && targ_tid != (__u32)id) ||
	    (not_pid && not_pid == targ_pid_of(current_task())))
		return false;
	return is_target();
}

static __noinline int comparisons_hold(void *ctx, const volatile struct probe_plan *probe)
{
	__u32 i;

	for (i = 0; i < MAX_COMPARISONS && probe->comparisons[i].op != COMPARE_NOTHING; i++) {
		if (!comparison_holds(ctx, &probe->comparisons[i]))
			return false;
	}
	return true;
}

/* Returns where the next string goes. */
static __always_inline __u8 *fill_value(void *ctx, struct event *event,
					const volatile struct probe_plan *probe, __u32 i,
					__u8 *text)
{
	__u64 *value = (__u64 *)event->data + i;
	int is_read;

	if (probe->values[i].is_string) {
		is_read = fetch_string(ctx, &probe->values[i], value, text, string_size);
		text += string_size;
	} else {
		is_read = fetch_number(ctx, &probe->values[i], value);
	}
	if (!is_read)
		event->missing |= 1U << i;
	return text;
}

static __noinline int fill_values(void *ctx, struct event *event,
				  const volatile struct probe_plan *probe)
{
	__u8 *text = event->data;
	__u32 i;

	for (i = 0; i < MAX_VALUES && probe->values[i].from != FETCH_NOTHING; i++)
		text += sizeof(__u64);
	for (i = 0; i < MAX_VALUES && probe->values[i].from != FETCH_NOTHING; i++)
		text = fill_value(ctx, event, probe, i, text);
	return text - event->data;
}

static __noinline int fill_stack(void *ctx, void *to, __u32 size, __u64 flags)
{
	long written = bpf_get_stack(ctx, to, size, flags);

	return written < 0 ? 0 : written;
}

static __noinline int on_probe(void *ctx, __u32 index)
{
	const volatile struct probe_plan *probe = &probes[index];
	struct event *event;
	__u64 at;

	if (!is_wanted() || !comparisons_hold(ctx, probe))
		return 0;
	event = reserve_event_with(data_sizes[index]);
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->gid = bpf_get_current_uid_gid() >> 32;
	event->cpu = bpf_get_smp_processor_id();
	event->probe = index;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_values(ctx, event, probe);
	at = data_sizes[index] - kernel_stack_bytes - user_stack_bytes;
	if (kernel_stack_bytes)
		event->kstack_size = fill_stack(ctx, event->data + at, kernel_stack_bytes, 0);
	at += kernel_stack_bytes;
	if (user_stack_bytes)
		event->ustack_size =
			fill_stack(ctx, event->data + at, user_stack_bytes, BPF_F_USER_STACK);
	submit_event(event);
	return 0;
}

FOR_EACH_PROBE(PROBE)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
