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
 * Every hook is there in two forms, of which one is loaded: see lib/tool/trace/hooks.ts.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "family.h"
#include "slots.h"
#include "syscall.h"
#include "targets.h"

/* x86 has numbers up to 547, others fewer; what is beyond is counted in groups */
#define NUMBERS 576
#define X32_NUMBERS 512 /* from here on they are x32's own, and nobody else's */
#define SLOTS (2 * NUMBERS) /* of one set: native calls, then those of 32-bit programs */
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

/* the set that is counted into: 0 or 1 */
__u32 set;
/* which slots have ever been counted in */
__u8 used[SLOTS];

/*
 * Numbers that have no slot: programs can make up any, and each would take a group. The first ones that are
 * seen are counted by themselves, the rest as OTHER_NR.
 */
#define MAX_UNKNOWN 64
#define OTHER_NR (-0x7fffffff - 1)

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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_UNKNOWN);
	__type(key, struct call);
	__type(value, bool);
} unknown SEC(".maps");

/* What the common case counts in: no hashing, nothing shared between CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * SLOTS); /* of each set */
	__type(key, __u32);
	__type(value, struct cell);
} slots SEC(".maps");

/* What is counted together. A cell is one CPU's own: no atomics, exact extremes. */
struct group {
	__u32 pid;
	__s32 nr;
	__u16 cpu;
	__u16 error;
	__u8 abi;
	__u8 set;
	__u16 bucket; /* of durations, in histograms */
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
	__u32 unused; /* padding would keep old bytes of the stack */
};

/* the call that a thread is in; kept from call to call, and removed with the thread */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there may be threads, before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct running);
} running SEC(".maps");

/*
 * Where a call has its place among SLOTS; SLOTS or more if it has none. The verifier follows a bound
 * in one register only: 64 bits and the barrier keep the compiler from testing a copy.
 */
static __always_inline __u64 slot_of(struct call call)
{
	__u64 slot = (__u32)call.nr;

	if (slot >= NUMBERS || (slot >= X32_NUMBERS && call.abi != ABI_X32))
		slot = SLOTS;
	else if (call.abi == ABI_COMPAT)
		slot += NUMBERS;
	barrier_var(slot);
	return slot;
}

/* Whether a number without a slot is counted by itself. */
static __always_inline bool is_among_unknown(struct call call)
{
	bool yes = true;

	return bpf_map_lookup_elem(&unknown, &call) ||
	       !bpf_map_update_elem(&unknown, &call, &yes, BPF_ANY);
}

static __always_inline struct call call_of(int nr)
{
	struct call call = { .nr = nr };

	if (syscall_is_compat())
		call.abi = ABI_COMPAT;
#if defined(__TARGET_ARCH_x86)
	else if (nr >= X32_SYSCALL_BIT) { /* a negative number is no call at all: do_syscall_64() */
		call.nr = nr & ~X32_SYSCALL_BIT;
		call.abi = ABI_X32;
	}
#endif
	return call;
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
	if (follow_command && !is_in_family())
		return false;
	return is_target();
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

static __always_inline struct group group_of(struct call call, __u32 error)
{
	struct group group = {
		.cpu = bpf_get_smp_processor_id(),
		.set = set,
	};

	if (by_process)
		group.pid = bpf_get_current_pid_tgid() >> 32;
	if (by_syscall && slot_of(call) >= SLOTS && !is_among_unknown(call)) {
		group.nr = OTHER_NR;
	} else if (by_syscall) {
		group.nr = call.nr;
		group.abi = call.abi;
	}
	if (by_error)
		group.error = error;
	return group;
}

/* The cell that a call is counted in, or NULL if there is no more memory for one. */
static __always_inline struct cell *cell_of(struct call call, __u32 error)
{
	struct cell empty = {}, *cell;
	struct group group;
	__u64 slot;

	if (!by_process && !by_error && call.abi != ABI_X32) {
		slot = slot_of(call);
		if (slot < SLOTS) {
			__u32 at = (set ? SLOTS : 0) + slot;

			cell = bpf_map_lookup_elem(&slots, &at);
			if (cell && !cell->count && !cell->ended)
				used[slot] = 1;
			return cell;
		}
	}
	group = group_of(call, error);
	cell = bpf_map_lookup_elem(&groups, &group);
	if (cell)
		return cell;
	bpf_map_update_elem(&groups, &group, &empty, BPF_NOEXIST);
	cell = bpf_map_lookup_elem(&groups, &group);
	if (!cell)
		count_lost_map();
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
		count_lost_map();
}

static __always_inline void count_begin(struct call call)
{
	struct cell *cell;

	if (measure_latency)
		begin_call(call);
	if (failures_only)
		return;
	cell = cell_of(call, 0);
	if (cell)
		cell->count++;
}

static __always_inline int on_enter(long nr)
{
	struct call call = call_of(nr);

	if (is_wanted(call))
		count_begin(call);
	return 0;
}

#include "sys_enter.h"

static __always_inline void count_duration(struct cell *cell, __u64 ns)
{
	if (!cell->ended || ns < cell->min_ns)
		cell->min_ns = ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	cell->total_ns += ns;
	cell->ended++;
}

static __always_inline void count_bucket(struct call call, __u32 error, __u64 ns)
{
	struct group group = group_of(call, error);
	__u64 one = 1, *count;

	group.bucket = log2_slot(ns);
	count = bpf_map_lookup_elem(&durations, &group);
	if (count)
		++*count;
	else if (bpf_map_update_elem(&durations, &group, &one, BPF_NOEXIST))
		count_lost_map();
}

static __always_inline int leave(long nr, long ret)
{
	__u32 error = (__u64)ret >= (__u64)-MAX_ERRNO ? -ret : 0;
	struct call call;
	struct cell *cell;
	__u64 ns = 0;

	if (measure_latency) {
		__u32 tid = bpf_get_current_pid_tgid();
		struct running *this = bpf_map_lookup_elem(&running, &tid);

		if (!this || !this->start)
			return 0;
		ns = bpf_ktime_get_ns() - this->start;
		this->start = 0;
		call = this->call;
	}
	if (failures_only && (!error || (targ_errno && error != targ_errno)))
		return 0;
	if (!measure_latency) {
		call = call_of(nr);
		/* rt_sigreturn brings back the registers of another moment: the result is not its own */
		if (call.nr == -1 || !is_wanted(call))
			return 0;
	}
	cell = cell_of(call, error);
	if (!cell)
		return 0;
	if (failures_only)
		cell->count++;
	if (measure_latency)
		count_duration(cell, ns);
	if (histogram)
		count_bucket(call, error, ns);
	return 0;
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	return leave(syscall_number(regs), ret);
}

#include "sys_exit.h"

/* A thread that executes gets the id of its process, old_pid is what it had. */
static __always_inline int handle_exec(__u32 old_pid)
{
	struct name_key key = { .pid = bpf_get_current_pid_tgid() >> 32 };
	struct call call = { .nr = NR_EXECVE };
	struct name name = {};

	/* the command begins with its execve, which has been entered by now */
	if (follow_command && follow_exec(old_pid) && is_wanted(call))
		count_begin(call);
	if (by_process) {
		bpf_get_current_comm(name.comm, sizeof(name.comm));
		bpf_map_update_elem(&names, &key, &name, BPF_EXIST);
		key.set = 1;
		bpf_map_update_elem(&names, &key, &name, BPF_EXIST);
	}
	return 0;
}

static __always_inline int handle_end(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (measure_latency)
		bpf_map_delete_elem(&running, &tid);
	if (follow_command)
		leave_family();
	return 0;
}

#include "family_hooks.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
