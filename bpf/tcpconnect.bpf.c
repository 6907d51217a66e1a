// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpconnect and tcpconnlat: an event for each attempt to connect by TCP, once it has come to
 * an end.
 *
 * An attempt begins at TCP_SYN_SENT, in the system call of the process that connects, and ends where the socket
 * leaves that state. One that fails before a SYN is sent (no route, no free port) has no such end, or one
 * without an error: then the errno that connect() returns is reported. That is seen at the end of the
 * kernel's functions, or else at the end of the system call.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "files.h"
#include "kinds.h"
#include "sock_owner.h"
#include "sock_targets.h"

#define SHUTDOWN_MASK 3 /* include/net/sock.h */

/* report attempts as they begin, and no ends */
const volatile bool at_start;
#ifdef LATENCY
/* report attempts that took at least this long alone, or those that became a connection */
const volatile __u64 min_ns;
const volatile bool only_established;
#else
#define min_ns 0
#define only_established false
#endif
/* every connect() has its end seen by fexit, not by the system call alone */
const volatile bool by_function;

struct event {
	boot_ns time;
	boot_ns started; /* 0 if no SYN was sent */
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	__u32 error; /* errno, 0 if there was none */
	__u32 syn_retransmits;
	port lport;
	port rport;
	comm comm;
	__u8 ip; /* 4 or 6 */
	bool owned; /* false for connections of the kernel itself */
	bool begins; /* see at_start */
	bool established;
	bool fastopen; /* the SYN asked for TCP Fast Open */
	bool mptcp; /* a path of a connection of MPTCP */
};

#include "events.h"

struct attempt {
	__u64 started;
	struct owner owner;
	uid uid;
	bool sent; /* connect() has returned, and the attempt goes on */
	bool failed; /* it has not, and will return why */
};

/* By the address of the socket. Preallocated: ends come in softirqs, where Linux before 6.1 must not allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

/* connect() of a socket that is not connecting yet */
struct connect_call {
	__u64 frame;
	struct sock *sk;
	void *address;
	bool began; /* it has come to TCP_SYN_SENT */
};

CALLS(connect_calls, struct connect_call, 8192, 0);

static __always_inline void start(struct attempt *attempt)
{
	own_current(&attempt->owner, BY_CONNECT);
	attempt->uid = bpf_get_current_uid_gid();
}

static __always_inline void report(struct sock *sk, const struct flow *flow,
				   const struct attempt *attempt, __u32 error, bool established)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 now = bpf_ktime_get_boot_ns();
	struct event *event;

	if (only_established && !established)
		return;
	if (min_ns && (!attempt->started || now - attempt->started < min_ns))
		return;
	event = reserve_event();
	if (!event)
		return;
	event->time = now;
	event->started = attempt->started;
	event->owned = attempt->owner.by != BY_NOTHING;
	event->pid = attempt->owner.pid;
	event->tid = attempt->owner.tid;
	event->uid = attempt->uid;
	__builtin_memcpy(event->comm, attempt->owner.comm, sizeof(event->comm));
	event->cgroup_id = sock_cgroup_id(sk);
	event->begins = at_start;
	event->established = established;
	event->error = error;
	event->syn_retransmits = BPF_CORE_READ(tp, total_retrans);
	event->fastopen = BPF_CORE_READ_BITFIELD_PROBED(tp, syn_fastopen);
	event->mptcp = is_mptcp(sk);
	send_flow(event, flow);
	submit_event(event);
}

static __always_inline void begin(struct sock *sk)
{
	struct attempt attempt = { .started = bpf_ktime_get_boot_ns() };
	struct connect_call *call = call_of(&connect_calls, 0);
	struct flow flow = {};
	__u64 key = (__u64)sk;

	if (call)
		call->began = true;
	start(&attempt);
	if (!is_target_owner(&attempt.owner))
		return;
	if (at_start) {
		read_flow(sk, &flow);
		if (is_target_flow(&flow))
			report(sk, &flow, &attempt, 0, false);
	} else if (bpf_map_update_elem(&attempts, &key, &attempt, BPF_ANY)) {
		count_lost_map();
	}
}

static __always_inline void end(struct sock *sk, int newstate)
{
	__u64 key = (__u64)sk;
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
	bool established = newstate == TCP_ESTABLISHED;
	__u32 error = established ? 0 : BPF_CORE_READ(sk, sk_err);
	struct flow flow = {};

	if (!attempt)
		return;
	if (!established && !error && !attempt->sent &&
	    !(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_shutdown) & SHUTDOWN_MASK) &&
	    (by_function || call_of(&connect_calls, 0))) {
		attempt->failed = true;
		return;
	}
	read_flow(sk, &flow);
	if (is_target_flow(&flow))
		report(sk, &flow, attempt, error, established);
	bpf_map_delete_elem(&attempts, &key);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	if (newstate == TCP_SYN_SENT) {
		if (is_tcp(sk))
			begin(sk);
	} else if (newstate != TCP_SYN_RECV && /* both sides connect at once */
		   (oldstate == TCP_SYN_SENT || oldstate == TCP_SYN_RECV)) {
		end(sk, newstate);
	}
	return 0;
}

#include "set_state.h"

/* Puts the address that connect() was given into a flow whose socket has none. */
static __always_inline void set_remote(struct flow *flow, const struct sockaddr_in6 *address)
{
	const struct sockaddr_in *ipv4 = (const void *)address;
	const __u32 *local = (const __u32 *)flow->laddr;

	flow->rport = bpf_ntohs(address->sin6_port);
	if (address->sin6_family == AF_INET)
		map_ipv4(flow->raddr, ipv4->sin_addr.s_addr);
	else
		__builtin_memcpy(flow->raddr, &address->sin6_addr, sizeof(ip_addr));
	if (is_ipv4(flow->raddr) && !local[0] && !local[1] && !local[2] && !local[3])
		map_ipv4(flow->laddr, 0);
}

/* connect() returns. `began`: what has come of it is reported where the socket's state changes. */
static __always_inline void on_return(struct sock *sk, const struct sockaddr_in6 *address, long ret,
				      bool began)
{
	__u64 key = (__u64)sk;
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key), unsent = {};
	struct flow flow = {};

	if (attempt && !attempt->failed) {
		attempt->sent = true;
		return;
	}
	if (ret >= 0 || (!attempt && began))
		return;
	if (!attempt) {
		start(&unsent);
		if (!is_target_owner(&unsent.owner))
			return;
	}
	read_flow(sk, &flow);
	set_remote(&flow, address);
	if (is_target_flow(&flow))
		report(sk, &flow, attempt ?: &unsent, -ret, false);
	if (attempt)
		bpf_map_delete_elem(&attempts, &key);
}

static __always_inline int on_function_return(struct sock *sk, void *uaddr, int ret)
{
	struct sockaddr_in6 address = {};

	bpf_probe_read_kernel(&address, sizeof(address), uaddr);
	on_return(sk, &address, ret, false);
	return 0;
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(tcp_v4_connect_exit, struct sock *sk, void *uaddr, int addr_len, int ret)
{
	/* an IPv6 socket, whose function has called this one for a mapped address */
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		return 0;
	return on_function_return(sk, uaddr, ret);
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(tcp_v6_connect_exit, struct sock *sk, void *uaddr, int addr_len, int ret)
{
	return on_function_return(sk, uaddr, ret);
}

SEC("tp/syscalls/sys_enter_connect")
int sys_enter_connect(struct trace_event_raw_sys_enter *ctx)
{
	struct connect_call call = { .address = (void *)ctx->args[1] };
	struct file *file = file_of_fd(ctx->args[0]);
	struct socket *socket;

	call.sk = file ? sock_of_file(file) : NULL;
	if (!call.sk || !is_tcp(call.sk))
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	if (BPF_CORE_READ(socket, state) == SS_UNCONNECTED)
		call_begin(&connect_calls, 0, &call);
	return 0;
}

SEC("tp/syscalls/sys_exit_connect")
int sys_exit_connect(struct trace_event_raw_sys_exit *ctx)
{
	struct connect_call call = {};
	struct sockaddr_in6 address = {};

	if (!call_end(&connect_calls, 0, &call))
		return 0;
	bpf_probe_read_user(&address, sizeof(address), call.address);
	on_return(call.sk, &address, ctx->ret, call.began);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
