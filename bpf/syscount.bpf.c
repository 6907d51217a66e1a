// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of syscount: counts system calls, and measures how long they take.
 *
 * A call is counted when it begins, so that exit(2), which never returns, and calls that are still
 * blocked are counted like all others. Only where the result matters (failures, errors) it is counted
 * when it ends. What is not asked for is not loaded, or is dropped by the verifier: the options are
 * constants to it.
 *
 * Everything is counted into one of two sets. The user half switches sets, waits until no program
 * still uses the old one, reads it and clears it: no call is lost or counted twice in between.
 *
 * From Linux 7.0 on a task can lose the CPU while a program runs for its system call. Until it goes
 * on, the kernel skips that program for all other tasks of the CPU. A second copy of the program
 * counts these calls: it runs behind the first one, and does nothing where that has run.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "syscall.h"
#include "targets.h"

/* x86 has numbers up to 547, others fewer; what is beyond is counted in groups */
#define NUMBERS 576
#define SLOTS (2 * NUMBERS) /* of one set: native calls, then those of 32-bit programs */
#define SEEN 65536
#define MAX_ERRNO 4095 /* include/linux/err.h */

/* measure the time that calls take */
const volatile bool measure_latency;
/* count failed calls only, when they end */
const volatile bool failures_only;
/* count only calls that fail with this errno */
const volatile __u32 targ_errno;
/* one group for each process, system call, errno */
const volatile bool by_process;
const volatile bool by_syscall = true;
const volatile bool by_error;
/* also count calls by the logarithm of their duration */
const volatile bool histogram;
/* trace this thread only */
const volatile __u32 targ_tid;
/* trace only the calls in wanted */
const volatile bool by_name;
const volatile __u8 wanted[SLOTS];
/* trace the command that process `spawner` starts, and its descendants */
const volatile bool follow_command;
const volatile __u32 spawner;
/* the second copies are loaded as well */
const volatile bool catch_up;

/* the set that is counted into: 0 or 1 */
__u32 set;
/* the command is about to be started: the next exec of a child of `spawner` is it */
bool spawning;
/* which slots have ever been counted in */
__u8 used[SLOTS];
/* by thread id: the first copy has run, the second is yet to come */
__u8 seen[SEEN];
/* what the first copies missed and the second ones did not, be it wanted or not */
__u64 caught_enters;
__u64 caught_exits;
/* calls that did not fit into groups, or threads that did not fit into running */
__u64 lost;

/* Linux 6.10 and later, which is all that have a use for them */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

enum abi { ABI_NATIVE, ABI_COMPAT, ABI_X32 };

struct call {
	__s32 nr;
	__u32 abi;
};

struct cell {
	__u64 count;
	__u64 ended; /* those of which the duration is known */
	__u64 total_ns;
	__u64 min_ns;
	__u64 max_ns;
};

/*
 * What the common case counts in: no hashing, nothing shared between CPUs. A cell belongs to one copy
 * of the programs, as one may interrupt the other.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * 2 * SLOTS); /* of each copy, of each set */
	__type(key, __u32);
	__type(value, struct cell);
} slots SEC(".maps");

/* What is counted together. A cell is one CPU's and one copy's own: no atomics, exact extremes. */
struct group {
	__u32 pid;
	__s32 nr;
	__u16 cpu;
	__u16 error;
	__u8 abi;
	__u8 set;
	__u8 copy;
	__u8 bucket; /* of durations, in histograms */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* x32 and numbers beyond the slots; more before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct group);
	__type(value, struct cell);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct group);
	__type(value, __u64);
} durations SEC(".maps");

struct name_key {
	__u32 pid;
	__u32 set;
};

struct name {
	char comm[16];
};

/* names of the processes in groups */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct name_key);
	__type(value, struct name);
} names SEC(".maps");

struct running {
	__u64 start; /* 0: the thread is in no call */
	__u32 pid;
	struct call call;
};

/* the call that a thread is in; kept from call to call, and removed with the thread */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as the host may have threads, before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct running);
} running SEC(".maps");

/* processes that descend from the command, and itself */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, bool);
} family SEC(".maps");

static __always_inline struct call call_of(int nr)
{
	struct call call = { .nr = nr };

	if (syscall_is_compat())
		call.abi = ABI_COMPAT;
#if defined(__TARGET_ARCH_x86)
	else if (nr & X32_SYSCALL_BIT) {
		call.nr = nr & ~X32_SYSCALL_BIT;
		call.abi = ABI_X32;
	}
#endif
	return call;
}

/*
 * Where a call has its place among SLOTS; SLOTS or more if it has none. The verifier follows a bound
 * in one register only: 64 bits and the barrier keep the compiler from testing a copy.
 */
static __always_inline __u64 slot_of(struct call call)
{
	__u64 slot = (__u32)call.nr;

	if (slot >= NUMBERS)
		slot = SLOTS;
	else if (call.abi == ABI_COMPAT)
		slot += NUMBERS;
	barrier_var(slot);
	return slot;
}

static __always_inline bool is_wanted(struct call call)
{
	if (by_name) {
		__u64 slot = slot_of(call);

		if (slot >= SLOTS || !wanted[slot])
			return false;
	}
	if (targ_tid && targ_tid != (__u32)bpf_get_current_pid_tgid())
		return false;
	if (follow_command) {
		__u32 pid = bpf_get_current_pid_tgid() >> 32;

		if (!bpf_map_lookup_elem(&family, &pid))
			return false;
	}
	return is_target();
}

/* What is left for others to get in is the few instructions around the program. */
static __always_inline void hold_cpu(void)
{
	if (catch_up)
		bpf_preempt_disable();
}

static __always_inline void release_cpu(void)
{
	if (catch_up)
		bpf_preempt_enable();
}

/* Whether no other copy of the program has run for what the current task does. */
static __always_inline bool is_first(__u8 copy, __u64 *caught)
{
	__u32 at = bpf_get_current_pid_tgid() % SEEN;

	if (!catch_up)
		return true;
	if (!copy) {
		seen[at] = 1;
		return true;
	}
	if (!seen[at]) {
		__sync_fetch_and_add(caught, 1);
		return true;
	}
	seen[at] = 0;
	return false;
}

static __always_inline void count_loss(void)
{
	__sync_fetch_and_add(&lost, 1);
}

/* Keeps the name of the current process, which is that of its first thread, along with its groups. */
static __always_inline void keep_name(__u32 pid, __u32 current_set)
{
	struct name_key key = { .pid = pid, .set = current_set };
	struct task_struct *task = (void *)bpf_get_current_task();
	struct name name = {};

	if (bpf_map_lookup_elem(&names, &key))
		return;
	BPF_CORE_READ_STR_INTO(&name.comm, task, group_leader, comm);
	bpf_map_update_elem(&names, &key, &name, BPF_ANY);
}

static __always_inline struct group group_of(struct call call, __u32 error, __u8 copy)
{
	struct group group = {
		.cpu = bpf_get_smp_processor_id(),
		.set = set,
		.copy = copy,
	};

	if (by_process)
		group.pid = bpf_get_current_pid_tgid() >> 32;
	if (by_syscall) {
		group.nr = call.nr;
		group.abi = call.abi;
	}
	if (by_error)
		group.error = error;
	return group;
}

/* The cell that a call is counted in, or NULL if there is no more memory for one. */
static __always_inline struct cell *cell_of(struct call call, __u32 error, __u8 copy)
{
	struct cell empty = {}, *cell;
	struct group group;
	__u64 slot;

	if (!by_process && !by_error && call.abi != ABI_X32) {
		slot = slot_of(call);
		if (slot < SLOTS) {
			__u32 at = (copy ? 2 * SLOTS : 0) + (set ? SLOTS : 0) + slot;

			cell = bpf_map_lookup_elem(&slots, &at);
			if (cell && !cell->count && !cell->ended)
				used[slot] = 1;
			return cell;
		}
	}
	group = group_of(call, error, copy);
	cell = bpf_map_lookup_elem(&groups, &group);
	if (cell)
		return cell;
	bpf_map_update_elem(&groups, &group, &empty, BPF_NOEXIST);
	cell = bpf_map_lookup_elem(&groups, &group);
	if (!cell)
		count_loss();
	else if (by_process)
		keep_name(group.pid, group.set);
	return cell;
}

static __always_inline void begin_call(struct call call)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = pid_tgid;
	struct running first = {
		.start = bpf_ktime_get_ns(),
		.pid = pid_tgid >> 32,
		.call = call,
	};
	struct running *known = bpf_map_lookup_elem(&running, &tid);

	if (known)
		*known = first;
	else if (bpf_map_update_elem(&running, &tid, &first, BPF_ANY))
		count_loss();
}

static __always_inline void count_begin(struct call call, __u8 copy)
{
	struct cell *cell;

	if (measure_latency)
		begin_call(call);
	if (failures_only)
		return;
	cell = cell_of(call, 0, copy);
	if (cell)
		cell->count++;
}

static __always_inline void enter(long nr, __u8 copy)
{
	struct call call = call_of(nr);

	if (is_first(copy, &caught_enters) && is_wanted(call))
		count_begin(call, copy);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(handle_enter, struct pt_regs *regs, long nr)
{
	hold_cpu();
	enter(nr, 0);
	release_cpu();
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(catch_enter, struct pt_regs *regs, long nr)
{
	hold_cpu();
	enter(nr, 1);
	release_cpu();
	return 0;
}

/* Rounded down; 0 for 0 as well. */
static __always_inline __u32 log2_of(__u64 value)
{
	__u32 shift, log = 0;

#pragma unroll
	for (shift = 32; shift; shift /= 2) {
		if (value >> shift) {
			value >>= shift;
			log += shift;
		}
	}
	return log;
}

static __always_inline void count_duration(struct cell *cell, __u64 ns)
{
	if (!cell->ended || ns < cell->min_ns)
		cell->min_ns = ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	cell->total_ns += ns;
	cell->ended++;
}

static __always_inline void count_bucket(struct call call, __u32 error, __u64 ns, __u8 copy)
{
	struct group group = group_of(call, error, copy);
	__u64 one = 1, *count;

	group.bucket = log2_of(ns);
	count = bpf_map_lookup_elem(&durations, &group);
	if (count)
		++*count;
	else if (bpf_map_update_elem(&durations, &group, &one, BPF_NOEXIST))
		count_loss();
}

static __always_inline void leave(struct pt_regs *regs, long ret, __u8 copy)
{
	__u32 error = (__u64)ret >= (__u64)-MAX_ERRNO ? -ret : 0;
	struct call call;
	struct cell *cell;
	__u64 ns = 0;

	if (!is_first(copy, &caught_exits))
		return;
	if (measure_latency) {
		__u32 tid = bpf_get_current_pid_tgid();
		struct running *this = bpf_map_lookup_elem(&running, &tid);

		if (!this || !this->start)
			return;
		ns = bpf_ktime_get_ns() - this->start;
		this->start = 0;
		call = this->call;
	}
	if (failures_only && (!error || (targ_errno && error != targ_errno)))
		return;
	if (!measure_latency) {
		call = call_of(syscall_nr(regs));
		/* rt_sigreturn brings back the registers of another moment: the result is not its own */
		if (call.nr == -1 || !is_wanted(call))
			return;
	}
	cell = cell_of(call, error, copy);
	if (!cell)
		return;
	if (failures_only)
		cell->count++;
	if (measure_latency)
		count_duration(cell, ns);
	if (histogram)
		count_bucket(call, error, ns, copy);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_exit, struct pt_regs *regs, long ret)
{
	hold_cpu();
	leave(regs, ret, 0);
	release_cpu();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(catch_exit, struct pt_regs *regs, long ret)
{
	hold_cpu();
	leave(regs, ret, 1);
	release_cpu();
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(handle_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid, pid = child->tgid;
	bool yes = true;

	if (pid != parent_pid && bpf_map_lookup_elem(&family, &parent_pid) &&
	    bpf_map_update_elem(&family, &pid, &yes, BPF_ANY))
		count_loss();
	return 0;
}

/* The command begins with its execve, which has been entered by now. */
static __always_inline void adopt(__u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct call call = { .nr = NR_EXECVE };
	bool yes = true;

	if (!spawning || targ_pid_of(BPF_CORE_READ(task, real_parent)) != spawner)
		return;
	spawning = false;
	bpf_map_update_elem(&family, &pid, &yes, BPF_ANY);
	if (is_wanted(call))
		count_begin(call, 0);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(handle_exec, struct task_struct *task)
{
	struct name_key key = { .pid = bpf_get_current_pid_tgid() >> 32 };
	struct name name = {};

	if (follow_command)
		adopt(key.pid);
	if (by_process) {
		bpf_get_current_comm(name.comm, sizeof(name.comm));
		bpf_map_update_elem(&names, &key, &name, BPF_EXIST);
		key.set = 1;
		bpf_map_update_elem(&names, &key, &name, BPF_EXIST);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(handle_end, struct task_struct *task)
{
	__u32 tid = task->pid, pid = task->tgid;

	if (measure_latency)
		bpf_map_delete_elem(&running, &tid);
	if (follow_command && task->signal->live.counter == 0)
		bpf_map_delete_elem(&family, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
