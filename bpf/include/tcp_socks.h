/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What is known of each TCP socket: who owns it, and since when it is what it is.
 *
 * Most changes of a socket's state happen in a softirq, where the current task is any that the kernel
 * interrupted. So the owner is kept from those that happen in a system call of its own: when it connects,
 * listens, or closes. A connection that came in belongs to the owner of its listener until its own is seen.
 * What was open before the tool started is taken from the tables of open files: seed_socks, which is run
 * once, after the hooks are attached.
 *
 *	follow_state(sk, oldstate, newstate, &known);     at every change of state
 *	struct owner owner = owner_of(sk);                at any other moment
 *
 * A socket is known by its address. The entry goes at TCP_CLOSE, and the first state of a socket that
 * takes the address over replaces what may be left.
 */
#ifndef DENOBPF_TCP_SOCKS_H
#define DENOBPF_TCP_SOCKS_H

#include "losses.h"
#include "sock.h"
#include "sock_owner.h"

/* Which side began a connection: DIRECTION of lib/tool/tcp.ts. */
enum direction {
	DIRECTION_UNKNOWN,
	DIRECTION_CONNECT,
	DIRECTION_ACCEPT,
};

struct known {
	__u64 started; /* bpf_ktime_get_boot_ns() of the first state; 0 if that was before the tool */
	__u64 established;
	__u64 since; /* the present state; 0 if that was before the tool */
	struct owner owner;
	__u8 direction;
};

/* Preallocated, as are the listeners: hooks run in softirqs, where Linux before 6.1 must not allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct known);
} socks SEC(".maps");

struct listening {
	ip_addr addr; /* zeros for any */
	ns_inum netns;
	port port;
	__u16 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct listening);
	__type(value, struct owner);
} listeners SEC(".maps");

static __always_inline struct listening listening_of(struct sock *sk)
{
	struct listening key = {};
	__u32 *words = (__u32 *)key.addr;
	struct flow flow = {};

	read_flow(sk, &flow);
	key.netns = flow.netns;
	key.port = flow.lport;
	__builtin_memcpy(key.addr, flow.laddr, sizeof(ip_addr));
	if (is_ipv4(key.addr) && !words[3])
		words[2] = 0; /* 0.0.0.0 */
	return key;
}

static __always_inline void keep_listener(struct sock *sk, const struct owner *owner)
{
	struct listening key = listening_of(sk);

	if (bpf_map_update_elem(&listeners, &key, owner, BPF_ANY))
		count_lost_map();
}

static __always_inline void drop_listener(struct sock *sk, const struct owner *owner)
{
	struct listening key = listening_of(sk);
	struct owner *kept = bpf_map_lookup_elem(&listeners, &key);

	/* with SO_REUSEPORT another one may listen there */
	if (kept && kept->pid == owner->pid)
		bpf_map_delete_elem(&listeners, &key);
}

static __always_inline void inherit_listener(struct sock *sk, struct owner *owner)
{
	struct listening key = listening_of(sk);
	struct owner *kept = bpf_map_lookup_elem(&listeners, &key);

	if (!kept) {
		__builtin_memset(key.addr, 0, sizeof(key.addr));
		kept = bpf_map_lookup_elem(&listeners, &key);
	}
	if (!kept)
		return;
	*owner = *kept;
	owner->by = BY_LISTENER;
}

/* What is known of a socket: zeros if nothing is. */
static __always_inline struct known known_of(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct known *known = bpf_map_lookup_elem(&socks, &key);
	struct known nothing = {};

	return known ? *known : nothing;
}

/* The owner of a socket, as far as it is known. */
static __always_inline struct owner owner_of(struct sock *sk)
{
	return known_of(sk).owner;
}

/* Notes a change of state at `now`. `known` is what was known before it, and the owner as of now. */
static __always_inline void follow_state_at(struct sock *sk, int oldstate, int newstate, __u64 now,
					    struct known *known)
{
	__u64 key = (__u64)sk, since;
	struct known *kept = bpf_map_lookup_elem(&socks, &key);
	bool first = oldstate == TCP_CLOSE || (oldstate == TCP_LISTEN && newstate == TCP_SYN_RECV);

	if (kept && !first)
		*known = *kept;
	if (newstate == TCP_SYN_SENT) {
		own_current(&known->owner, BY_CONNECT);
		known->direction = DIRECTION_CONNECT;
	} else if (newstate == TCP_LISTEN) {
		own_current(&known->owner, BY_LISTEN);
		keep_listener(sk, &known->owner);
	} else if (first) {
		inherit_listener(sk, &known->owner);
		known->direction = DIRECTION_ACCEPT;
	} else if (newstate == TCP_FIN_WAIT1 || newstate == TCP_LAST_ACK) {
		/* close() or shutdown() of a process that may have the socket from its parent */
		if (known->owner.by == BY_NOTHING || known->owner.by == BY_LISTENER)
			own_current(&known->owner, BY_CLOSE);
	}
	if (newstate == TCP_CLOSE) {
		if (oldstate == TCP_LISTEN)
			drop_listener(sk, &known->owner);
		bpf_map_delete_elem(&socks, &key);
		return;
	}
	since = known->since;
	if (first)
		known->started = now;
	if (newstate == TCP_ESTABLISHED)
		known->established = now;
	known->since = now;
	if (bpf_map_update_elem(&socks, &key, known, BPF_ANY))
		count_lost_map();
	known->since = since;
}

static __always_inline void follow_state(struct sock *sk, int oldstate, int newstate,
					 struct known *known)
{
	follow_state_at(sk, oldstate, newstate, bpf_ktime_get_boot_ns(), known);
}

/* Called for every open file of every process. The first process that has a socket open is its owner. */
SEC("iter/task_file")
int seed_socks(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct known known = {};
	struct sock *sk;
	__u64 key;
	int state;

	if (!task || !file)
		return 0;
	sk = sock_of_file(file);
	if (!sk || !is_tcp(sk))
		return 0;
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == TCP_CLOSE)
		return 0;
	own(&known.owner, task, BY_START);
	known.owner.target = is_target_task(task);
	key = (__u64)sk;
	if (!bpf_map_lookup_elem(&socks, &key)) {
		if (bpf_map_update_elem(&socks, &key, &known, BPF_NOEXIST))
			count_lost_map();
		if (state == TCP_LISTEN)
			keep_listener(sk, &known.owner);
	}
	return 0;
}

#endif /* DENOBPF_TCP_SOCKS_H */
