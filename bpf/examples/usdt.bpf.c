// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of usdt: a probe that the authors of a library put into it, here `catch` of the C++
 * library, which is at the beginning of every catch block. Once it is attached by libbpf, as the
 * section names the probe, and once by the user half.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

pid_t my_pid;

SEC("usdt/libstdc++.so.6:libstdcxx:catch")
int BPF_USDT(usdt_auto_attach, void *exception, void *type)
{
	/* attached for every process, so that others are to be left out here */
	if (bpf_get_current_pid_tgid() >> 32 != my_pid)
		return 0;
	bpf_printk("USDT auto attach to libstdcxx:catch: arg1 = %lx, arg2 = %lx", exception, type);
	return 0;
}

SEC("usdt")
int BPF_USDT(usdt_manual_attach, void *exception, void *type)
{
	bpf_printk("USDT manual attach to libstdcxx:catch: arg1 = %lx, arg2 = %lx", exception,
		   type);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
