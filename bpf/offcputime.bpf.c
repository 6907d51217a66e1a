// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of offcputime: for how long threads are off CPU, by the stacks with which they leave it.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "off_cpu_times.h"

struct group {
	__u32 set;
	cpu_nr cpu;
	struct place place;
};

COUNTS(times, struct group, struct time, 32768, 0);

static __always_inline void on_back(struct task_struct *task, const struct absence *absence,
				    __u64 until)
{
	__u64 ns = ns_between(absence->since, until);
	struct group group = {
		.set = set,
		.cpu = bpf_get_smp_processor_id(),
		.place = absence->place,
	};
	struct time none = {}, *time;

	if (ns < min_ns || ns > max_ns)
		return;
	time = count_at(&times, &group, &none);
	if (time)
		add_time(time, absence, ns, until);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(btf_wakeup, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct absence *absence = bpf_map_lookup_elem(&absences, &tid);

	if (absence && !absence->woken)
		absence->woken = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
