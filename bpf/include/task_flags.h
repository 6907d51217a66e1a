/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Flags of a task: include/linux/sched.h. */
#ifndef DENOBPF_TASK_FLAGS_H
#define DENOBPF_TASK_FLAGS_H

#define PF_FORKNOEXEC 0x00000040 /* it was forked, and has executed nothing yet */
#define PF_KTHREAD 0x00200000 /* it is a thread of the kernel */

#endif /* DENOBPF_TASK_FLAGS_H */
