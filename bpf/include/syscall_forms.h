/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which system calls a tool is about, and how each passes its arguments: a table by their numbers, whose
 * values are an enum of the tool. lib/tool/syscall_forms.ts fills it before the load.
 */
#ifndef DENOBPF_SYSCALL_FORMS_H
#define DENOBPF_SYSCALL_FORMS_H

#include <bpf/bpf_helpers.h>
#include "syscall.h"

#define NUMBERS 576 /* of system calls: x86 has them up to 547 */

/* the form of each system call: by native numbers, then by those of 32-bit programs */
const volatile __u8 forms[2 * NUMBERS];

/* The form of a call that the current task is in, 0 if the tool is not about it. */
static __always_inline __u8 form_of(int nr)
{
	__u64 at = (__u32)nr;

#if defined(__TARGET_ARCH_x86)
	at &= ~X32_SYSCALL_BIT;
#endif
	if (at >= NUMBERS)
		return 0;
	if (syscall_is_compat())
		at += NUMBERS;
	barrier_var(at);
	return at < 2 * NUMBERS ? forms[at] : 0;
}

#endif /* DENOBPF_SYSCALL_FORMS_H */
