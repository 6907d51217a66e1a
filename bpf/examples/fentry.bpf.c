// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of fentry: files as they are unlinked. These programs have the function's own arguments,
 * typed by BTF, and fexit has both those and the result.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("fentry/do_unlinkat")
int BPF_PROG(do_unlinkat, int dfd, struct filename *name)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	bpf_printk("fentry: pid = %d, filename = %s", pid, name->name);
	return 0;
}

SEC("fexit/do_unlinkat")
int BPF_PROG(do_unlinkat_exit, int dfd, struct filename *name, int ret)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	bpf_printk("fexit: pid = %d, filename = %s, ret = %d", pid, name->name, ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
