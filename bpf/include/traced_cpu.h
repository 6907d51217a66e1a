/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which CPU a tool traces, if not all: what its option --cpu says. */
#ifndef DENOBPF_TRACED_CPU_H
#define DENOBPF_TRACED_CPU_H

#include <bpf/bpf_helpers.h>

const volatile bool one_cpu;
const volatile __u32 targ_cpu;

static __always_inline bool is_traced_cpu(void)
{
	return !one_cpu || bpf_get_smp_processor_id() == targ_cpu;
}

#endif /* DENOBPF_TRACED_CPU_H */
