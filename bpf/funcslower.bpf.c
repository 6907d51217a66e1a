// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of funcslower: an event for each call of a function that takes long, with its arguments, its result
 * and the stacks that led to it. pairs.h joins calls and returns.
 *
 * Events are put together in the ring, and not on a page of the CPU: programs at functions of processes can lose
 * the CPU. Stacks are taken at the return, of slow calls only: by then they are the caller's.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "targets.h"

#define CALL_ARGS 6
#include "pairs.h"

/* report calls that take at least this long only */
const volatile __u64 min_ns;
/* arguments that are kept */
const volatile __u32 arg_count;
/* where they are in struct pt_regs, in bytes */
const volatile __u32 arg_registers[CALL_ARGS];
/* bytes of stacks, 8 a frame */
const volatile __u32 kernel_stack_bytes;
const volatile __u32 user_stack_bytes;

struct event {
	boot_ns time; /* when the call returned */
	duration_ns latency_ns;
	__u64 result;
	__u64 args[CALL_ARGS];
	pid pid;
	tid tid;
	uid uid;
	cpu_nr cpu;
	__u32 hook;
	/* sizes of the stacks */
	__u32 kstack_size;
	__u32 ustack_size;
	__u32 unused;
	comm comm;
	__u8 stacks
		[]; /* that of the kernel has kernel_stack_bytes, what it does not need is of no meaning */
};

#define EVENTS_SIZE (1024 * 1024)
#include "events.h"

static __noinline int is_wanted(void)
{
	return is_target();
}

static __noinline int begin_call(struct pt_regs *ctx, __u32 hook)
{
	struct started_call *call = pair_begin(kprobe_frame(ctx), hook);
	__u32 i;

	if (!call || !arg_count)
		return 0;
	for (i = 0; i < CALL_ARGS && i < arg_count; i++)
		bpf_probe_read_kernel(&call->args[i], sizeof(call->args[i]),
				      (void *)ctx + arg_registers[i]);
	call->start = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe")
int enter(struct pt_regs *ctx)
{
	__u32 hook = which_hook(ctx);

	if (hook != NO_HOOK && is_wanted())
		begin_call(ctx, hook);
	return 0;
}

static __noinline int fill_stack(void *ctx, void *to, __u32 size, __u64 flags)
{
	long written = bpf_get_stack(ctx, to, size, flags);

	return written < 0 ? 0 : written;
}

static __noinline int report(struct pt_regs *ctx, struct started_call *call, __u64 ns)
{
	struct event *event = reserve_event_with(kernel_stack_bytes + user_stack_bytes);
	__u32 i;

	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = ns;
	event->result = PT_REGS_RC(ctx);
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->cpu = bpf_get_smp_processor_id();
	event->hook = call->hook;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (arg_count) {
		for (i = 0; i < CALL_ARGS; i++)
			event->args[i] = call->args[i];
	}
	if (kernel_stack_bytes)
		event->kstack_size = fill_stack(ctx, event->stacks, kernel_stack_bytes, 0);
	if (user_stack_bytes)
		event->ustack_size = fill_stack(ctx, event->stacks + kernel_stack_bytes,
						user_stack_bytes, BPF_F_USER_STACK);
	submit_event(event);
	return 0;
}

SEC("kprobe")
int leave(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), ns;
	struct started_call *call;

	/* without cookies the address is that of the caller */
	call = pair_leave(kretprobe_frame(ctx),
			  has_cookies ? (__u32)bpf_get_attach_cookie(ctx) : NO_HOOK);
	if (!call)
		return 0;
	ns = now - call->start;
	if (ns >= min_ns)
		report(ctx, call, ns);
	pair_left(call->hook);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
