// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of execsnoop: one event for every exec; on request also one for every end.
 *
 * A successful exec is seen at sched_process_exec, no matter who called it and how (execve, execveat,
 * fexecve, a 32-bit program, a thread that is not the leader). The arguments are then read from
 * where the kernel has just copied them to, so they are always in memory. A failed exec is seen
 * when the system call returns: what it pointed to has been read by the kernel by then. That hook
 * runs for every system call on the host, so it is loaded only when failed execs are asked for.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "exit.h"
#include "kinds.h"
#include "syscall.h"
#include "targets.h"
#include "task_flags.h"

#define TASK_COMM_LEN 16
#define EI_CLASS 4 /* include/uapi/linux/elf.h */
#define ELFCLASS32 1
#define BINPRM_FLAGS_PRESERVE_ARGV0 (1 << 3) /* include/linux/binfmts.h, from Linux 5.12 on */
#define SIGKILL 9
#define SIGSEGV 11
#define NO_ID 0xffffffff /* a login uid or audit session that was never set */

#define PATH_SIZE 4096 /* PATH_MAX */
#define ARGS_SIZE 8192 /* of the environment too */
#define ARG_SIZE 4096 /* of one argument of a failed exec */
#define MAX_ARGS 1024
#define MAX_ANCESTORS 16

/* arguments of a failed exec that are read at most */
const volatile __u32 max_args = 20;
/* bytes of arguments, and of environment, that are read at most */
const volatile __u32 args_bytes = ARGS_SIZE;
const volatile __u32 env_bytes = 0;
/* parents that are followed */
const volatile __u32 max_ancestors = 0;
/* what is reported of the process besides its pid, parent and user */
const volatile bool with_details = true;
/* paths that are sent besides the one that was executed */
const volatile bool with_cwd = true;
const volatile bool with_exe = true;
const volatile bool with_cgroup = true;
/* which ends are reported: of processes that executed something, and of those that never did */
const volatile bool exits = false;
const volatile bool forks = false;

enum event_kind {
	EXEC,
	EXIT, /* a process ended that had executed something */
	FORK, /* a process ended that never did */
};

struct event {
	boot_ns time;
	boot_ns start; /* of the process */
	enum event_kind kind;
	pid pid;
	pid ns_pid; /* the pid in the process's own pid namespace */
	pid ppid;
	uid uid;
	gid gid;
	__u32 loginuid;
	__u32 sessionid; /* the audit subsystem's */
	pid sid; /* the session of setsid(2) */
	ns_inum mntns;
	__s32 ret;
	__u32 status; /* at the end, as wait(2) returns it */
	__u32 compat; /* a 32-bit program, or a failed 32-bit call */
	__u32 script; /* the file is run by an interpreter, which stands before it in args */
	__u32 keeps_argv0; /* of such a file: argv[0] stands behind it in args */
	__u32 args_cut; /* there are more arguments, or longer ones */
	__u32 env_cut;
	/* sizes of what follows in strings, in this order */
	__u32 path_size;
	__u32 cwd_size;
	__u32 exe_size;
	__u32 cgroup_size;
	__u32 ancestors_size; /* their names, a NUL behind each */
	__u32 args_size; /* a NUL behind each */
	__u32 env_size;
	__u32 ancestor_pids[MAX_ANCESTORS];
	comm comm;
	comm parent_comm;
	char tty[24];
	__u8 strings[];
};

#define ANCESTORS_SIZE (2 * MAX_ANCESTORS * TASK_COMM_LEN)
#define STRINGS_SIZE (PATH_SIZE + 3 * PARTS_ROOM + ANCESTORS_SIZE + 2 * ARGS_SIZE)
#define EVENTS_SIZE (1 << 20)
#include "paths.h"

#ifdef BRIEF
#include "execsnoop/brief.h"
#else
#include "execsnoop/details.h"
#endif

/*
 * The functions that write strings are global: the verifier looks at each of them once, and not
 * again for every way that leads there. They may take numbers only, so each finds the event and the
 * task by itself. They append to the record and return the size of what they appended.
 */

/* Appends memory of the process from start to stop, `most` bytes at most; `cut` says if there is more. */
static __always_inline __u32 append_range(struct event *event, __u64 start, __u64 stop, __u32 most,
					  __u32 *cut)
{
	__u64 size = stop - start;

	if (size > most) {
		size = most;
		*cut = true;
	}
	return append_user_bytes(event, (void *)start, size, ARGS_SIZE, cut);
}

__noinline int write_args(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct event *event = begun_record();

	if (!event)
		return 0;
	return append_range(event, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end),
			    args_bytes, &event->args_cut);
}

__noinline int write_env(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct event *event = begun_record();

	if (!event)
		return 0;
	return append_range(event, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end),
			    env_bytes, &event->env_cut);
}

/* argv of a failed exec, string by string. */
__noinline int write_argv(__u64 argv, bool compat)
{
	struct event *event = begun_record();
	__u64 size = 0;
	__u8 *to;
	__u32 i;

	if (!event)
		return 0;
	/* the last one may go beyond the arguments' part: there is no environment here */
	to = room_for(event, 2 * ARGS_SIZE);
	if (!to)
		return 0;
	for (i = 0; i <= max_args && i <= MAX_ARGS; i++) {
		__u64 arg = 0;
		long length, unreadable;

		if (compat)
			unreadable = bpf_probe_read_user(&arg, 4, (void *)argv + 4 * i);
		else
			unreadable = bpf_probe_read_user(&arg, 8, (void *)argv + 8 * i);
		if (argv && unreadable)
			event->args_cut = true;
		if (!arg)
			break;
		if (i == max_args || i == MAX_ARGS || size >= args_bytes || size > ARGS_SIZE) {
			event->args_cut = true;
			break;
		}
		length = bpf_probe_read_user_str(to + size, ARG_SIZE, (void *)arg);
		if (length <= 0 || length > ARG_SIZE) {
			event->args_cut = true;
			break;
		}
		if (length == ARG_SIZE)
			event->args_cut = true;
		size = grow(size, length, arg, 2 * ARGS_SIZE);
	}
	if (size > args_bytes) {
		size = args_bytes;
		event->args_cut = true;
	}
	return keep_written(event, size);
}

static __always_inline struct event *begin_event(struct task_struct *task, enum event_kind kind)
{
	struct event *event;
	__u64 uid_gid;

	/* at its end a process may have another name or parent: the user half knows its exec */
	if (kind != EXIT && !is_target())
		return NULL;
	event = begin_record();
	if (!event)
		return NULL;
	uid_gid = bpf_get_current_uid_gid();
	event->time = bpf_ktime_get_boot_ns();
	event->start = BPF_CORE_READ(task, group_leader, start_boottime);
	event->kind = kind;
	event->pid = BPF_CORE_READ(task, tgid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = uid_gid;
	event->gid = uid_gid >> 32;
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	if (with_details)
		fill_details(event, task);
	return event;
}

/* What sched_process_exec alone has, and its classic form does not. */
struct image {
	bool script; /* the file is run by an interpreter */
	bool keeps_argv0;
	bool compat;
};

static __always_inline struct image image_of(struct linux_binprm *bprm)
{
	struct image image = {
		.script = BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename),
	};
	char class = 0;

	bpf_core_read(&class, sizeof(class), &bprm->buf[EI_CLASS]);
	image.compat = class == ELFCLASS32;
	image.keeps_argv0 = BPF_CORE_READ(bprm, interp_flags) & BINPRM_FLAGS_PRESERVE_ARGV0;
	return image;
}

static __always_inline int on_exec(const void *filename, struct image image)
{
	struct event *event = begin_event((void *)bpf_get_current_task(), EXEC);

	if (!event)
		return 0;
	event->script = image.script;
	event->keeps_argv0 = image.keeps_argv0;
	event->compat = image.compat;
	event->path_size = append_kernel_string(event, filename, PATH_SIZE, NULL);
	write_process(event);
	event->args_size = write_args();
	if (env_bytes)
		event->env_size = write_env();
	send_record(event);
	return 0;
}

/* Each hook in two forms, of which one is loaded: lib/tool/trace/hooks.ts says when, and why. */

SEC("raw_tp/sched_process_exec")
int BPF_PROG(btf_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return on_exec(BPF_CORE_READ(bprm, filename), image_of(bprm));
}

/* from tp_image to tp_exec: what processes are about to run */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct image);
} images SEC(".maps");

/* from Linux 6.10 on; by process, because it may be another thread's id that the exec leaves */
SEC("raw_tp/sched_prepare_exec")
int BPF_PROG(tp_image, struct task_struct *task, struct linux_binprm *bprm)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct image image = image_of(bprm);

	bpf_map_update_elem(&images, &pid, &image, BPF_ANY);
	return 0;
}

SEC("tp/sched/sched_process_exec")
int tp_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	/* the upper half of __data_loc is the length */
	const void *filename = (void *)ctx + (__u16)ctx->__data_loc_filename;
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct image unknown = {}, *image = bpf_map_lookup_elem(&images, &pid);

	on_exec(filename, image ? *image : unknown);
	bpf_map_delete_elem(&images, &pid);
	return 0;
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

/*
 * Whether an exec has failed when the memory of the old program was gone already: bprm_execve() kills the
 * process then. Path and arguments cannot be read any more; at their addresses may be something else.
 */
static __always_inline bool is_past_return(struct task_struct *task)
{
	__u64 pending = BPF_CORE_READ(task, pending.signal.sig[0]);

	return pending & (1UL << (SIGKILL - 1) | 1UL << (SIGSEGV - 1));
}

/* A system call returns, and a failed exec is reported. */
static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event;
	__u64 path, argv;
	bool compat;
	int first;

	if (ret >= 0)
		return 0;
	compat = syscall_is_compat();
	first = exec_path_argument(syscall_number(regs), compat);
	if (first < 0)
		return 0;
	event = begin_event(task, EXEC);
	if (!event)
		return 0;
	event->ret = ret;
	event->compat = compat;
	event->env_cut = env_bytes > 0; /* it is read of programs that run */
	if (is_past_return(task)) {
		event->args_cut = true;
		write_process(event);
		send_record(event);
		return 0;
	}
	path = compat ? syscall_arg32(regs, first) : syscall_arg(regs, first);
	argv = compat ? syscall_arg32(regs, first + 1) : syscall_arg(regs, first + 1);
	event->path_size = append_user_string(event, (void *)path, PATH_SIZE, NULL);
	write_process(event);
	event->args_size = write_argv(argv, compat);
	send_record(event);
	return 0;
}

#include "sys_exit.h"

static __always_inline int on_end(struct task_struct *task)
{
	bool forked = BPF_CORE_READ(task, group_leader, flags) & PF_FORKNOEXEC;
	struct event *event;

	if (!(forked ? forks : exits) || !is_process_end(task))
		return 0;
	event = begin_event(task, forked ? FORK : EXIT);
	if (!event)
		return 0;
	event->status = wait_status(task);
	send_record(event);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_end, struct task_struct *task)
{
	return on_end(task);
}

SEC("tp/sched/sched_process_exit")
int tp_end(void *ctx)
{
	return on_end((void *)bpf_get_current_task());
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
