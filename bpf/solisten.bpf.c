// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of solisten: an event for each call of listen(), when it returns, and on request for each socket that
 * listens already.
 *
 * The system call is traced at its end, where an unbound socket has got its port. What does not pass there is seen
 * by fexit: 32-bit programs at __sys_listen, and io_uring at __sys_listen_socket.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "backlog.h"
#include "fd_sock.h"
#include "kinds.h"
#include "sock_address.h"
#include "sock_targets.h"
#include "syscall.h"
#include "task_targets.h"

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	ip_addr addr;
	ns_inum netns; /* 0 if there is no socket */
	pid pid;
	tid tid;
	uid uid;
	errno_ret ret;
	__s32 fd; /* -1 if not known */
	__s32 backlog; /* that was asked for */
	__u32 backlog_max; /* that the socket has */
	__u32 queue; /* connections that wait to be accepted */
	__u32 protocol;
	port port;
	__u16 family;
	__u16 type;
	bool has_sock;
	bool is_ip;
	bool already; /* it listened before the trace */
	__u8 ip; /* 4 or 6; 0 if it is not of IP */
	comm comm;
	__u32 address_size;
	__u8 address[ADDRESS_SIZE]; /* struct sockaddr, of families other than IP */
};

#include "events.h"

static __always_inline void read_sock(struct event *event, struct sock *sk)
{
	struct backlog backlog = backlog_of(sk);
	struct flow flow = {};
	struct sock *path;

	event->has_sock = true;
	event->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	event->type = BPF_CORE_READ(sk, sk_type);
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	/* that of MPTCP does not listen itself */
	path = first_path(sk) ?: sk;
	event->backlog_max = backlog.max;
	event->queue = backlog.queue;
	if (event->family != AF_INET && event->family != AF_INET6) {
		event->address_size = read_sock_address(sk, event->family, event->address);
		return;
	}
	read_flow(path, &flow);
	event->is_ip = true;
	event->port = flow.lport;
	__builtin_memcpy(event->addr, flow.laddr, sizeof(ip_addr));
	event->ip = is_ipv4(flow.laddr) ? 4 : 6;
}

static __always_inline bool is_target_listener(const struct event *event)
{
	if (targ_netns && targ_netns != event->netns)
		return false;
	if (targ_ip && targ_ip != event->ip)
		return false;
	return !targ_by_lport || (event->is_ip && has_port(targ_lports, event->port));
}

/* `sk` is NULL if there is none. */
static __always_inline struct event *describe(struct task_struct *task, struct sock *sk)
{
	struct event *event = reserve_event();

	if (!event)
		return NULL;
	event->time = bpf_ktime_get_boot_ns();
	event->pid = BPF_CORE_READ(task, tgid);
	event->tid = BPF_CORE_READ(task, pid);
	event->uid = BPF_CORE_READ(task, cred, uid.val);
	event->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	if (sk)
		read_sock(event, sk);
	return event;
}

static __always_inline void send(struct event *event)
{
	if (is_target_listener(event))
		submit_event(event);
	else
		bpf_ringbuf_discard(event, 0);
}

static __always_inline int on_listen(struct sock *sk, int fd, int backlog, int ret)
{
	struct event *event;

	if (!is_target())
		return 0;
	event = describe((void *)bpf_get_current_task(), sk);
	if (!event)
		return 0;
	event->ret = ret;
	event->fd = fd;
	event->backlog = backlog;
	send(event);
	return 0;
}

SEC("tp/syscalls/sys_exit_listen")
int sys_exit_listen(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = user_registers();
	int fd;

	if (!regs)
		return 0;
	fd = PT_REGS_PARM1_CORE_SYSCALL(regs);
	return on_listen(sock_of_fd(fd), fd, PT_REGS_PARM2_CORE_SYSCALL(regs), ctx->ret);
}

SEC("fexit/__sys_listen")
int BPF_PROG(sys_listen_exit, int fd, int backlog, int ret)
{
	if (!syscall_is_compat() && current_syscall() == NR_LISTEN)
		return 0;
	return on_listen(sock_of_fd(fd), fd, backlog, ret);
}

/* The compiler has made it part of __sys_listen, too: what is left is io_uring's. */
SEC("fexit/__sys_listen_socket")
int BPF_PROG(sys_listen_socket_exit, struct socket *socket, int backlog, int ret)
{
	return on_listen(BPF_CORE_READ(socket, sk), -1, backlog, ret);
}

/* Called for every open file of every process. */
SEC("iter/task_file")
int seed_listeners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct event *event;
	struct sock *sk;

	/* Linux 5.10 comes to each thread */
	if (!task || !file || task->pid != task->tgid)
		return 0;
	sk = sock_of_file(file);
	/* sockets of other families have taken the number over */
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_LISTEN || !is_target_task(task))
		return 0;
	event = describe(task, sk);
	if (!event)
		return 0;
	event->fd = ctx->fd;
	event->already = true;
	event->backlog = event->backlog_max;
	send(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
