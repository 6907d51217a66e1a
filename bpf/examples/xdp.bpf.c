// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of xdp: the size of every packet that an interface receives, before the rest of the
 * kernel sees it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_pass(struct xdp_md *ctx)
{
	int size = ctx->data_end - ctx->data;

	bpf_printk("packet size: %d", size);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
