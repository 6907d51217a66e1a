// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tc: IPv4 packets as an interface receives them.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800 /* include/uapi/linux/if_ether.h */
#define TC_ACT_OK 0 /* include/uapi/linux/pkt_cls.h */

SEC("tc")
int tc_ingress(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if (ctx->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	/* The verifier lets a packet be read only as far as it has been seen to reach. */
	if ((void *)(ip + 1) > data_end)
		return TC_ACT_OK;
	bpf_printk("Got IP packet: tot_len: %d, ttl: %d", bpf_ntohs(ip->tot_len), ip->ttl);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
