// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of exitsnoop: an event when a process ends, or each of its threads, with what it used and who
 * killed it.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "exit.h"
#include "kinds.h"
#include "targets.h"

#define ARGS_SIZE 4096

/* an event for each thread, not for each process */
const volatile bool threaded;
/* only what did not end with exit code 0 */
const volatile bool failed;
/* what is gathered besides numbers */
const volatile bool with_cgroup;
const volatile bool with_args;

struct event {
	boot_ns time;
	duration_ns duration_ns; /* from the fork to the end */
	duration_ns cpu_ns; /* on a CPU, as the scheduler measured it */
	duration_ns user_ns; /* the same as ticks have sampled it */
	duration_ns system_ns;
	cgroup_id cgroup_id;
	__u64 max_rss_pages;
	__u64 minor_faults;
	__u64 major_faults;
	__u64 voluntary_switches;
	__u64 involuntary_switches;
	pid pid;
	tid tid;
	pid ppid;
	uid uid;
	__u32 status; /* as wait(2) returns it */
	pid killer_pid; /* 0 if no process sent the signal */
	/* sizes of what follows in strings, in this order */
	__u32 cgroup_size;
	__u32 args_size; /* a NUL behind each */
	__u32 args_cut;
	__u32 args_known;
	comm comm;
	comm killer_comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2 * 1024 + ARGS_SIZE) /* PARTS_ROOM and the arguments */
#include "args.h"
#include "paths.h"

/* Signals that end no process by default: SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH */
#define HARMLESS \
	(1U << 17 | 1U << 18 | 1U << 19 | 1U << 20 | 1U << 21 | 1U << 22 | 1U << 23 | 1U << 28)
#define SEND_SIG_NOINFO 0 /* include/linux/sched/signal.h: from the current task */
#define SEND_SIG_PRIV 1 /* from the kernel */
#define SI_USER 0 /* include/uapi/asm-generic/siginfo.h */
#define SI_QUEUE -1
#define SI_TKILL -6
#define TRACE_SIGNAL_DELIVERED 0 /* include/trace/events/signal.h */

struct sent {
	__u32 pid; /* to this process */
	__u32 signal;
};

struct killer {
	__u64 start; /* of the process that it was sent to: pids are used again */
	__u32 pid;
	char comm[16];
};

/* who has sent signals that may end a process */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct sent);
	__type(value, struct killer);
} killers SEC(".maps");

static __always_inline bool is_sent_by_current(struct kernel_siginfo *info)
{
	int code;

	if ((long)info == SEND_SIG_NOINFO)
		return true;
	if ((long)info == SEND_SIG_PRIV)
		return false;
	code = BPF_CORE_READ(info, si_code);
	return code == SI_USER || code == SI_QUEUE || code == SI_TKILL;
}

/* Runs with interrupts off: this form is right on every kernel. */
SEC("raw_tp/signal_generate")
int BPF_PROG(btf_signal, int signal, struct kernel_siginfo *info, struct task_struct *task,
	     int group, int result)
{
	struct sent sent = { .signal = signal };
	struct killer killer = {};

	if (result != TRACE_SIGNAL_DELIVERED || (signal < 32 && HARMLESS & 1U << signal))
		return 0;
	sent.pid = BPF_CORE_READ(task, tgid);
	if (!is_sent_by_current(info)) {
		bpf_map_delete_elem(&killers, &sent);
		return 0;
	}
	killer.start = BPF_CORE_READ(task, group_leader, start_boottime);
	killer.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(killer.comm, sizeof(killer.comm));
	bpf_map_update_elem(&killers, &sent, &killer, BPF_ANY);
	return 0;
}

static __always_inline void fill_killer(struct event *event, __u64 start)
{
	struct sent sent = { .pid = event->pid, .signal = event->status & 0x7f };
	struct killer *killer = bpf_map_lookup_elem(&killers, &sent);

	if (!sent.signal || !killer || killer->start != start)
		return;
	event->killer_pid = killer->pid;
	__builtin_memcpy(event->killer_comm, killer->comm, sizeof(killer->comm));
}

static __always_inline void add_usage(struct event *event, struct task_struct *task)
{
	event->cpu_ns += BPF_CORE_READ(task, se.sum_exec_runtime);
	event->user_ns += BPF_CORE_READ(task, utime);
	event->system_ns += BPF_CORE_READ(task, stime);
	event->minor_faults += BPF_CORE_READ(task, min_flt);
	event->major_faults += BPF_CORE_READ(task, maj_flt);
	event->voluntary_switches += BPF_CORE_READ(task, nvcsw);
	event->involuntary_switches += BPF_CORE_READ(task, nivcsw);
}

/* What the threads have used that are gone, and the most memory that the process had. */
static __always_inline void add_signal_usage(struct event *event, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	event->cpu_ns += BPF_CORE_READ(signal, sum_sched_runtime);
	event->user_ns += BPF_CORE_READ(signal, utime);
	event->system_ns += BPF_CORE_READ(signal, stime);
	event->minor_faults += BPF_CORE_READ(signal, min_flt);
	event->major_faults += BPF_CORE_READ(signal, maj_flt);
	event->voluntary_switches += BPF_CORE_READ(signal, nvcsw);
	event->involuntary_switches += BPF_CORE_READ(signal, nivcsw);
	event->max_rss_pages = BPF_CORE_READ(signal, maxrss);
}

__noinline int write_cgroup(void)
{
	struct event *event = begun_record();

	return event ? append_cgroup(event, (void *)bpf_get_current_task()) : 0;
}

/* From Linux 6.16 on the process still has its memory here. */
static __always_inline void fill_args(struct event *event, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	if (!mm)
		return;
	event->args_known = true;
	event->args_size = append_args(event, mm, ARGS_SIZE, &event->args_cut);
}

static __always_inline int on_exit(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *named = threaded ? task : leader;
	struct event *event;
	__u32 status;

	if (!is_target() || (!threaded && !is_process_end(task)))
		return 0;
	status = threaded ? BPF_CORE_READ(task, exit_code) : wait_status(task);
	if (failed && !status)
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->duration_ns = event->time - BPF_CORE_READ(named, start_boottime);
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = BPF_CORE_READ(task, tgid);
	event->tid = BPF_CORE_READ(task, pid);
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	event->status = status;
	BPF_CORE_READ_STR_INTO(&event->comm, named, comm);
	add_usage(event, task);
	if (!threaded) {
		add_signal_usage(event, task);
		if (task != leader)
			add_usage(event, leader);
	}
	fill_killer(event, BPF_CORE_READ(leader, start_boottime));
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	if (with_args)
		fill_args(event, task);
	send_record(event);
	return 0;
}

/* In two forms, of which one is loaded: lib/tool/trace/hooks.ts says when, and why. */

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_exit, struct task_struct *task)
{
	return on_exit(task);
}

SEC("tp/sched/sched_process_exit")
int tp_exit(void *ctx)
{
	return on_exit((void *)bpf_get_current_task());
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
