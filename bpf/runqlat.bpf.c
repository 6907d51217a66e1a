// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of runqlat: how long tasks wait for a CPU, counted in slots of powers of two.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "run_queue.h"
#include "task_times.h"

static __always_inline void on_waited(struct task_struct *task, enum wait_kind kind, __u64 ns,
				      struct task_struct *prev)
{
	add_time(task, kind, ns);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
