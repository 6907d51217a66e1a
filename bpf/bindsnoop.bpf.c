// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of bindsnoop: an event for each call that binds a socket to an address, when it returns.
 *
 * The system call is traced, with the address that it was passed: what has failed left nothing in the socket.
 * What does not pass there is seen by fexit: 32-bit programs at __sys_bind, io_uring at __sys_bind_socket, and
 * the kernel's own sockets at __inet_bind and __inet6_bind.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "fd_sock.h"
#include "kinds.h"
#include "sock_targets.h"
#include "targets.h"

/* inet_flags of struct inet_sock since Linux 6.6: include/net/inet_sock.h, where the enum has no name */
#define INET_FLAGS_FREEBIND 11
#define INET_FLAGS_TRANSPARENT 15
#define INET_FLAGS_BIND_ADDRESS_NO_PORT 18

#define ADDRESS_SIZE 112 /* what the largest one has, that of a Unix socket, and a few bytes more */
#define DEVICES 16 /* that are looked at for the one of a number */
#define DEVICE_LISTS 256 /* NETDEV_HASHENTRIES of include/linux/netdevice.h */

/* report calls that failed only */
const volatile bool failures_only;

/* Options of the socket, of which each has a bit: OPTIONS of tools/bindsnoop/members.ts. */
enum bind_options {
	BIND_FREEBIND = 1,
	BIND_TRANSPARENT = 2,
	BIND_NO_PORT = 4,
	BIND_REUSEADDR = 8,
	BIND_REUSEPORT = 16,
};

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	ip_addr addr; /* of IP: what the socket is bound to, or what was asked for if that failed */
	ip_addr requested_addr;
	ns_inum netns; /* 0 if there is no socket */
	pid pid;
	tid tid;
	uid uid;
	errno_ret ret;
	__s32 fd; /* -1 if not known */
	__u32 ifindex; /* of the device that the socket is bound to, 0 if to none */
	__u32 protocol;
	port port;
	port requested_port;
	__u16 family; /* of the socket; if there is none, of the address */
	__u16 type;
	__u8 options; /* enum bind_options */
	bool has_sock;
	bool is_ip; /* the address is one of IPv4 or IPv6 */
	bool has_ip_port; /* and it has a port */
	__u8 ip; /* 4 or 6; 0 if it is not of IP */
	comm comm;
	char ifname[16];
	__u32 address_size;
	__u8 address[ADDRESS_SIZE]; /* struct sockaddr that was passed */
};

#include "events.h"

/* bind() of a 64-bit program */
struct bind_call {
	__u64 frame;
	void *address;
	__u32 size;
	__s32 fd;
};

CALLS(bind_calls, struct bind_call, 8192, BPF_F_NO_PREALLOC);

/* until Linux 6.5 */
struct inet_sock___bits {
	__u8 freebind : 1;
	__u8 transparent : 1;
	__u8 bind_address_no_port : 1;
} __attribute__((preserve_access_index));

/* since 6.6 */
struct inet_sock___flags {
	unsigned long inet_flags;
} __attribute__((preserve_access_index));

static __always_inline __u8 inet_options(struct sock *sk)
{
	struct inet_sock___flags *flagged = (void *)sk;
	struct inet_sock___bits *inet = (void *)sk;
	__u8 options = 0;

	if (bpf_core_field_exists(flagged->inet_flags)) {
		unsigned long flags = BPF_CORE_READ(flagged, inet_flags);

		if (flags & 1 << INET_FLAGS_FREEBIND)
			options |= BIND_FREEBIND;
		if (flags & 1 << INET_FLAGS_TRANSPARENT)
			options |= BIND_TRANSPARENT;
		if (flags & 1 << INET_FLAGS_BIND_ADDRESS_NO_PORT)
			options |= BIND_NO_PORT;
		return options;
	}
	if (BPF_CORE_READ_BITFIELD_PROBED(inet, freebind))
		options |= BIND_FREEBIND;
	if (BPF_CORE_READ_BITFIELD_PROBED(inet, transparent))
		options |= BIND_TRANSPARENT;
	if (BPF_CORE_READ_BITFIELD_PROBED(inet, bind_address_no_port))
		options |= BIND_NO_PORT;
	return options;
}

/* Copies the name of a network device. An index is unique within a network namespace. */
static __always_inline void read_ifname(struct sock *sk, __u32 ifindex, char *name)
{
	struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	struct hlist_head *lists = BPF_CORE_READ(net, dev_index_head);
	struct hlist_node *node = NULL;
	struct net_device *device;
	int i;

	bpf_probe_read_kernel(&node, sizeof(node), &lists[ifindex & (DEVICE_LISTS - 1)]);
	for (i = 0; i < DEVICES && node; i++) {
		device = (void *)node - bpf_core_field_offset(device->index_hlist);
		if (BPF_CORE_READ(device, ifindex) == ifindex) {
			BPF_CORE_READ_STR_INTO((char(*)[16])name, device, name);
			return;
		}
		node = BPF_CORE_READ(node, next);
	}
}

/* Keeps what was asked for, where the address is one of IP. */
static __always_inline void read_requested(struct event *event)
{
	const struct sockaddr_in6 *ipv6 = (const void *)event->address;
	const struct sockaddr_in *ipv4 = (const void *)event->address;

	/* AF_UNSPEC stands for AF_INET, as long as the address is that of any */
	if (ipv4->sin_family == AF_INET || (!ipv4->sin_family && event->family == AF_INET))
		map_ipv4(event->requested_addr, ipv4->sin_addr.s_addr);
	else if (ipv6->sin6_family == AF_INET6)
		__builtin_memcpy(event->requested_addr, &ipv6->sin6_addr, sizeof(ip_addr));
	else
		return;
	event->is_ip = event->has_ip_port = true;
	event->ip = is_ipv4(event->requested_addr) ? 4 : 6;
	event->requested_port = bpf_ntohs(ipv4->sin_port);
	event->port = event->requested_port;
	__builtin_memcpy(event->addr, event->requested_addr, sizeof(ip_addr));
}

static __always_inline void read_sock(struct event *event, struct sock *sk)
{
	struct flow flow = {};

	event->has_sock = true;
	event->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	event->type = BPF_CORE_READ(sk, sk_type);
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	event->ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	if (event->ifindex)
		read_ifname(sk, event->ifindex, event->ifname);
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse))
		event->options |= BIND_REUSEADDR;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport))
		event->options |= BIND_REUSEPORT;
	if (event->family != AF_INET && event->family != AF_INET6)
		return;
	event->options |= inet_options(sk);
	/* what stands for its port is a protocol */
	if (event->type == SOCK_RAW)
		event->has_ip_port = false;
	if (event->ret)
		return;
	read_flow(sk, &flow);
	event->port = flow.lport;
	__builtin_memcpy(event->addr, flow.laddr, sizeof(ip_addr));
}

static __always_inline bool is_target_bind(const struct event *event)
{
	if (targ_netns && targ_netns != event->netns)
		return false;
	if (targ_ip && targ_ip != event->ip)
		return false;
	return !targ_by_lport || (event->is_ip && (has_port(targ_lports, event->port) ||
						   has_port(targ_lports, event->requested_port)));
}

/* `sk` is NULL if there is none, `address` lies in the process or in the kernel. */
static __always_inline int on_bind(struct sock *sk, int fd, const void *address, __u32 size,
				   int ret, bool in_process)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event;
	__u64 bytes = size;

	if ((failures_only && !ret) || !is_target())
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	event->ret = ret;
	event->fd = fd;
	event->address_size = size;
	/* else clang 14 bounds one copy and passes another, which Linux 5.10 has no bound for */
	barrier_var(bytes);
	if (bytes > ADDRESS_SIZE)
		bytes = ADDRESS_SIZE;
	barrier_var(bytes);
	if (in_process)
		bpf_probe_read_user(event->address, bytes, address);
	else
		bpf_probe_read_kernel(event->address, bytes, address);
	event->family = *(__u16 *)event->address;
	if (sk)
		event->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	read_requested(event);
	if (sk)
		read_sock(event, sk);
	if (is_target_bind(event))
		submit_event(event);
	else
		bpf_ringbuf_discard(event, 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_bind")
int sys_enter_bind(struct trace_event_raw_sys_enter *ctx)
{
	struct bind_call call = {
		.fd = ctx->args[0],
		.address = (void *)ctx->args[1],
		.size = ctx->args[2],
	};

	call_begin(&bind_calls, 0, &call);
	return 0;
}

SEC("tp/syscalls/sys_exit_bind")
int sys_exit_bind(struct trace_event_raw_sys_exit *ctx)
{
	struct bind_call call = {};

	if (!call_end(&bind_calls, 0, &call))
		return 0;
	return on_bind(sock_of_fd(call.fd), call.fd, call.address, call.size, ctx->ret, true);
}

SEC("fexit/__sys_bind")
int BPF_PROG(sys_bind_exit, int fd, void *address, int size, int ret)
{
	if (call_of(&bind_calls, 0))
		return 0;
	return on_bind(sock_of_fd(fd), fd, address, size, ret, true);
}

/* The compiler has made it part of __sys_bind, too: what is left is io_uring's. */
SEC("fexit/__sys_bind_socket")
int BPF_PROG(sys_bind_socket_exit, struct socket *socket, void *address, int size, int ret)
{
	return on_bind(BPF_CORE_READ(socket, sk), -1, address, size, ret, false);
}

/* Sockets of processes have a file. */
static __always_inline int on_function_return(struct sock *sk, const void *address, __u32 size,
					      int ret)
{
	if (BPF_CORE_READ(sk, sk_socket, file) || is_mptcp(sk))
		return 0;
	return on_bind(sk, -1, address, size, ret, false);
}

SEC("fexit/__inet_bind")
int BPF_PROG(inet_bind_exit, struct sock *sk, void *address, int size, __u32 flags, int ret)
{
	return on_function_return(sk, address, size, ret);
}

SEC("fexit/__inet6_bind")
int BPF_PROG(inet6_bind_exit, struct sock *sk, void *address, int size, __u32 flags, int ret)
{
	return on_function_return(sk, address, size, ret);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
