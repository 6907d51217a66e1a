/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The arguments of the current process, as a string of a record. This header includes record.h. */
#ifndef DENOBPF_ARGS_H
#define DENOBPF_ARGS_H

#include <bpf/bpf_core_read.h>
#include "record.h"

/* Appends the arguments that lie in the process's memory, a NUL behind each. Returns their size. */
static __always_inline __u32 append_args(struct event *event, struct mm_struct *mm, __u64 most,
					 __u32 *cut)
{
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 size = BPF_CORE_READ(mm, arg_end) - start;

	return append_user_bytes(event, (void *)start, size, most, cut);
}

#endif /* DENOBPF_ARGS_H */
