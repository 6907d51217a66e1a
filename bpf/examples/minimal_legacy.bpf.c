// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of minimal_legacy: minimal without global variables, which kernels before Linux 5.2 do
 * not have. An array of one entry takes their place.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* the process whose write(2) shows */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, pid_t);
} my_pid_map SEC(".maps");

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	__u32 index = 0;
	pid_t *my_pid = bpf_map_lookup_elem(&my_pid_map, &index);

	if (!my_pid || *my_pid != pid)
		return 0;
	/* What bpf_printk() does, with the format on the stack: a constant would be a global variable. */
	char format[] = "BPF triggered from PID %d.";

	bpf_trace_printk(format, sizeof(format), pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
