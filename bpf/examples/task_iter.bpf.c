// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of task_iter: a record for every task there is. The kernel calls an iterator when its
 * file is read, and once more with no task at the end.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MAX_STACK_LEN 127

struct task_info {
	pid_t pid;
	pid_t tid;
	__u32 state;
	__s32 kstack_len; /* entries, or an errno below 0 */
	char comm[16];
	__u64 kstack[MAX_STACK_LEN];
};

/* too large for the stack of a program */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_info);
} task_info_buf SEC(".maps");

/* Linux 5.14 made `long state` an `unsigned int __state`. */
struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

static __always_inline __u32 task_state(struct task_struct *task)
{
	struct task_struct___before_5_14 *before = (void *)task;

	if (bpf_core_field_exists(before->state))
		return BPF_CORE_READ(before, state);
	return BPF_CORE_READ(task, __state);
}

SEC("iter/task")
int get_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_info *info;
	__u32 zero = 0;
	long size;

	info = bpf_map_lookup_elem(&task_info_buf, &zero);
	if (!task || !info)
		return 0;
	info->pid = task->tgid;
	info->tid = task->pid;
	info->state = task_state(task);
	bpf_probe_read_kernel_str(info->comm, sizeof(info->comm), task->comm);
	/* zeroes what it does not fill */
	size = bpf_get_task_stack(task, info->kstack, sizeof(info->kstack), 0);
	info->kstack_len = size > 0 ? size / sizeof(info->kstack[0]) : size;
	bpf_seq_write(ctx->meta->seq, info, sizeof(*info));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
