import type { Project } from "./project.ts";

/** `NAME.bpf.c` */
export const kernelHalf = ({ name }: Project): string =>
  `// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The kernel half of ${name}: reports every exec() on the host. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* The user half sets these before load; the verifier then drops what they rule out. */
const volatile bool by_uid;
const volatile __u32 only_uid;

/* Events that had no room in the ring buffer. */
__u64 lost;

struct event {
	__u64 time; /* nanoseconds since boot */
	__u32 pid;
	__u32 uid;
	char comm[16];
	char filename[128];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct event);
} events SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(handle_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 uid = bpf_get_current_uid_gid();
	struct event *event;

	if (by_uid && uid != only_uid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	/* The memory may hold an older record: what is not written below must not be sent. */
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = uid;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename),
				  BPF_CORE_READ(bprm, filename));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
`;
