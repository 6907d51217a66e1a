// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of fsdist: counts calls of file systems by the logarithm of the time that they take. The hooks
 * are those of file_calls.h, and of fsslower.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "file_call.h"
#include "kinds.h"
#include "slots.h"

#define SLOTS 64

/* a histogram for each file system, for each process, and for each errno */
const volatile bool by_mount;
const volatile bool by_process;
const volatile bool by_error;
/* nanoseconds in what slots are of */
const volatile __u64 unit_ns = 1000;

struct group {
	__u32 set;
	cpu_nr cpu;
	__u32 op; /* enum file_op */
	dev dev;
	pid pid;
	__u32 error; /* errno */
};

struct latencies {
	__u64 count;
	__u64 errors;
	duration_ns total_ns;
	duration_ns min_ns;
	duration_ns max_ns;
	__u64 slots[SLOTS];
	comm comm; /* at the last call */
};

/* Preallocated: reads of aio end in interrupts. As many entries as there may be, before load. */
COUNTS(latencies, struct group, struct latencies, 1, 0);

/* too big for the stack */
static const struct latencies empty;

/* The programs may interrupt each other, and so only atomic operations count all. */
static __always_inline int on_file_call(const struct file_call *call, __s64 ret, __u64 latency_ns,
					bool async)
{
	struct inode *inode = call->inode;
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.op = call->op,
		.dev = by_mount ? BPF_CORE_READ(inode, i_sb, s_dev) : 0,
		.pid = by_process ? call->pid : 0,
		.error = by_error && ret < 0 ? -ret : 0,
	};
	__u64 slot = log2_slot(latency_ns / unit_ns);
	struct latencies *found = count_at(&latencies, &group, &empty);

	if (!found)
		return 0;
	if (!found->min_ns || latency_ns < found->min_ns)
		found->min_ns = latency_ns;
	if (latency_ns > found->max_ns)
		found->max_ns = latency_ns;
	__sync_fetch_and_add(&found->total_ns, latency_ns);
	if (ret < 0)
		__sync_fetch_and_add(&found->errors, 1);
	if (by_process)
		__builtin_memcpy(found->comm, call->comm, sizeof(found->comm));
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	__sync_fetch_and_add(&found->slots[slot & (SLOTS - 1)], 1);
	__sync_fetch_and_add(&found->count, 1);
	return 0;
}

#include "file_calls.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
