// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of lsm: a security module in one function, which forbids the bpf(2) system call to
 * everybody while it is attached.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1 /* include/uapi/asm-generic/errno-base.h */

/* The hook's later arguments differ between kernels: they are left out. */
SEC("lsm/bpf")
int BPF_PROG(lsm_bpf, int cmd)
{
	bpf_printk("LSM: block bpf() worked");
	return -EPERM;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
