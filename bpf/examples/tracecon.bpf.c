// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tracecon: TCP connections over IPv4, with the name that was looked up for the address
 * if there was one. Names come from getaddrinfo() of libc, connections from the kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2 /* include/linux/socket.h */
#define MAX_RESULTS 8

const volatile pid_t target_pid;

/* netdb.h, for 64 bits */
struct addrinfo {
	__u32 flags_family_socktype_protocol_addrlen[5];
	struct sockaddr_in *ai_addr;
	char *ai_canonname;
	struct addrinfo *ai_next;
};

/* what a thread is at: a lookup, or else a connection */
struct call {
	char hostname[84];
	struct addrinfo **results;
	struct sock *sk;
};

struct event {
	__u8 ip[4];
	char hostname[84]; /* empty if none was looked up */
};

#define LRU(map, key_type)                           \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_LRU_HASH); \
		__uint(max_entries, 10240);          \
		__type(key, key_type);               \
		__type(value, struct call);          \
	} map SEC(".maps")

LRU(calls, __u64); /* by thread */
LRU(lookups, __u32); /* by address */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__type(value, struct event);
} events SEC(".maps");

static __always_inline int begin(struct call *call)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (!target_pid || target_pid == thread >> 32)
		bpf_map_update_elem(&calls, &thread, call, BPF_ANY);
	return 0;
}

/* The call that has come to its end; NULL if it is not wanted, or has failed. */
static __always_inline struct call *end(int ret)
{
	__u64 thread = bpf_get_current_pid_tgid();

	return ret ? NULL : bpf_map_lookup_elem(&calls, &thread);
}

SEC("uprobe")
int BPF_KPROBE(getaddrinfo_enter, const char *hostname, const char *service, const void *hints,
	       struct addrinfo **results)
{
	struct call call = { .results = results };

	bpf_probe_read_user_str(call.hostname, sizeof(call.hostname), hostname);
	return begin(&call);
}

SEC("uretprobe")
int BPF_KRETPROBE(getaddrinfo_exit, int ret)
{
	struct call *call = end(ret);
	struct sockaddr_in address = {};
	struct addrinfo result = {};

	if (!call)
		return 0;
	bpf_probe_read_user(&result.ai_next, sizeof(result.ai_next), call->results);
	for (int i = 0; i < MAX_RESULTS && result.ai_next; i++) {
		bpf_probe_read_user(&result, sizeof(result), result.ai_next);
		bpf_probe_read_user(&address, sizeof(address), result.ai_addr);
		if (address.sin_family == AF_INET)
			bpf_map_update_elem(&lookups, &address.sin_addr.s_addr, call, BPF_ANY);
	}
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(tcp_v4_connect_enter, struct sock *sk)
{
	struct call call = { .sk = sk };

	return begin(&call);
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(tcp_v4_connect_exit, int ret)
{
	struct call *call = end(ret), *lookup;
	struct event event = {};
	struct sock *sk;

	if (!call)
		return 0;
	sk = call->sk;
	BPF_CORE_READ_INTO(&event.ip, sk, __sk_common.skc_daddr);
	lookup = bpf_map_lookup_elem(&lookups, &event.ip);
	if (lookup)
		__builtin_memcpy(event.hostname, lookup->hostname, sizeof(event.hostname));
	bpf_map_delete_elem(&lookups, &event.ip);
	return bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
