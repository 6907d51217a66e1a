// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of shmsnoop: an event for each system call on shared memory of System V, when it returns. The saved
 * registers still hold its arguments then, so nothing is kept from its entry.
 *
 * Classic tracepoints of these calls, which cost other calls nothing, leave out those of 32-bit programs: they are
 * seen on request at the end of all calls.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kinds.h"
#include "syscall_forms.h"
#include "targets.h"

#define MAX_ERRNO 4095 /* include/linux/err.h */
#define IPC_64 0x0100 /* include/linux/ipc.h: a bit of cmd that 32-bit programs set */
#define SHM_STAT 13 /* include/uapi/linux/shm.h */
#define SHM_STAT_ANY 15
#define IPC_INFO 3
#define SHM_INFO 14

/* of ipc(2): include/uapi/linux/ipc.h */
#define IPC_CALL_SHMAT 21
#define IPC_CALL_SHMDT 22
#define IPC_CALL_SHMGET 23
#define IPC_CALL_SHMCTL 24

#define SHM_IDS 2 /* IPC_SHM_IDS of ipc/util.h */
#define INDEX_MASK \
	0x7fff /* what of an identifier is a place: IPCMNI_IDX_MASK, without ipcmni_extend */
#define LEVELS 4 /* of the tree of places, more than there can be */

/* The calls; by SHM_IPC an old one of 32-bit programs stands for all. */
enum shm_call {
	NO_SHM,
	SHM_GET,
	SHM_AT,
	SHM_DT,
	SHM_CTL,
	SHM_IPC,
};

/* report this thread only, or 0 */
const volatile __u32 targ_tid;
/* report calls that failed only */
const volatile bool failures_only;
/* look at the segment that the call is about */
const volatile bool with_segment;

struct event {
	boot_ns time; /* when the call returned */
	cgroup_id cgroup_id;
	__s64 ret; /* an identifier, an address, or a negated errno */
	__u64 address; /* of shmat and shmdt, as passed */
	__u64 size; /* of shmget, as asked for */
	__u64 buffer; /* of shmctl */
	__u64 segment_size;
	__u64 segment_attached;
	__u32 segment_key;
	uid segment_uid;
	pid segment_creator; /* 0: none that this kernel knows still */
	pid pid;
	tid tid;
	uid uid;
	__u32 key; /* of shmget */
	__u32 flags; /* of shmget and shmat */
	__s32 argument; /* the first one of shmat and shmctl: an identifier, or an index */
	__s32 shmid; /* or -1 */
	__s32 cmd; /* of shmctl */
	enum shm_call call;
	comm comm;
	bool compat; /* of a 32-bit program */
	bool has_segment;
};

#include "events.h"

static __always_inline bool is_error(__s64 ret)
{
	return ret < 0 && ret >= -MAX_ERRNO;
}

/* What stands at a place of a tree of struct xa_node: include/linux/xarray.h. */
static __always_inline void *entry_at(void *entry, __u64 index)
{
	struct xa_node *node = entry;
	__u64 last = bpf_core_field_size(node->slots) / sizeof(void *) - 1;
	void **slots;
	int i;

	for (i = 0; i < LEVELS && ((__u64)entry & 3) == 2; i++) {
		node = entry - 2;
		slots = (void *)node + bpf_core_field_offset(node->slots);
		slots += index >> (BPF_CORE_READ(node, shift) & 63) & last;
		if (bpf_probe_read_kernel(&entry, sizeof(entry), slots))
			return NULL;
	}
	return entry;
}

/* Keeps what is now to be said of the segment, unless it is gone. */
static __always_inline void read_segment(struct event *event)
{
	struct ipc_namespace *ns = BPF_CORE_READ(current_task(), nsproxy, ipc_ns);
	struct ipc_ids *ids = (void *)ns + bpf_core_field_offset(ns->ids);
	struct shmid_kernel *segment;
	struct pid *creator;

	ids = (void *)ids + SHM_IDS * bpf_core_type_size(struct ipc_ids);
	segment = entry_at(BPF_CORE_READ(ids, ipcs_idr.idr_rt.xa_head), event->shmid & INDEX_MASK);
	/* another may have got its place meanwhile */
	if (!segment || BPF_CORE_READ(segment, shm_perm.id) != event->shmid)
		return;
	event->has_segment = true;
	event->segment_key = BPF_CORE_READ(segment, shm_perm.key);
	event->segment_uid = BPF_CORE_READ(segment, shm_perm.uid.val);
	event->segment_size = BPF_CORE_READ(segment, shm_segsz);
	event->segment_attached = BPF_CORE_READ(segment, shm_nattch);
	creator = BPF_CORE_READ(segment, shm_cprid);
	if (creator)
		event->segment_creator = task_upid(creator, 0).nr;
}

/* ipc(2) has its call in its first argument; that of shmat is not its result, but stored at the fourth. */
static __always_inline enum shm_call fill_ipc(struct event *event, struct syscall_args *args)
{
	__u32 ipc_call = args->first & 0xffff, address;

	args->first = args->second;
	args->second = args->third;
	args->third = args->fourth;
	switch (ipc_call) {
	case IPC_CALL_SHMAT:
		if (!is_error(event->ret) &&
		    !bpf_probe_read_user(&address, sizeof(address), (void *)args->fourth))
			event->ret = address;
		args->third = args->second;
		args->second = args->fifth;
		return SHM_AT;
	case IPC_CALL_SHMDT:
		args->first = args->fifth;
		return SHM_DT;
	case IPC_CALL_SHMGET:
		return SHM_GET;
	case IPC_CALL_SHMCTL:
		args->third = args->fifth;
		return SHM_CTL;
	default:
		return NO_SHM;
	}
}

static __always_inline void fill_control(struct event *event, const struct syscall_args *args)
{
	event->argument = args->first;
	event->cmd = args->second & ~IPC_64;
	event->buffer = args->third;
	if (event->cmd == SHM_STAT || event->cmd == SHM_STAT_ANY)
		event->shmid = is_error(event->ret) ? -1 : event->ret;
	else if (event->cmd != IPC_INFO && event->cmd != SHM_INFO)
		event->shmid = event->argument;
}

static __always_inline void fill_call(struct event *event, const struct syscall_args *args)
{
	switch (event->call) {
	case SHM_GET:
		event->key = args->first;
		event->size = args->second;
		event->flags = args->third;
		if (!is_error(event->ret))
			event->shmid = event->ret;
		break;
	case SHM_AT:
		event->argument = event->shmid = args->first;
		event->address = args->second;
		event->flags = args->third;
		break;
	case SHM_DT:
		event->address = args->first;
		break;
	case SHM_CTL:
		fill_control(event, args);
		break;
	default:
		break;
	}
}

static __always_inline bool is_wanted(__s64 ret)
{
	if (targ_tid && targ_tid != (__u32)bpf_get_current_pid_tgid())
		return false;
	return (!failures_only || is_error(ret)) && is_target();
}

static __always_inline int on_call(enum shm_call call, struct syscall_args *args, __s64 ret)
{
	struct event *event = reserve_event();

	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->ret = ret;
	event->compat = syscall_is_compat();
	event->shmid = -1;
	event->call = call == SHM_IPC ? fill_ipc(event, args) : call;
	if (event->call == NO_SHM) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
	fill_call(event, args);
	if (with_segment && event->shmid >= 0)
		read_segment(event);
	submit_event(event);
	return 0;
}

/* Linux 5.10 knows of the registers that it has found where they are, and not what. */
static __always_inline int on_native_call(enum shm_call call, __s64 ret)
{
	struct pt_regs *regs = user_registers();
	struct syscall_args args = {};

	if (!regs || !is_wanted(ret))
		return 0;
	args.first = PT_REGS_PARM1_CORE_SYSCALL(regs);
	args.second = PT_REGS_PARM2_CORE_SYSCALL(regs);
	args.third = PT_REGS_PARM3_CORE_SYSCALL(regs);
	return on_call(call, &args, ret);
}

SEC("tp/syscalls/sys_exit_shmget")
int sys_exit_shmget(struct trace_event_raw_sys_exit *ctx)
{
	return on_native_call(SHM_GET, ctx->ret);
}

SEC("tp/syscalls/sys_exit_shmat")
int sys_exit_shmat(struct trace_event_raw_sys_exit *ctx)
{
	return on_native_call(SHM_AT, ctx->ret);
}

SEC("tp/syscalls/sys_exit_shmdt")
int sys_exit_shmdt(struct trace_event_raw_sys_exit *ctx)
{
	return on_native_call(SHM_DT, ctx->ret);
}

SEC("tp/syscalls/sys_exit_shmctl")
int sys_exit_shmctl(struct trace_event_raw_sys_exit *ctx)
{
	return on_native_call(SHM_CTL, ctx->ret);
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	__u8 call = form_of(syscall_number(regs));
	struct syscall_args args;

	if (call == NO_SHM)
		return 0;
	/* an address of 32 bits may have its sign extended, or not */
	if (syscall_is_compat())
		ret = is_error((__s32)ret) ? (__s32)ret : (__u32)ret;
	if (!is_wanted(ret))
		return 0;
	args = syscall_args(regs);
	return on_call(call, &args, ret);
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
