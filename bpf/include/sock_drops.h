/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* How many packets a socket has dropped. */
#ifndef DENOBPF_SOCK_DROPS_H
#define DENOBPF_SOCK_DROPS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define CACHE_LINE 64 /* SMP_CACHE_BYTES of x86-64 and of arm64 */

/* Since Linux 6.18 those of UDP may count in two cache lines elsewhere. */
struct sock___drops {
	void *sk_drop_counters;
} __attribute__((preserve_access_index));

static __always_inline __u32 sock_drops(struct sock *sk)
{
	struct sock___drops *since = (void *)sk;
	__u32 first = 0, second = 0;
	void *counters;

	if (bpf_core_field_exists(since->sk_drop_counters)) {
		counters = BPF_CORE_READ(since, sk_drop_counters);
		if (counters) {
			bpf_probe_read_kernel(&first, sizeof(first), counters);
			bpf_probe_read_kernel(&second, sizeof(second), counters + CACHE_LINE);
			return first + second;
		}
	}
	return BPF_CORE_READ(sk, sk_drops.counter);
}

#endif /* DENOBPF_SOCK_DROPS_H */
