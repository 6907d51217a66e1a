// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of offwaketime: for how long threads are off CPU, by the stacks with which they leave it, and by
 * who wakes them up with which stacks.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "off_cpu_times.h"
#include "wakers.h"

struct group {
	__u32 set;
	cpu_nr cpu;
	struct place place;
	struct waker waker; /* of a thread that was blocked */
};

COUNTS(times, struct group, struct time, 32768, 0);

static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until)
{
	__u64 ns = ns_between(absence->since, until);
	__u32 tid = absence->place.tid;
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.place = absence->place,
		.waker = { .kernel = -ENOENT, .user = -ENOENT },
	};
	struct waker *waker = bpf_map_lookup_elem(&wakers, &tid);
	struct time none = {}, *time;

	if (waker) {
		/* a thread that can go on needs none: it was woken up when it was about to block */
		if (absence->place.state != 'R')
			group.waker = *waker;
		bpf_map_delete_elem(&wakers, &tid);
	}
	if (ns < min_ns || ns > max_ns)
		return;
	time = count_at(&times, &group, &none);
	if (time)
		add_time(time, absence, ns, until);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
