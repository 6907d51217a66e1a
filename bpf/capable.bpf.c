// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of capable: an event for each check of a capability, with its outcome. The function that
 * decides, cap_capable() of security/commoncap.c, also knows why it was asked. The tracepoint in it, which is
 * there from Linux 6.14 on, does not, but needs nothing that hardened kernels lack. One of three is loaded:
 * the function's end (fexit), its entry and return (arm64 before Linux 6.4), or the tracepoint.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "syscall.h"
#include "targets.h"

#define CAP_OPT_NOAUDIT 2 /* include/linux/security.h */

/* capabilities that are shown, bit by bit */
const volatile __u64 caps = ~0ULL;
/* checks that are shown: refused ones; those that may be audited */
const volatile bool denied;
const volatile bool audit;
/* bytes of stacks, 8 a frame */
const volatile __u64 kernel_stack_bytes;
const volatile __u64 user_stack_bytes;
const volatile bool with_cgroup;

enum repeats {
	EVERY, /* every check is shown */
	BY_PID, /* one of each process, capability, verdict and namespace */
	BY_CGROUP,
	BY_COMM,
};

const volatile enum repeats repeats = EVERY;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	pid pid;
	tid tid;
	uid uid;
	uid cred_uid; /* the effective one of the credentials that were checked */
	ns_inum target_userns; /* where the capability would have to hold */
	ns_inum mntns;
	__s32 syscall; /* or -1 */
	__s32 cap;
	__s32 ret;
	__s32 opts; /* or -1 if not known */
	/* sizes of what follows in strings, in this order */
	__u32 kstack_size;
	__u32 ustack_size;
	__u32 cgroup_size;
	__u8 compat; /* a 32-bit system call */
	__u8 overridden; /* the credentials are not the task's own */
	__u8 unused[2];
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2 * STACK_SIZE + 2 * 1024) /* and PARTS_ROOM */
#include "paths.h"

struct check {
	__u64 whose; /* with BY_PID the start of the process, with BY_CGROUP the cgroup */
	__u32 pid;
	__u32 userns;
	__s32 cap;
	__s32 ret;
	char comm[16];
};

/* what has been shown once */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* more if it is used, before load */
	__type(key, struct check);
	__type(value, bool);
} seen SEC(".maps");

static __always_inline bool is_repeated(struct task_struct *task, __u32 userns, int cap, int ret)
{
	struct check check = { .userns = userns, .cap = cap, .ret = ret };
	bool yes = true;

	if (repeats == BY_PID) {
		check.pid = bpf_get_current_pid_tgid() >> 32;
		check.whose = BPF_CORE_READ(task, group_leader, start_boottime);
	} else if (repeats == BY_CGROUP) {
		check.whose = bpf_get_current_cgroup_id();
	} else {
		BPF_CORE_READ_STR_INTO(&check.comm, task, comm);
	}
	return bpf_map_update_elem(&seen, &check, &yes, BPF_NOEXIST) != 0;
}

__noinline int write_cgroup(void)
{
	struct event *event = begun_record();

	return event ? append_cgroup(event, current_task()) : 0;
}

static __always_inline int on_check(void *ctx, const struct cred *cred, struct user_namespace *ns,
				    int cap, int opts, int ret)
{
	struct task_struct *task = current_task();
	struct event *event;
	__u32 userns;

	if ((__u32)cap < 64 && !(caps & 1ULL << cap))
		return 0;
	if ((denied && !ret) || (audit && opts != -1 && opts & CAP_OPT_NOAUDIT) || !is_target())
		return 0;
	userns = BPF_CORE_READ(ns, ns.inum);
	if (repeats && is_repeated(task, userns, cap, ret))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->cred_uid = BPF_CORE_READ(cred, euid.val);
	event->overridden = cred != BPF_CORE_READ(task, real_cred);
	event->target_userns = userns;
	event->mntns = task_mntns(task);
	event->syscall = current_syscall();
	event->compat = syscall_is_compat();
	event->cap = cap;
	event->ret = ret;
	event->opts = opts;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (kernel_stack_bytes)
		event->kstack_size = append_stack(event, ctx, 0, kernel_stack_bytes);
	if (user_stack_bytes)
		event->ustack_size = append_stack(event, ctx, BPF_F_USER_STACK, user_stack_bytes);
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	send_record(event);
	return 0;
}

SEC("fexit/cap_capable")
int BPF_PROG(fexit_check, const struct cred *cred, struct user_namespace *ns, int cap,
	     unsigned int opts, int ret)
{
	return on_check(ctx, cred, ns, cap, opts, ret);
}

struct question {
	const struct cred *cred;
	struct user_namespace *ns;
	int cap;
	int opts;
};

/* what each thread has asked, between the kprobes */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* more if it is used, before load */
	__type(key, __u64);
	__type(value, struct question);
} asked SEC(".maps");

SEC("kprobe/cap_capable")
int BPF_KPROBE(kprobe_ask, const struct cred *cred, struct user_namespace *ns, int cap, int opts)
{
	struct question question = { .cred = cred, .ns = ns, .cap = cap, .opts = opts };
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&asked, &id, &question, BPF_ANY);
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(kretprobe_check, int ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct question *question = bpf_map_lookup_elem(&asked, &id);

	if (!question) {
		count_lost();
		return 0;
	}
	on_check(ctx, question->cred, question->ns, question->cap, question->opts, ret);
	bpf_map_delete_elem(&asked, &id);
	return 0;
}

/* from Linux 6.14 on */
struct trace_event_raw_cap_capable___later {
	const struct cred *cred;
	struct user_namespace *target_ns;
	int cap;
	int ret;
} __attribute__((preserve_access_index));

SEC("tp/capability/cap_capable")
int tp_check(struct trace_event_raw_cap_capable___later *ctx)
{
	/* where it is missing, the user half says so, not the verifier */
	if (!bpf_core_type_exists(struct trace_event_raw_cap_capable___later))
		return 0;
	return on_check(ctx, ctx->cred, ctx->target_ns, ctx->cap, -1, ctx->ret);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
