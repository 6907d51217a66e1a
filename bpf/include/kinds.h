/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a number means. A member of an event, or of a map's key or value, that is declared with one of
 * these types keeps the type's name in BTF. The generator of skeletons reads the name there, and so
 * knows how to show the member. The types change nothing else: a `pid` is a __u32.
 *
 * They are for members. Variables stay __u32 and so on: most would be called what their kind is, and where
 * this header is included no function and no variable outside of functions can be.
 */
#ifndef DENOBPF_KINDS_H
#define DENOBPF_KINDS_H

/* Times: bpf_ktime_get_boot_ns() for a moment, the difference of two readings of a clock for a duration. */
typedef __u64 boot_ns; /* nanoseconds since boot, suspended time included: CLOCK_BOOTTIME */
typedef __u64 duration_ns; /* a length of time in nanoseconds */

/* Tasks and their owners, as the initial namespaces number them. */
typedef __u32 pid; /* a process: the kernel's tgid */
typedef __u32 tid; /* a thread: the kernel's pid */
typedef __u32 uid; /* a user */
typedef __u32 gid; /* a group */
typedef char comm[16]; /* the name of a thread or process, NUL-terminated: TASK_COMM_LEN */
typedef __u64 cgroup_id; /* a cgroup of version 2: the inode number of its folder */
typedef __u32 ns_inum; /* a namespace: the inode number of /proc/PID/ns/... */
typedef __u32 cpu_nr; /* a CPU, counted from 0 */

/* System calls and signals. */
typedef __s32 syscall_nr; /* the number of a system call of this architecture's own table */
typedef __s32 errno_ret; /* a result: 0 or more, or a negated errno */
typedef __s32 signal_nr; /* a signal, from 1 on */

/* Files. */
typedef __u32 open_flags; /* O_... of open(2), as this architecture numbers them */
typedef __u32 file_mode; /* type and permissions: st_mode of stat(2), inode(7) */
typedef __u32 dev; /* a device as the kernel's dev_t: major << 20 | minor */
typedef __u64 ino; /* an inode number */
typedef __u64 byte_count; /* an amount of memory or data in bytes */

/* Network. */
typedef __u8 ip_addr[16]; /* IPv6; IPv4 is mapped into it as ::ffff:a.b.c.d (RFC 4291) */
typedef __u16 port; /* a port of TCP or UDP in this host's byte order */

/* Aggregates. */
typedef __s64 stack_id; /* a stack of stacks.h, or a negated errno if there is none */
typedef __u32 hist_slot; /* a row of a histogram: 2^slot to 2^(slot + 1) - 1; row 0 also has 0 */

#endif /* DENOBPF_KINDS_H */
