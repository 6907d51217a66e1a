// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tracecon: TCP connections over IPv4, with the name that was looked up for the address
 * if there was one. Names come from getaddrinfo() of libc, connections from the kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "netdb.h"

const volatile pid_t target_pid;

/* what is sent, too: of a connection without a lookup the address alone */
struct lookup {
	char hostname[84];
	__be32 ip;
	struct addrinfo **results;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct lookup);
} by_thread SEC(".maps"), by_address SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__type(value, struct lookup);
} events SEC(".maps");

SEC("uprobe")
int BPF_KPROBE(getaddrinfo_enter, void *hostname, void *service, void *hints, void *results)
{
	struct lookup lookup = { .results = results };
	__u32 thread = bpf_get_current_pid_tgid();

	bpf_probe_read_user_str(lookup.hostname, sizeof(lookup.hostname), hostname);
	return bpf_map_update_elem(&by_thread, &thread, &lookup, BPF_ANY);
}

SEC("uretprobe")
int BPF_KRETPROBE(getaddrinfo_exit, int ret)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct lookup *lookup = bpf_map_lookup_elem(&by_thread, &thread);
	struct addrinfo *result = NULL;

	if (!lookup || ret || bpf_probe_read_user(&result, sizeof(result), lookup->results))
		return 0;
	for (int i = 0; i < 8 && result; i++) { /* few addresses, for the verifier */
		if (BPF_PROBE_READ_USER(result, ai_family) == AF_INET) {
			lookup->ip = BPF_PROBE_READ_USER(result, ai_addr, sin_addr.s_addr);
			bpf_map_update_elem(&by_address, &lookup->ip, lookup, BPF_ANY);
		}
		result = BPF_PROBE_READ_USER(result, ai_next);
	}
	return 0;
}

SEC("tracepoint/sock/inet_sock_set_state")
int inet_sock_set_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	struct lookup none = {}, *lookup;

	if (ctx->newstate != TCP_SYN_SENT || ctx->protocol != IPPROTO_TCP ||
	    (target_pid && target_pid != bpf_get_current_pid_tgid() >> 32))
		return 0;
	if (bpf_probe_read_kernel(&none.ip, sizeof(none.ip), ctx->daddr) || !none.ip /* IPv6 */)
		return 0;
	lookup = bpf_map_lookup_elem(&by_address, &none.ip) ?: &none;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, lookup, sizeof(*lookup));
	bpf_map_delete_elem(&by_address, &none.ip);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
