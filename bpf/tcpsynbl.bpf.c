// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpsynbl: how many connections wait at a socket that listens, each time that one more comes.
 *
 * A connection whose handshake is done is made as a copy of the socket that it came to, the length of its queue
 * included, and then changes its state for the first time. It counts at its second change, when it is established. A
 * handshake that is refused passes no hook. But the socket counts it: what that number has grown by is taken when a
 * table is due, and when the socket is closed.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "fd_sock.h"
#include "kinds.h"
#include "slots.h"
#include "sock_drops.h"
#include "sock_owner.h"
#include "sock_targets.h"

#define SLOTS 32 /* a queue has less than 2^32 connections */
/* In place of a CPU where the current task counts, which an interrupt may come to that counts as well. */
#define OF_TASK 0xffffffff

struct group {
	__u32 set;
	cpu_nr cpu;
	__u64 sk; /* the socket that listens: with SO_REUSEPORT there may be several at one port */
	cgroup_id cgroup_id;
	ip_addr laddr;
	ns_inum netns;
	__u32 backlog_max;
	pid pid;
	uid uid;
	comm comm;
	port lport;
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	__u32 zero;
};

struct queues {
	__u64 count; /* connections that came */
	__u64 total; /* of those that waited when each of them came */
	__u64 drops;
	__u32 max_queue;
	__u32 max_syn_queue;
	__u32 slots[SLOTS];
};

/* Preallocated, as listeners are: the hook runs in softirqs, where Linux before 6.1 must not allocate. */
COUNTS(counts, struct group, struct queues, 2048, 0);

static const struct queues empty;

struct known_listener {
	struct owner owner;
	__u32 drops; /* those that have been counted */
};

/* By the address of the socket, while it listens. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct known_listener);
} listeners SEC(".maps");

static __always_inline bool is_target_listener(const struct flow *flow)
{
	if (targ_netns && targ_netns != flow->netns)
		return false;
	if (targ_ip && targ_ip != (is_ipv4(flow->laddr) ? 4 : 6))
		return false;
	return !targ_by_lport || has_port(targ_lports, flow->lport);
}

/* What is counted of a socket; NULL if it is not to be traced. */
static __always_inline struct queues *queues_of(struct sock *sk, const struct owner *owner,
						__u32 cpu)
{
	struct group group = { .set = set, .cpu = cpu, .sk = (__u64)sk };
	struct flow flow = {};

	if (!is_target_owner(owner))
		return NULL;
	read_flow(sk, &flow);
	if (!is_target_listener(&flow))
		return NULL;
	group.cgroup_id = sock_cgroup_id(sk);
	__builtin_memcpy(group.laddr, flow.laddr, sizeof(ip_addr));
	group.netns = flow.netns;
	group.backlog_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	group.pid = owner->pid;
	group.uid = sock_uid(sk);
	__builtin_memcpy(group.comm, owner->comm, sizeof(group.comm));
	group.lport = flow.lport;
	group.ip = is_ipv4(flow.laddr) ? 4 : 6;
	group.owner_by = owner->by;
	return count_at(&counts, &group, &empty);
}

/* Those whose handshake has begun. */
static __always_inline __u32 syn_queue_of(struct sock *sk)
{
	return BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_accept_queue.qlen.counter);
}

static __always_inline void note_queues(struct queues *queues, __u32 queue, __u32 syn_queue)
{
	if (queue > queues->max_queue)
		queues->max_queue = queue;
	if (syn_queue > queues->max_syn_queue)
		queues->max_syn_queue = syn_queue;
}

/*
 * The socket that a connection came to. The list of what its copy has sent still has the pointer of that socket's
 * own list, which is empty, and so points to itself. NULL if that is about to be closed.
 */
static __always_inline struct sock *listener_of(struct sock *child)
{
	struct tcp_sock *tp = (struct tcp_sock *)child;
	void *list = BPF_CORE_READ(tp, tsorted_sent_queue.next);
	struct sock *sk = list - bpf_core_field_offset(tp->tsorted_sent_queue);

	return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN ? sk : NULL;
}

/* What is seen of a connection as it is made. */
struct arrival {
	__u64 sk; /* the socket that it came to, or 0 */
	__u32 queue;
	__u32 syn_queue;
};

/*
 * By the address of its own socket, until it is established: where two packets of one handshake come at once, the
 * kernel may make a connection of each, and throw one away.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct arrival);
} arrivals SEC(".maps");

static __always_inline void note_arrival(struct sock *child)
{
	struct sock *sk = listener_of(child);
	__u64 key = (__u64)child;
	struct arrival arrival = {
		.sk = (__u64)sk,
		.queue = BPF_CORE_READ(child, sk_ack_backlog),
		.syn_queue = sk ? syn_queue_of(sk) : 0,
	};

	if (bpf_map_update_elem(&arrivals, &key, &arrival, BPF_ANY))
		count_lost_map();
}

static __always_inline void count_arrival(struct sock *child, const struct arrival *arrival)
{
	__u64 key = arrival->sk, slot = log2_slot(arrival->queue);
	struct known_listener *listener = bpf_map_lookup_elem(&listeners, &key);
	struct owner nobody = {};
	struct queues *queues;

	queues = queues_of(key ? (struct sock *)key : child, listener ? &listener->owner : &nobody,
			   bpf_get_smp_processor_id());
	if (!queues)
		return;
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	queues->slots[slot & (SLOTS - 1)]++;
	queues->count++;
	queues->total += arrival->queue;
	/* its own handshake was among them still, unless it was by a cookie */
	note_queues(queues, arrival->queue + 1, arrival->syn_queue ? arrival->syn_queue - 1 : 0);
}

static __always_inline void end_arrival(struct sock *child, int newstate)
{
	__u64 key = (__u64)child;
	struct arrival *found = bpf_map_lookup_elem(&arrivals, &key), arrival;

	if (!found)
		return;
	arrival = *found;
	bpf_map_delete_elem(&arrivals, &key);
	if (newstate == TCP_ESTABLISHED)
		count_arrival(child, &arrival);
}

/* Counts what a socket itself has counted since it was looked at before. */
static __always_inline void look_at(struct sock *sk, struct known_listener *listener)
{
	__u32 queue = BPF_CORE_READ(sk, sk_ack_backlog), syn_queue = syn_queue_of(sk);
	__u32 drops = sock_drops(sk), more = drops - listener->drops;
	struct queues *queues;

	if (!more && !queue && !syn_queue)
		return;
	queues = queues_of(sk, &listener->owner, OF_TASK);
	if (!queues)
		return;
	listener->drops = drops;
	__sync_fetch_and_add(&queues->drops, more);
	note_queues(queues, queue, syn_queue);
}

static __always_inline void begin_to_listen(struct sock *sk)
{
	struct known_listener listener = { .drops = sock_drops(sk) };
	__u64 key = (__u64)sk;

	own_current(&listener.owner, BY_LISTEN);
	if (bpf_map_update_elem(&listeners, &key, &listener, BPF_ANY))
		count_lost_map();
}

static __always_inline void end_to_listen(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct known_listener *listener = bpf_map_lookup_elem(&listeners, &key);

	if (!listener)
		return;
	look_at(sk, listener);
	bpf_map_delete_elem(&listeners, &key);
}

static __always_inline int on_set_state(struct sock *sk, int oldstate, int newstate)
{
	if (oldstate != TCP_LISTEN && newstate != TCP_LISTEN && oldstate != TCP_SYN_RECV)
		return 0;
	if (!is_tcp(sk))
		return 0;
	if (newstate == TCP_LISTEN)
		begin_to_listen(sk);
	else if (oldstate == TCP_SYN_RECV)
		end_arrival(sk, newstate);
	else if (newstate == TCP_SYN_RECV)
		note_arrival(sk);
	else
		end_to_listen(sk);
	return 0;
}

#include "set_state.h"

/*
 * Called for every open file of every process. A socket belongs to the first process that has it open, of those
 * that are traced if there is one.
 */
SEC("iter/task_file")
int seed_listeners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct known_listener listener = {}, *known;
	struct sock *sk;
	__u64 key;

	if (!task || !file)
		return 0;
	sk = sock_of_file(file);
	if (sk)
		sk = first_path(sk);
	if (!sk || !is_tcp(sk) || BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_LISTEN)
		return 0;
	key = (__u64)sk;
	listener.drops = sock_drops(sk);
	own(&listener.owner, task, BY_START);
	listener.owner.target = is_target_task(task);
	known = bpf_map_lookup_elem(&listeners, &key);
	if (known && (known->owner.target || !listener.owner.target))
		return 0;
	if (bpf_map_update_elem(&listeners, &key, &listener, BPF_ANY))
		count_lost_map();
	return 0;
}

/* Called for every socket of the map. */
SEC("iter/bpf_map_elem")
int walk_listeners(struct bpf_iter__bpf_map_elem *ctx)
{
	struct known_listener *listener;
	__u64 *found = ctx->key, key;
	struct sock *sk;

	if (!found)
		return 0;
	key = *found;
	sk = (struct sock *)key;
	listener = bpf_map_lookup_elem(&listeners, &key);
	if (listener && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		look_at(sk, listener);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
