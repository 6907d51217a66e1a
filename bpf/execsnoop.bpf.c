// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of execsnoop: one event for every exec.
 *
 * A successful exec is seen at sched_process_exec, whoever called it and however (execve, execveat,
 * fexecve, a 32-bit program, a thread that is not the leader). The arguments are then read from
 * where the kernel has just copied them to, so they are always in memory. A failed exec is seen
 * when the system call returns: what it pointed to has been read by the kernel by then. That hook
 * runs for every system call on the host, so it is loaded only when failed execs are asked for.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "syscall.h"

#define PATH_SIZE 4096 /* PATH_MAX */
#define ARGS_SIZE 8192
#define ARG_SIZE 4096 /* of one argument of a failed exec */
#define STRINGS_SIZE (PATH_SIZE + ARGS_SIZE)
#define NO_UID 0xffffffff

/* trace this user only */
const volatile __u32 targ_uid = NO_UID;
/* arguments of a failed exec that are read at most */
const volatile __u32 max_args = 20;

/* events that did not fit into the ring */
__u64 lost;

struct event {
	__u64 time; /* ns since boot */
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	__s32 ret;
	__u32 path_size; /* of strings: the path with its NUL */
	__u32 args_size; /* of strings: the arguments behind the path, a NUL behind each */
	__u32 args_cut; /* there are more arguments, or longer ones */
	__u32 script; /* the file is run by an interpreter, which stands before it in args */
	char comm[16];
	__u8 strings[];
};
_Static_assert(sizeof(struct event) == __builtin_offsetof(struct event, strings),
	       "padding behind an event would carry old bytes of the scratch");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
	__type(value, struct event);
} events SEC(".maps");

/* where an event is put together: it is too big for the stack, and its size varies */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct event) + STRINGS_SIZE);
} scratches SEC(".maps");

static __always_inline struct event *begin_event(struct task_struct *task, int ret)
{
	__u32 zero = 0, uid = bpf_get_current_uid_gid();
	struct event *event;

	if (targ_uid != NO_UID && targ_uid != uid)
		return NULL;
	event = bpf_map_lookup_elem(&scratches, &zero);
	if (!event)
		return NULL;
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = uid;
	event->ret = ret;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	return event;
}

static __always_inline void send_event(struct event *event)
{
	__u32 size = event->path_size + event->args_size;

	if (size > STRINGS_SIZE)
		size = STRINGS_SIZE;
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + size, 0))
		__sync_fetch_and_add(&lost, 1);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(handle_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct event *event = begin_event(task, 0);
	__u64 start, size;
	long length;

	if (!event)
		return 0;
	length = bpf_probe_read_kernel_str(event->strings, PATH_SIZE, bprm->filename);
	if (length < 0 || length > PATH_SIZE)
		length = 0;
	event->path_size = length;
	event->script = bprm->interp != bprm->filename;

	start = task->mm->arg_start;
	size = task->mm->arg_end - start;
	if (size > ARGS_SIZE) {
		size = ARGS_SIZE;
		event->args_cut = true;
	}
	if (bpf_probe_read_user(event->strings + length, size, (void *)start) == 0)
		event->args_size = size;
	else
		event->args_cut = true;
	send_event(event);
	return 0;
}

/* Reads argv of a failed exec, string by string, behind the path. */
static __always_inline void read_args(struct event *event, __u64 argv, bool compat)
{
	__u64 end = event->path_size;
	__u32 i;

	for (i = 0; i <= max_args && i <= 1024; i++) {
		__u64 arg = 0;
		long length;

		if (bpf_probe_read_user(&arg, compat ? 4 : 8,
					(void *)argv + i * (compat ? 4 : 8)) ||
		    !arg)
			break;
		if (i == max_args || i == 1024 || end > STRINGS_SIZE - ARG_SIZE) {
			event->args_cut = true;
			break;
		}
		length = bpf_probe_read_user_str(event->strings + end, ARG_SIZE, (void *)arg);
		if (length <= 0 || length > ARG_SIZE) {
			event->args_cut = true;
			break;
		}
		if (length == ARG_SIZE)
			event->args_cut = true;
		end += length;
	}
	event->args_size = end - event->path_size;
}

/* Which argument of system call nr is the path (argv is the next), or -1 if it is no exec. */
static __always_inline int exec_path_argument(int nr, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	if (compat) /* arch/x86/entry/syscalls/syscall_32.tbl */
		return nr == 11 ? 0 : nr == 358 ? 1 : -1;
	if (nr & X32_SYSCALL_BIT) /* syscall_64.tbl; x32 has its own numbers for these two */
		return nr == (X32_SYSCALL_BIT | 520) ? 0 : nr == (X32_SYSCALL_BIT | 545) ? 1 : -1;
	return nr == 59 ? 0 : nr == 322 ? 1 : -1;
#elif defined(__TARGET_ARCH_arm64)
	if (compat) /* arch/arm64/tools/syscall_32.tbl */
		return nr == 11 ? 0 : nr == 387 ? 1 : -1;
	return nr == 221 ? 0 : nr == 281 ? 1 : -1; /* include/uapi/asm-generic/unistd.h */
#endif
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_failure, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct event *event;
	__u64 path, argv;
	bool compat;
	long length;
	int first;

	if (ret >= 0)
		return 0;
	compat = syscall_is_compat();
	first = exec_path_argument(syscall_nr(regs), compat);
	if (first < 0)
		return 0;

	task = (void *)bpf_get_current_task();
	event = begin_event(task, ret);
	if (!event)
		return 0;
	path = compat ? syscall_arg32(regs, first) : syscall_arg(regs, first);
	argv = compat ? syscall_arg32(regs, first + 1) : syscall_arg(regs, first + 1);
	length = bpf_probe_read_user_str(event->strings, PATH_SIZE, (void *)path);
	if (length < 0 || length > PATH_SIZE)
		length = 0;
	event->path_size = length;
	read_args(event, argv, compat);
	send_event(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
