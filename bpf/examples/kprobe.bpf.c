// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of kprobe: files as they are unlinked. A kprobe has the registers at any instruction of
 * the kernel, a kretprobe those at a function's return; neither needs BTF of the function.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("kprobe")
int BPF_KPROBE(do_unlinkat, int dfd, struct filename *name)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	const char *filename = BPF_CORE_READ(name, name);

	bpf_printk("KPROBE ENTRY pid = %d, filename = %s", pid, filename);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(do_unlinkat_exit, int ret)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	bpf_printk("KPROBE EXIT: pid = %d, ret = %d", pid, ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
