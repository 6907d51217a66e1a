// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of sigsnoop: an event for each signal that is sent, by whomever, or for each system call that
 * sends signals, also if it fails. On request also one for each delivery, which the user half joins to the
 * signal.
 *
 * signal_generate and signal_deliver fire with interrupts off: one form of hook is right on every kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "pids.h"
#include "syscall.h"
#include "targets.h"

#define SEND_SIG_NOINFO 0 /* include/linux/sched/signal.h: from the current task */
#define SEND_SIG_PRIV 1 /* from the kernel */
#define SIGNAL_GROUP_EXIT 0x4
#define SI_USER 0 /* include/uapi/asm-generic/siginfo.h */
#define SI_KERNEL 0x80
#define SI_TIMER \
	-2 /* what the kernel sends with a code below 0: of timers, queues, aio, files, names */
#define SI_SIGIO -5
#define SI_ASYNCNL -60
#define SIGKILL 9 /* include/uapi/asm-generic/signal.h */
#define SIGCHLD 17
#define EBADF 9

/* which signals are shown: bit n is signal n + 1 */
const volatile __u64 signals = ~0ULL;
/* signal 0 as well, and numbers that are no signals: calls check them */
const volatile bool any_number = true;
/* only signals for this process, if it is not 0 */
const volatile __u32 targ_receiver;
/* only signals that a process has sent, for the tool's targets are senders */
const volatile bool by_sender;
/* only calls that fail */
const volatile bool failed;

enum event_kind {
	SIGNAL_SENT, /* one is sent */
	SIGNAL_HANDLED, /* the current thread, the target, handles one */
	SENDING_CALL, /* a system call that sends some */
};

struct event {
	boot_ns time;
	__u64 handler; /* of a delivery: SIG_DFL, SIG_IGN, or an address */
	enum event_kind kind;
	signal_nr signal;
	__s32 code; /* si_code */
	__s32 result; /* of a signal: enum of include/trace/events/signal.h */
	__s32 ret; /* of a call: 0, or a negated errno */
	__s32 argument; /* of a call: a pid, 0, -1, a negated group, or a descriptor */
	__s32 syscall;
	pid pid; /* the sender */
	tid tid;
	uid uid;
	pid target_pid; /* 0 if there is none, or more than one */
	tid target_tid;
	uid target_uid;
	__u8 has_sender;
	__u8 from_kernel;
	__u8 group; /* for the process, not for one of its threads */
	__u8 fatal; /* it ends the process: the kernel delivers SIGKILL */
	__u8 compat; /* a 32-bit system call */
	__u8 by_pidfd;
	__u8 unused[2];
	comm comm;
	comm target_comm;
};

#include "events.h"

static __always_inline bool is_wanted_signal(__u32 signal)
{
	if (signal - 1 < 64)
		return signals & 1ULL << (signal - 1);
	return any_number;
}

static __always_inline void fill_sender(struct event *event)
{
	__u64 id = bpf_get_current_pid_tgid();

	event->has_sender = true;
	event->pid = id >> 32;
	event->tid = id;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

static __always_inline void fill_target(struct event *event, struct task_struct *task)
{
	event->target_pid = BPF_CORE_READ(task, tgid);
	event->target_tid = BPF_CORE_READ(task, pid);
	event->target_uid = BPF_CORE_READ(task, real_cred, uid.val);
	BPF_CORE_READ_STR_INTO(&event->target_comm, task, comm);
}

static __always_inline int code_of(struct kernel_siginfo *info)
{
	if ((long)info == SEND_SIG_NOINFO)
		return SI_USER;
	if ((long)info == SEND_SIG_PRIV)
		return SI_KERNEL;
	return BPF_CORE_READ(info, si_code);
}

static __always_inline bool is_code_of_kernel(int code)
{
	return code > 0 || (code <= SI_TIMER && code >= SI_SIGIO) || code == SI_ASYNCNL;
}

/* Whether the current task is a child of this one. */
static __always_inline bool is_child_of(struct task_struct *task)
{
	struct task_struct *child = BPF_CORE_READ(current_task(), group_leader);
	int pid = BPF_CORE_READ(task, tgid);

	return BPF_CORE_READ(child, real_parent, tgid) == pid ||
	       BPF_CORE_READ(child, parent, tgid) == pid;
}

SEC("raw_tp/signal_generate")
int BPF_PROG(btf_signal, int signal, struct kernel_siginfo *info, struct task_struct *task,
	     int group, int result)
{
	int code = code_of(info);
	bool from_kernel = is_code_of_kernel(code);
	/* the kernel interrupts anybody; a child that has ended or stopped has caused the signal itself */
	bool has_sender =
		!from_kernel || (signal == SIGCHLD && code < SI_KERNEL && is_child_of(task));
	struct signal_struct *process;
	struct event *event;

	if (!is_wanted_signal(signal) || (has_sender ? !is_target() : by_sender))
		return 0;
	if (targ_receiver && targ_pid_of(task) != targ_receiver)
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->kind = SIGNAL_SENT;
	event->signal = signal;
	event->code = code;
	event->result = result;
	event->group = group;
	event->from_kernel = from_kernel;
	if (has_sender)
		fill_sender(event);
	fill_target(event, task);
	process = BPF_CORE_READ(task, signal);
	event->fatal = BPF_CORE_READ(process, flags) & SIGNAL_GROUP_EXIT &&
		       BPF_CORE_READ(process, group_exit_code) == signal;
	submit_event(event);
	return 0;
}

SEC("raw_tp/signal_deliver")
int BPF_PROG(btf_delivery, int signal, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct event *event;

	if (signal != SIGKILL && !is_wanted_signal(signal))
		return 0;
	if (targ_receiver && targ_pid_of(current_task()) != targ_receiver)
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->kind = SIGNAL_HANDLED;
	event->signal = signal;
	event->handler = (__u64)BPF_CORE_READ(action, sa.sa_handler);
	fill_target(event, current_task());
	submit_event(event);
	return 0;
}

/* How a system call that sends signals names their target. */
enum naming {
	NO_SENDER, /* it is another one */
	BY_ID, /* kill, tkill, rt_sigqueueinfo */
	BY_PROCESS_AND_ID, /* tgkill, rt_tgsigqueueinfo */
	BY_PIDFD, /* pidfd_send_signal */
};

static __always_inline enum naming naming_of(int nr, bool compat)
{
	if (nr == 424) /* the same everywhere */
		return BY_PIDFD;
#if defined(__TARGET_ARCH_x86)
	if (compat) { /* arch/x86/entry/syscalls/syscall_32.tbl */
		if (nr == 37 || nr == 238 || nr == 178)
			return BY_ID;
		return nr == 270 || nr == 335 ? BY_PROCESS_AND_ID : NO_SENDER;
	}
	/* syscall_64.tbl; x32 has its own numbers for the last one of each */
	if (nr == 62 || nr == 200 || nr == 129 || nr == 524)
		return BY_ID;
	return nr == 234 || nr == 297 || nr == 536 ? BY_PROCESS_AND_ID : NO_SENDER;
#elif defined(__TARGET_ARCH_arm64)
	if (compat) { /* arch/arm64/tools/syscall_32.tbl */
		if (nr == 37 || nr == 238 || nr == 178)
			return BY_ID;
		return nr == 268 || nr == 363 ? BY_PROCESS_AND_ID : NO_SENDER;
	}
	/* include/uapi/asm-generic/unistd.h */
	if (nr == 129 || nr == 130 || nr == 138)
		return BY_ID;
	return nr == 131 || nr == 240 ? BY_PROCESS_AND_ID : NO_SENDER;
#endif
}

static __always_inline int system_call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return syscall_number(regs) & ~X32_SYSCALL_BIT;
#else
	return syscall_number(regs);
#endif
}

/* The thread that a call names, or NULL if it is gone, or there are several. */
static __always_inline struct task_struct *named_task(enum naming naming, int argument, int ret)
{
	if (naming == BY_PIDFD)
		return ret == -EBADF ? NULL : task_of_pid(pid_of_pidfd(argument));
	if (argument <= 0)
		return NULL;
	return task_of_pid(find_pid(current_pid_namespace(), argument));
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	int nr = system_call_number(regs), argument, signal;
	enum naming naming = naming_of(nr, false), naming32 = naming_of(nr, true);
	struct task_struct *task;
	struct syscall_args args;
	struct event *event;
	bool compat;

	if ((!naming && !naming32) || (failed && ret >= 0))
		return 0;
	compat = syscall_is_compat();
	if (compat)
		naming = naming32;
	if (!naming)
		return 0;
	args = syscall_args(regs);
	argument = naming == BY_PROCESS_AND_ID ? args.second : args.first;
	signal = naming == BY_PROCESS_AND_ID ? args.third : args.second;
	if (!is_wanted_signal(signal) || !is_target())
		return 0;
	task = named_task(naming, argument, ret);
	/* a process that is gone is known by the number that the sender has for it */
	if (targ_receiver && targ_receiver != (task ? targ_pid_of(task) : argument))
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->kind = SENDING_CALL;
	event->signal = signal;
	event->ret = ret;
	event->argument = argument;
	event->by_pidfd = naming == BY_PIDFD;
	event->syscall = nr;
	event->compat = compat;
	fill_sender(event);
	if (task)
		fill_target(event, task);
	submit_event(event);
	return 0;
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
