// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of minimal_ns: minimal for a process inside a pid namespace, which does not know the pid
 * that the host gives it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* the process, by its pid in its namespace, and that namespace: device and inode of /proc/PID/ns/pid */
pid_t my_pid;
__u64 dev;
__u64 ino;

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	struct bpf_pidns_info ns = {};

	/* fails for processes of other namespaces, whose pids would mean nothing here */
	if (bpf_get_ns_current_pid_tgid(dev, ino, &ns, sizeof(ns)) || ns.tgid != my_pid)
		return 0;
	bpf_printk("BPF triggered from PID %d.", ns.tgid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
