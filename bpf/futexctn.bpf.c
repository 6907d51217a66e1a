// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of futexctn: for how long threads wait in futex(2) and its siblings, by the address that they wait at,
 * how that ends, and the stack with which they come.
 *
 * A wait is kept from its system call's beginning to its end. That of a thread that is killed meanwhile does not
 * end: it goes with the thread.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "counts.h"
#include "kinds.h"
#include "stacks.h"
#include "syscall_forms.h"
#include "targets.h"
#include "times.h"

/* include/uapi/linux/futex.h */
#define OP_WAIT 0
#define OP_WAKE 1
#define OP_WAKE_OP 5
#define OP_LOCK_PI 6
#define OP_WAIT_BITSET 9
#define OP_WAKE_BITSET 10
#define OP_WAIT_REQUEUE_PI 11
#define OP_LOCK_PI2 13
#define OP_PRIVATE 128
#define OP_CLOCK_REALTIME 256
#define FLAG_PRIVATE 128 /* of the later system calls */
#define OWNER_BITS 0x3fffffff
#define MOST_WAITERS 128 /* FUTEX_WAITV_MAX */

/* Those of system calls of their own: OPS of tools/futexctn/members.ts. */
#define OP_OF_WAITV 128
#define OP_OF_FUTEX_WAIT 129

/* What a word has while a thread waits for a lock of glibc, Rust or Go. */
#define CONTENDED 2

/* include/uapi/asm-generic/errno-base.h and errno.h, include/linux/errno.h */
#define EINTR 4
#define EAGAIN 11
#define ETIMEDOUT 110
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

/* Which system call it is. */
enum futex_form {
	NO_FUTEX,
	FUTEX_CALL, /* of many operations */
	FUTEX_WAITV_CALL,
	FUTEX_WAIT_CALL,
	FUTEX_WAKE_CALL,
};

/* How a wait has ended: RESULTS of tools/futexctn/members.ts. */
enum wait_result {
	WAIT_WOKEN,
	WAIT_TIMEOUT,
	WAIT_CHANGED, /* the word was another one by then */
	WAIT_SIGNAL,
	WAIT_ERROR,
};

/* show waits at this address only, 0 for all, and of this thread only, 0 for all */
const volatile __u64 targ_lock;
const volatile __u32 targ_tid;
/* count who wakes up others */
const volatile bool with_wakes;

/* What distinguishes waits. */
struct place {
	__u64 uaddr;
	stack_id user;
	pid pid;
	tid owner; /* of a lock with priority inheritance, else 0 */
	comm comm; /* of the process */
	__u8 op;
	__u8 result;
	bool contended; /* the word was that of a lock for which others wait */
	bool shared; /* other processes may wait for the same word, at addresses of their own */
	__u32 zero;
};

struct group {
	__u32 set;
	cpu_nr cpu;
	struct place place;
};

COUNTS(counts, struct group, struct times, 8192, 0);

struct wait {
	__u64 frame;
	__u64 start;
	__u64 waiters; /* struct futex_waitv of the process, or 0 */
	struct place place;
};

CALLS(waits, struct wait, 16384, BPF_F_NO_PREALLOC);

struct waker {
	__u32 set;
	cpu_nr cpu;
	__u64 uaddr;
	pid pid;
	tid tid;
};

struct wakes {
	__u64 woken;
};

COUNTS(wakes_of, struct waker, struct wakes, 8192, BPF_F_NO_PREALLOC);

static __always_inline bool waits_here(__u8 op)
{
	return op == OP_WAIT || op == OP_LOCK_PI || op == OP_WAIT_BITSET ||
	       op == OP_WAIT_REQUEUE_PI || op == OP_LOCK_PI2;
}

static __always_inline bool wakes_here(__u8 op)
{
	return op == OP_WAKE || op == OP_WAKE_OP || op == OP_WAKE_BITSET;
}

static __always_inline __u8 operation(const struct syscall_args *args)
{
	return args->second & ~(OP_PRIVATE | OP_CLOCK_REALTIME);
}

static __always_inline void read_owner(struct place *place)
{
	__u32 word = 0;

	if (place->op != OP_LOCK_PI && place->op != OP_LOCK_PI2)
		return;
	bpf_probe_read_user(&word, sizeof(word), (void *)place->uaddr);
	place->owner = word & OWNER_BITS;
}

/* What is waited for. Returns false if nothing is. */
static __always_inline bool read_place(enum futex_form form, const struct syscall_args *args,
				       struct wait *wait)
{
	struct place *place = &wait->place;

	place->uaddr = args->first;
	if (form == FUTEX_CALL) {
		place->op = operation(args);
		place->contended = (place->op == OP_WAIT || place->op == OP_WAIT_BITSET) &&
				   (__u32)args->third == CONTENDED;
		place->shared = !(args->second & OP_PRIVATE);
		return waits_here(place->op);
	}
	if (form == FUTEX_WAIT_CALL) {
		place->op = OP_OF_FUTEX_WAIT;
		place->contended = args->second == CONTENDED;
		place->shared = !(args->fourth & FLAG_PRIVATE);
		return true;
	}
	if (form == FUTEX_WAITV_CALL) {
		place->op = OP_OF_WAITV;
		wait->waiters = args->first;
		return true;
	}
	return false;
}

/* Of several words the first one, or the one that it was woken at. */
static __always_inline void read_waiter(struct wait *wait, __u32 nr)
{
	struct futex_waitv___local {
		__u64 val;
		__u64 uaddr;
		__u32 flags;
		__u32 zero;
	} waiter = {};

	bpf_probe_read_user(&waiter, sizeof(waiter), (void *)(wait->waiters + nr * sizeof(waiter)));
	wait->place.uaddr = waiter.uaddr;
	wait->place.contended = waiter.val == CONTENDED;
	wait->place.shared = !(waiter.flags & FLAG_PRIVATE);
}

static __always_inline int on_enter(void *ctx, struct pt_regs *regs, long nr)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	enum futex_form form = form_of(nr);
	struct syscall_args args;
	struct wait wait = {};

	if (form == NO_FUTEX || !is_target())
		return 0;
	if (targ_tid && targ_tid != (__u32)bpf_get_current_pid_tgid())
		return 0;
	args = syscall_args(regs);
	if (!read_place(form, &args, &wait))
		return 0;
	if (wait.waiters)
		read_waiter(&wait, 0);
	if (targ_lock && targ_lock != wait.place.uaddr && !wait.waiters)
		return 0;
	read_owner(&wait.place);
	wait.place.pid = bpf_get_current_pid_tgid() >> 32;
	BPF_CORE_READ_STR_INTO(&wait.place.comm, task, group_leader, comm);
	wait.place.user = keep_stack(ctx, STACK_USER);
	wait.start = bpf_ktime_get_ns();
	call_begin(&waits, 0, &wait);
	return 0;
}

#include "sys_enter_registers.h"

static __always_inline enum wait_result result_of(int ret)
{
	if (ret >= 0)
		return WAIT_WOKEN;
	if (ret == -ETIMEDOUT)
		return WAIT_TIMEOUT;
	if (ret == -EAGAIN)
		return WAIT_CHANGED;
	if (ret == -EINTR || (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK))
		return WAIT_SIGNAL;
	return WAIT_ERROR;
}

static __always_inline void count_wake(enum futex_form form, const struct syscall_args *args,
				       int ret)
{
	struct waker waker = { .set = set,
			       .cpu = bpf_get_smp_processor_id(),
			       .uaddr = args->first };
	struct wakes none = {}, *wakes;

	if (form == FUTEX_CALL ? !wakes_here(operation(args)) : form != FUTEX_WAKE_CALL)
		return;
	if (ret <= 0 || !is_target())
		return;
	waker.pid = bpf_get_current_pid_tgid() >> 32;
	waker.tid = bpf_get_current_pid_tgid();
	wakes = count_at(&wakes_of, &waker, &none);
	if (wakes)
		wakes->woken += ret;
}

static __always_inline int on_exit(struct pt_regs *regs, long result)
{
	enum futex_form form = form_of(syscall_number(regs));
	struct syscall_args args;
	struct group group = {};
	struct wait wait = {};
	struct times *times;
	int ret = result;
	__u64 now;

	if (form == NO_FUTEX)
		return 0;
	now = bpf_ktime_get_ns();
	if (!call_end(&waits, 0, &wait)) {
		if (with_wakes) {
			args = syscall_args(regs);
			count_wake(form, &args, ret);
		}
		return 0;
	}
	/* the kernel has no such call */
	if (ret == -ENOSYS)
		return 0;
	if (wait.waiters && ret > 0 && ret < MOST_WAITERS)
		read_waiter(&wait, ret);
	if (targ_lock && targ_lock != wait.place.uaddr)
		return 0;
	group.set = set;
	group.cpu = bpf_get_smp_processor_id();
	group.place = wait.place;
	group.place.result = result_of(ret);
	times = count_at(&counts, &group, &no_times);
	if (times)
		times_add(times, now - wait.start);
	return 0;
}

#include "sys_exit.h"

/* A thread that is killed while it waits does not return. */
static __always_inline int on_end(void)
{
	call_forget(&waits, 0);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(btf_end)
{
	return on_end();
}

SEC("tp/sched/sched_process_exit")
int tp_end(void *ctx)
{
	return on_end();
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
