// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of uprobe: two functions of libc, at their beginning and at their return. div() is
 * attached by the user half, abs() by libbpf, as its section names both file and function.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("uprobe")
int BPF_KPROBE(uprobe_div, int a, int b)
{
	bpf_printk("div ENTRY: a = %d, b = %d", a, b);
	return 0;
}

/* A div_t is both of its numbers in one register; the quotient is the lower one. */
SEC("uretprobe")
int BPF_KRETPROBE(uretprobe_div, int quot)
{
	bpf_printk("div EXIT: quot = %d", quot);
	return 0;
}

SEC("uprobe/libc.so.6:abs")
int BPF_KPROBE(uprobe_abs, int a)
{
	bpf_printk("abs ENTRY: a = %d", a);
	return 0;
}

SEC("uretprobe/libc.so.6:abs")
int BPF_KRETPROBE(uretprobe_abs, int ret)
{
	bpf_printk("abs EXIT: return = %d", ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
