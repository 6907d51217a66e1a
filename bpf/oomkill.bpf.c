// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of oomkill: an event for each process that the kernel kills for lack of memory.
 *
 * The tracepoint mark_victim also fires for processes that are about to end by themselves and are only let
 * at the last reserve of memory. A victim that is killed has got a SIGKILL from the same thread just before.
 * The kernel holds locks at these hooks, so no task loses its CPU there: their forms are right on every kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "task_targets.h"

#define ARGS_SIZE 4096
#define SIGKILL 9
#define SEND_SIG_PRIV 1 /* include/linux/sched/signal.h: from the kernel */
#define TRACE_SIGNAL_DELIVERED 0 /* include/trace/events/signal.h */

struct event {
	boot_ns time;
	/* pages that the victim had */
	__u64 total_vm;
	__u64 file_rss;
	__u64 anon_rss;
	__u64 shmem_rss;
	__u64 pgtables_bytes;
	__u64 total_pages; /* of what ran out */
	pid pid;
	uid uid;
	pid trigger_pid; /* the process that asked for memory */
	__s32 oom_score_adj;
	__s32 constraint; /* enum oom_constraint */
	__s32 order; /* 2^order pages were asked for, or -1 */
	__u8 cause_known; /* total_pages, constraint, order and group_kill are */
	__u8 group_kill; /* another process of its cgroup was chosen */
	__u8 unused[2];
	/* sizes of what follows in strings, in this order */
	__u32 cgroup_size;
	__u32 args_size; /* a NUL behind each */
	__u32 args_cut;
	comm comm;
	comm trigger_comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2 * 1024 + ARGS_SIZE) /* PARTS_ROOM and the arguments */
#include "args.h"
#include "paths.h"

/* The task that the kernel has sent a SIGKILL last, by the thread that did so. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} killed SEC(".maps");

SEC("raw_tp/signal_generate")
int BPF_PROG(btf_signal, int signal, struct kernel_siginfo *info, struct task_struct *task,
	     int group, int result)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 victim = (__u64)task;

	if (signal == SIGKILL && (long)info == SEND_SIG_PRIV && result == TRACE_SIGNAL_DELIVERED)
		bpf_map_update_elem(&killed, &tid, &victim, BPF_ANY);
	return 0;
}

/* Why the kernel looks for a victim. It does so for one thread at a time: it holds oom_lock. */
struct oom_cause {
	__u64 total_pages;
	__u32 tid; /* of the thread that asked for memory */
	__u32 chosen_pid;
	__s32 constraint;
	__s32 order;
};

struct oom_cause cause;

/* Where there are kprobes. */
SEC("kprobe/oom_kill_process")
int BPF_KPROBE(kprobe_cause, struct oom_control *control)
{
	cause.tid = bpf_get_current_pid_tgid();
	cause.chosen_pid = BPF_CORE_READ(control, chosen, tgid);
	cause.total_pages = BPF_CORE_READ(control, totalpages);
	cause.constraint = BPF_CORE_READ(control, constraint);
	cause.order = BPF_CORE_READ(control, order);
	return 0;
}

static __always_inline void fill_cause(struct event *event)
{
	if (cause.tid != (__u32)bpf_get_current_pid_tgid())
		return;
	event->cause_known = true;
	event->group_kill = cause.chosen_pid != event->pid;
	event->total_pages = cause.total_pages;
	event->constraint = cause.constraint;
	event->order = cause.order;
}

/*
 * Pages are counted by the mm in this form until Linux 6.1, and by CPU since. The struct has no name: libbpf
 * would look for it among the types of modules, for which it needs CAP_SYS_ADMIN.
 */
struct mm_struct___old {
	struct {
		atomic_long_t count[4];
	} rss_stat;
} __attribute__((preserve_access_index));

struct mm_struct___new {
	struct percpu_counter rss_stat[4];
} __attribute__((preserve_access_index));

/* Pages of one kind. What CPUs have not added up yet is missing, as it is in the kernel's own message. */
#define RSS(mm, kind)                                                                     \
	({                                                                                \
		struct mm_struct___old *rss_old = (void *)(mm);                           \
		struct mm_struct___new *rss_new = (void *)(mm);                           \
		long rss_pages;                                                           \
                                                                                          \
		if (bpf_core_field_exists(struct mm_struct___old, rss_stat.count))        \
			rss_pages = BPF_CORE_READ(rss_old, rss_stat.count[kind].counter); \
		else                                                                      \
			rss_pages = BPF_CORE_READ(rss_new, rss_stat[kind].count);         \
		rss_pages < 0 ? 0 : rss_pages;                                            \
	})

static __always_inline void fill_memory(struct event *event, struct mm_struct *mm)
{
	event->total_vm = BPF_CORE_READ(mm, total_vm);
	event->file_rss = RSS(mm, MM_FILEPAGES);
	event->anon_rss = RSS(mm, MM_ANONPAGES);
	event->shmem_rss = RSS(mm, MM_SHMEMPAGES);
	event->pgtables_bytes = BPF_CORE_READ(mm, pgtables_bytes.counter);
}

/* The cgroup that limits the memory of a task, of version 1 or 2. */
static __always_inline struct cgroup *memory_cgroup(struct task_struct *task)
{
	__u32 id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct css_set *cgroups = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = NULL;

	bpf_probe_read_kernel(&state, sizeof(state), &cgroups->subsys[id]);
	return BPF_CORE_READ(state, cgroup);
}

/* The tracepoint's argument is the task, or until Linux 6.8, unless a distribution has changed that, its pid. */
static __always_inline bool is_marked(__u64 argument, struct task_struct *task)
{
	if (bpf_core_field_exists(struct trace_event_raw_mark_victim, total_vm))
		return argument == (__u64)task;
	return (int)argument == BPF_CORE_READ(task, pid);
}

SEC("raw_tp/mark_victim")
int btf_victim(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *victim = bpf_map_lookup_elem(&killed, &tid);
	struct task_struct *task;
	struct mm_struct *mm;
	struct event *event;

	if (!victim)
		return 0;
	task = (void *)*victim;
	if (!is_marked(ctx->args[0], task) || !is_target_task(task))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->pid = BPF_CORE_READ(task, tgid);
	event->uid = BPF_CORE_READ(task, real_cred, uid.val);
	event->oom_score_adj = BPF_CORE_READ(task, signal, oom_score_adj);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	event->trigger_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->trigger_comm, sizeof(event->trigger_comm));
	fill_cause(event);
	mm = BPF_CORE_READ(task, mm);
	fill_memory(event, mm);
	event->cgroup_size = append_cgroup_path(event, memory_cgroup(task));
	/* of another process no memory can be read here */
	if (mm == BPF_CORE_READ(current_task(), mm))
		event->args_size = append_args(event, mm, ARGS_SIZE, &event->args_cut);
	send_record(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
