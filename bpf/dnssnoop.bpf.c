// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of dnssnoop: the messages that processes of this host send to servers of DNS by UDP, and those that come
 * back. The user half reads them, and joins questions and answers.
 *
 * A question is seen as it is handed to a network device, with its socket; an answer as it is handed over by one. What
 * this host forwards for others has no socket. A device may be made of others, and pass its packets on to them: the
 * user half knows a packet again by its address.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "fd_sock.h"
#include "kinds.h"
#include "packet.h"
#include "sock_owner.h"
#include "sock_targets.h"

#define HEADER_SIZE 12 /* of a message: RFC 1035, 4.1.1 */
#define IS_ANSWER 0x80 /* in its third byte */
#define MESSAGE_SIZE 1232 /* bytes of a message that are sent: what resolvers ask for at most */
/* Answers that come this long behind that are of no use to anybody. */
#define LATE_NS 5000000000ULL

/* how long an answer is waited for, and whether it was so a moment ago */
const volatile __u64 timeout_ns = 5000000000ULL;
__u64 last_asked;

/* What a record is. */
enum record_kind {
	KIND_QUESTION,
	KIND_ANSWER,
	KIND_TICK, /* some time has passed */
};

struct event {
	boot_ns time;
	__u64 skb;
	cgroup_id cgroup_id;
	ip_addr laddr;
	ip_addr raddr;
	ns_inum netns;
	pid pid;
	tid tid;
	uid uid;
	port lport;
	port rport;
	__u16 bytes; /* of the message */
	__u8 ip; /* 4 or 6 */
	__u8 owner_by;
	enum record_kind kind;
	comm comm;
	__u32 message_size; /* bytes of it that are here */
	__u8 strings[];
};

#define STRINGS_SIZE MESSAGE_SIZE
#include "record.h"

/*
 * Who has made a socket, by its address: a packet that had to wait until the address of its neighbour was known
 * is sent while any task runs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct owner);
} makers SEC(".maps");

static __always_inline bool is_udp(struct sock *sk)
{
	return is_ip(sk) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP;
}

SEC("tp/syscalls/sys_exit_socket")
int sys_exit_socket(struct trace_event_raw_sys_exit *ctx)
{
	struct owner owner = {};
	struct sock *sk;
	__u64 key;

	sk = ctx->ret < 0 ? NULL : sock_of_fd(ctx->ret);
	if (!sk || !is_udp(sk))
		return 0;
	key = (__u64)sk;
	own_current(&owner, BY_SOCKET);
	bpf_map_update_elem(&makers, &key, &owner, BPF_ANY);
	return 0;
}

/* Called for every open file of every process. */
SEC("iter/task_file")
int seed_makers(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct owner owner = {};
	struct sock *sk;
	__u64 key;

	if (!task || !file)
		return 0;
	sk = sock_of_file(file);
	if (!sk || !is_udp(sk))
		return 0;
	key = (__u64)sk;
	own(&owner, task, BY_START);
	owner.target = is_target_task(task);
	bpf_map_update_elem(&makers, &key, &owner, BPF_NOEXIST);
	return 0;
}

/* Who sends it: the current task, unless another process has made the socket. */
static __always_inline struct owner sender_of(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct owner *maker = bpf_map_lookup_elem(&makers, &key);
	struct owner sender = {};

	if (maker && maker->pid != bpf_get_current_pid_tgid() >> 32)
		return *maker;
	own_current(&sender, BY_SEND);
	return sender;
}

/* A socket that asks, by what its answers are sent to. */
struct asking {
	ns_inum netns;
	port lport;
	__u16 zero;
};

/* When each has asked last: what comes to others is nothing that anybody waits for. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct asking);
	__type(value, __u64);
} asking SEC(".maps");

static __always_inline void note_asking(const struct flow *flow, __u64 now)
{
	struct asking key = { .netns = flow->netns, .lport = flow->lport };

	last_asked = now;
	if (bpf_map_update_elem(&asking, &key, &now, BPF_ANY))
		count_lost_map();
}

static __always_inline bool is_asking(const struct flow *flow)
{
	struct asking key = { .netns = flow->netns, .lport = flow->lport };
	__u64 *last = bpf_map_lookup_elem(&asking, &key);

	return last && bpf_ktime_get_boot_ns() - *last < timeout_ns + LATE_NS;
}

/* Where the message of a packet begins, and how much of it lies in one piece. */
struct message {
	void *at;
	__u32 bytes;
	__u32 linear;
};

/* Reads the headers of a packet. Returns whether it is of UDP and has a message. */
static __always_inline bool read_udp(struct sk_buff *skb, struct packet *packet,
				     struct message *message)
{
	void *at = read_ip(skb, packet);
	struct udphdr udp = {};
	__s64 linear;

	if (!at || packet->protocol != IPPROTO_UDP || bpf_probe_read_kernel(&udp, sizeof(udp), at))
		return false;
	packet->sport = bpf_ntohs(udp.source);
	packet->dport = bpf_ntohs(udp.dest);
	message->at = at + sizeof(udp);
	if (bpf_ntohs(udp.len) < sizeof(udp))
		return false;
	message->bytes = bpf_ntohs(udp.len) - sizeof(udp);
	linear = BPF_CORE_READ(skb, data) + BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len) -
		 (unsigned char *)message->at;
	if (linear < 0)
		linear = 0;
	message->linear = linear < message->bytes ? linear : message->bytes;
	return true;
}

/* The third byte of a message; `otherwise` if it cannot be read. */
static __always_inline __u8 flags_of(const struct message *message, __u8 otherwise)
{
	__u8 flags = otherwise;

	if (message->linear >= HEADER_SIZE)
		bpf_probe_read_kernel(&flags, sizeof(flags), message->at + 2);
	return flags;
}

static __always_inline int send_message(struct sk_buff *skb, const struct flow *flow,
					const struct message *message, const struct owner *owner,
					struct sock *sk, enum record_kind kind)
{
	struct event *event = begin_record();

	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->skb = (__u64)skb;
	event->kind = kind;
	if (owner) {
		event->pid = owner->pid;
		event->tid = owner->tid;
		__builtin_memcpy(event->comm, owner->comm, sizeof(event->comm));
		event->owner_by = owner->by;
		event->uid = sock_uid(sk);
		event->cgroup_id = sock_cgroup_id(sk);
		note_asking(flow, event->time);
	}
	send_flow(event, flow);
	event->bytes = message->bytes;
	event->message_size =
		append_kernel_bytes(event, message->at, message->linear, MESSAGE_SIZE);
	send_record(event);
	return 0;
}

static __always_inline int on_send(struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	struct message message = {};
	struct packet packet = {};
	struct flow flow = {}, wanted = {};
	struct owner sender;

	if (!sk || !is_udp(sk) || !read_udp(skb, &packet, &message))
		return 0;
	packet_flow(&packet, false, &flow);
	/* what the process is connected to: the kernel may have put another address into the packet since */
	read_flow(sk, &wanted);
	if (wanted.rport) {
		flow.rport = wanted.rport;
		__builtin_memcpy(flow.raddr, wanted.raddr, sizeof(ip_addr));
	}
	flow.netns = wanted.netns;
	if (!is_target_flow(&flow) || flags_of(&message, IS_ANSWER) & IS_ANSWER)
		return 0;
	sender = sender_of(sk);
	if (!is_target_owner(&sender))
		return 0;
	return send_message(skb, &flow, &message, &sender, sk, KIND_QUESTION);
}

static __always_inline int on_receive(struct sk_buff *skb)
{
	struct message message = {};
	struct packet packet = {};
	struct flow flow = {};

	if (!read_udp(skb, &packet, &message))
		return 0;
	packet_flow(&packet, true, &flow);
	flow.netns = BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
	/* of one that cannot be read, the ports say enough */
	if (!is_target_flow(&flow) || !is_asking(&flow) ||
	    !(flags_of(&message, IS_ANSWER) & IS_ANSWER))
		return 0;
	return send_message(skb, &flow, &message, NULL, NULL, KIND_ANSWER);
}

SEC("raw_tp/net_dev_queue")
int BPF_PROG(btf_send, struct sk_buff *skb)
{
	return on_send(skb);
}

SEC("tp/net/net_dev_queue")
int tp_send(struct trace_event_raw_net_dev_template *ctx)
{
	return on_send((struct sk_buff *)ctx->skbaddr);
}

SEC("raw_tp/netif_receive_skb")
int BPF_PROG(btf_receive, struct sk_buff *skb)
{
	return on_receive(skb);
}

SEC("tp/net/netif_receive_skb")
int tp_receive(struct trace_event_raw_net_dev_template *ctx)
{
	return on_receive((struct sk_buff *)ctx->skbaddr);
}

/* What the next program walks. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} clock SEC(".maps");

/*
 * Run by the user half some times a second: what it reads is events alone, and an answer that is waited for may not
 * come. An interrupt may come to it, so it leaves records to the others.
 */
SEC("iter/bpf_map_elem")
int tick(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct event *event;

	if (!ctx->key || !last_asked || now - last_asked > timeout_ns + LATE_NS)
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = now;
	event->kind = KIND_TICK;
	submit_event(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
