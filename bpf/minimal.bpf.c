// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of minimal: a line in the trace pipe whenever one process calls write(2).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* The process, by its pid in its own pid namespace, which is known by the device and inode of
 * /proc/PID/ns/pid: inside a container a process does not know the pid that the host gives it.
 */
int my_pid;
__u64 my_dev;
__u64 my_ino;

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	struct bpf_pidns_info ns = {};

	if (bpf_get_ns_current_pid_tgid(my_dev, my_ino, &ns, sizeof(ns)) || ns.tgid != my_pid)
		return 0;
	bpf_printk("BPF triggered from PID %d.", my_pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
