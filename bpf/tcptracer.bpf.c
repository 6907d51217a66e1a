// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcptracer and tcpaccept: an event for each TCP connection that is made, accepted or ended, and
 * on request for what does not come to that.
 *
 * The state of a socket changes in softirqs, where the current task is a stranger: the owner is that of
 * tcp_socks.h until accept() returns, and then the process that has called it. That is seen at the end of the
 * kernel's function, which io_uring and 32-bit programs pass too, or at the end of the system call, which
 * alone knows the descriptor and why accept() has failed.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "fd_sock.h"
#include "kinds.h"
#include "sock_targets.h"
#include "syscall.h"
#include "tcp_socks.h"

#define EAGAIN 11 /* include/uapi/asm-generic/errno-base.h */
#define ERESTARTSYS 512 /* include/linux/errno.h: this and larger ones restart the call */

/* What has become of a connection: CONNECTION_TYPES of lib/tool/connections.ts. */
enum type {
	TYPE_CONNECT,
	TYPE_ACCEPT,
	TYPE_CLOSE,
	TYPE_CONNECT_FAILED,
	TYPE_ACCEPT_FAILED,
	TYPE_DROP, /* it has ended while nobody had accepted it */
};

/* the types to be reported, of which each has a bit */
const volatile __u32 wanted;
/* accept() of 64-bit programs is traced as a system call: its function is left to others */
const volatile bool by_call;

struct event {
	boot_ns time;
	boot_ns started; /* the first SYN was sent, or the connection came in; 0 if before the tool */
	__u64 sk;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	__u32 error; /* errno, 0 if there was none */
	__s32 fd; /* that accept() has returned; -1 if not known */
	__u32 queue; /* connections that waited to be accepted when this one came */
	__u32 queue_max; /* how many may wait */
	port lport;
	port rport;
	comm comm;
	__u8 ip; /* 4 or 6 */
	__u8 type; /* enum type */
	__u8 owner_by;
	__u8 direction;
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

/* The process that has accepted a connection, by the address of the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct owner);
} accepted SEC(".maps");

/* Connections that have ended while nobody had accepted them: accept() returns them all the same. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct known);
} dead SEC(".maps");

static __always_inline bool is_wanted(enum type type)
{
	return wanted & 1 << type;
}

static __always_inline struct event *report(struct sock *sk, const struct known *known,
					    enum type type)
{
	struct flow flow = {};
	struct event *event;

	if (!is_wanted(type) || !is_target_owner(&known->owner))
		return NULL;
	read_flow(sk, &flow);
	if (!is_target_flow(&flow))
		return NULL;
	event = reserve_event();
	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->started = known->started;
	event->sk = (__u64)sk;
	event->pid = known->owner.pid;
	event->tid = known->owner.tid;
	__builtin_memcpy(event->comm, known->owner.comm, sizeof(event->comm));
	event->owner_by = known->owner.by;
	event->direction = known->direction;
	event->uid = sock_uid(sk);
	event->cgroup_id = sock_cgroup_id(sk);
	event->type = type;
	event->fd = -1;
	/* a connection that comes in is made as a copy of its listener */
	event->queue = BPF_CORE_READ(sk, sk_ack_backlog);
	event->queue_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	event->mptcp = is_mptcp(sk);
	send_flow(event, &flow);
	return event;
}

static __always_inline void report_state(struct sock *sk, const struct known *known, enum type type)
{
	struct event *event = report(sk, known, type);

	if (!event)
		return;
	event->error = BPF_CORE_READ(sk, sk_err);
	submit_event(event);
}

/* Whether a process has had this connection, which has come in and is at its end. */
static __always_inline bool was_accepted(struct sock *sk, int oldstate)
{
	return oldstate == TCP_FIN_WAIT1 || oldstate == TCP_FIN_WAIT2 || oldstate == TCP_CLOSING ||
	       oldstate == TCP_LAST_ACK || BPF_CORE_READ(sk, sk_socket);
}

static __always_inline void on_close(struct sock *sk, int oldstate, struct known *known)
{
	__u64 key = (__u64)sk;
	struct owner *owner = bpf_map_lookup_elem(&accepted, &key);

	if (owner) {
		known->owner = *owner;
		bpf_map_delete_elem(&accepted, &key);
	} else if (known->direction == DIRECTION_ACCEPT && !was_accepted(sk, oldstate)) {
		bpf_map_update_elem(&dead, &key, known, BPF_ANY);
		report_state(sk, known, TYPE_DROP);
		return;
	}
	if (oldstate == TCP_SYN_SENT || oldstate == TCP_SYN_RECV)
		report_state(sk, known, TYPE_CONNECT_FAILED);
	else
		report_state(sk, known, TYPE_CLOSE);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	struct known known = {};
	__u64 key = (__u64)sk;

	if (!is_tcp(sk))
		return 0;
	follow_state(sk, oldstate, newstate, &known);
	if (newstate == TCP_CLOSE && oldstate != TCP_LISTEN) {
		on_close(sk, oldstate, &known);
	} else if (oldstate == TCP_LISTEN) {
		/* the address may be that of an earlier socket */
		bpf_map_delete_elem(&accepted, &key);
		bpf_map_delete_elem(&dead, &key);
	} else if (newstate == TCP_ESTABLISHED && known.direction != DIRECTION_ACCEPT) {
		report_state(sk, &known, TYPE_CONNECT);
	}
	return 0;
}

#include "set_state.h"

/* accept() returns this connection, in the process that has called it. */
static __always_inline void on_accept(struct sock *sk, int fd)
{
	struct known known = { .direction = DIRECTION_ACCEPT }, *kept;
	struct owner owner = {};
	struct event *event;
	__u64 key = (__u64)sk;

	kept = bpf_map_lookup_elem(&socks, &key) ?: bpf_map_lookup_elem(&dead, &key);
	if (kept)
		known = *kept;
	own_current(&owner, BY_ACCEPT);
	if (owner.by != BY_NOTHING) {
		known.owner = owner;
		if (bpf_map_update_elem(&accepted, &key, &owner, BPF_ANY))
			count_lost_map();
	}
	event = report(sk, &known, TYPE_ACCEPT);
	if (event) {
		event->fd = fd;
		if (owner.by != BY_NOTHING)
			event->uid = bpf_get_current_uid_gid();
		submit_event(event);
	}
	if (!bpf_map_delete_elem(&dead, &key)) {
		bpf_map_delete_elem(&accepted, &key);
		report_state(sk, &known, TYPE_CLOSE);
	}
}

/* Whether the current task is in a system call that sys_exit_accept and sys_exit_accept4 see. */
static __always_inline bool in_accept_call(void)
{
	int nr = current_syscall();

	return (nr == NR_ACCEPT || nr == NR_ACCEPT4) && !syscall_is_compat();
}

/* since Linux 6.10 */
struct proto_accept_arg___since_6_10 {
	int err;
} __attribute__((preserve_access_index));

/* The function had four arguments, and has two since there is this struct; what it returns follows them. */
SEC("fexit/inet_csk_accept")
int accept_exit(__u64 *ctx)
{
	struct proto_accept_arg___since_6_10 *arg = NULL;
	struct sock *sk;

	if (bpf_core_field_exists(arg->err)) {
		sk = (void *)ctx[2];
		barrier_var(sk);
	} else {
		sk = (void *)ctx[4];
		barrier_var(sk);
	}
	if (sk && !(by_call && in_accept_call()))
		on_accept(sk, -1);
	return 0;
}

/* The TCP socket of a file: that of MPTCP has its first path. */
static __always_inline struct sock *tcp_sock_of_fd(int fd)
{
	struct sock *sk = sock_of_fd(fd);

	if (sk)
		sk = first_path(sk);
	return sk && is_tcp(sk) ? sk : NULL;
}

static __always_inline void on_accept_failed(long error)
{
	struct pt_regs *regs = user_registers();
	struct known known = { .direction = DIRECTION_ACCEPT };
	struct event *event;
	struct sock *sk;

	if (!is_wanted(TYPE_ACCEPT_FAILED) || error == EAGAIN || error >= ERESTARTSYS)
		return;
	sk = regs ? tcp_sock_of_fd(PT_REGS_PARM1_CORE_SYSCALL(regs)) : NULL;
	if (!sk)
		return;
	own_current(&known.owner, BY_ACCEPT);
	event = report(sk, &known, TYPE_ACCEPT_FAILED);
	if (!event)
		return;
	event->error = error;
	event->uid = bpf_get_current_uid_gid();
	submit_event(event);
}

static __always_inline int on_accept_return(long ret)
{
	struct sock *sk;

	if (ret < 0) {
		on_accept_failed(-ret);
		return 0;
	}
	sk = tcp_sock_of_fd(ret);
	if (sk)
		on_accept(sk, ret);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept")
int sys_exit_accept(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept_return(ctx->ret);
}

SEC("tp/syscalls/sys_exit_accept4")
int sys_exit_accept4(struct trace_event_raw_sys_exit *ctx)
{
	return on_accept_return(ctx->ret);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
