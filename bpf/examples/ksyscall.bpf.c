// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of ksyscall: signals that processes send. libbpf finds the function of a system call,
 * whose name and registers differ between architectures.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("ksyscall/tgkill")
int BPF_KSYSCALL(tgkill_entry, pid_t tgid, pid_t tid, int sig)
{
	/* signal 0 sends nothing: it asks whether the process is there */
	if (sig)
		bpf_printk("tgkill syscall called for thread id %d with pid %d and signal %d.", tid,
			   tgid, sig);
	return 0;
}

SEC("ksyscall/kill")
int BPF_KSYSCALL(kill_entry, pid_t pid, int sig)
{
	pid_t caller = bpf_get_current_pid_tgid() >> 32;

	if (sig)
		bpf_printk("KILL syscall called by PID %d for PID %d with signal %d.", caller, pid,
			   sig);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
