// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What both sides of a comparison read: a ring and a hash map, filled with whatever they ask for. They
 * write one element of `settings` and run these programs.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "syscall.h"
#include "wake.h"

#define RECORD_SIZE 8192
#define AT_ONCE 512 /* the verifier follows 8192 jumps at most */
/* the argument by which produce.c calls getppid(2) */
#define MAGIC 0x62656e63

struct settings {
	__u32 size; /* of a record, in bytes */
	__u32 stamped; /* its first 8 bytes are the time */
	__u64 sent;
	__u64 lost;
	__u8 record[RECORD_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} entries SEC(".maps");

/* Not static: the verifier looks at it once, and not again for every round of a loop. */
__noinline int send(void)
{
	struct settings *chosen;
	__u32 zero = 0;
	__u64 size;

	chosen = bpf_map_lookup_elem(&settings, &zero);
	if (!chosen)
		return 0;
	size = chosen->size;
	barrier_var(size);
	if (size > RECORD_SIZE)
		return 0;
	if (chosen->stamped)
		*(__u64 *)chosen->record = bpf_ktime_get_ns();
	if (bpf_ringbuf_output(&events, chosen->record, size, wake_flags(&events))) {
		__sync_fetch_and_add(&chosen->lost, 1);
		return 0;
	}
	__sync_fetch_and_add(&chosen->sent, 1);
	return 1;
}

/* Fills the ring; 0 while there is still room. */
SEC("syscall")
int fill_ring(void *ctx)
{
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		if (!send())
			return 1;
	}
	return 0;
}

struct keys {
	__u32 first;
	__u32 count;
};

SEC("syscall")
int fill_map(struct keys *range)
{
	__u32 i;

	for (i = 0; i < AT_ONCE && i < range->count; i++) {
		__u32 key = range->first + i;
		__u64 value = key;

		if (bpf_map_update_elem(&entries, &key, &value, BPF_ANY))
			return 1;
	}
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(produce, struct pt_regs *regs, long nr)
{
	if (syscall_arg(regs, 0) == MAGIC)
		send();
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
