// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of gethostlatency: an event for each call of a function of libc that looks up a host, when it returns.
 *
 * These functions call one another: gethostbyname() calls gethostbyname_r(). So of the calls that a thread is in
 * only the outermost is one; calls.h has them by their places on the thread's stack. One that ends in a jump to
 * another has the same place.
 *
 * What was asked for is read at the return: the function has read it by then, so it is in memory.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "execs.h"
#include "kinds.h"
#include "netdb.h"
#include "sock.h"
#include "targets.h"
#include "user_args.h"

#define HOST_SIZE 1024 /* NI_MAXHOST of netdb.h, less 1 */
#define SERVICE_SIZE 32 /* NI_MAXSERV */
#define MAX_ADDRESSES 8
#define MAX_RESULTS \
	32 /* addresses that are looked at: getaddrinfo() returns each for several types of sockets */

enum lookup_function {
	GETADDRINFO = 1,
	GETNAMEINFO,
	GETHOSTBYNAME,
	GETHOSTBYNAME2,
	GETHOSTBYNAME_R,
	GETHOSTBYNAME2_R,
	GETHOSTBYADDR,
	GETHOSTBYADDR_R,
};

/* report lookups that failed only */
const volatile bool failures_only;
/* report lookups that took this long only */
const volatile __u64 min_ns;
const volatile bool with_cgroup;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	duration_ns latency_ns;
	pid pid;
	tid tid;
	uid uid;
	enum lookup_function function;
	__s32 result; /* what getaddrinfo() and getnameinfo() return, an errno of those that end in _r */
	__s32 h_errnum; /* h_errno of the others, if they failed and it is known */
	__u32 failed;
	__u32 by_address; /* `address` was asked for, not a name */
	__u32 found; /* how many addresses there are */
	/* sizes of what follows in strings, in this order */
	__u32 host_size; /* what was asked for */
	__u32 service_size;
	__u32 name_size; /* what was found */
	__u32 cgroup_size;
	__u32 host_cut; /* it is longer, or could not be read */
	ip_addr address;
	comm comm;
	__u8 addresses[MAX_ADDRESSES * sizeof(ip_addr)];
	__u8 strings[];
};

#define STRINGS_SIZE (2 * HOST_SIZE + SERVICE_SIZE + 2 * 1024) /* PARTS_ROOM */
#include "paths.h"

/* A call. What its arguments are differs by function. */
struct lookup {
	__u64 frame;
	__u64 start;
	void *host; /* a name, or an address */
	void *service;
	void *result;
	int *h_errnum;
	__u32 function;
	__u32 size; /* of an address */
	__u32 family;
	__u32 zero; /* no padding */
};

CALLS(lookups, struct lookup, 1,
      BPF_F_NO_PREALLOC); /* as many as there may be threads, before load */

static __always_inline int begin(struct pt_regs *ctx, struct lookup *lookup)
{
	struct lookup *known;

	if (is_32_bit(ctx) || !is_target())
		return 0;
	lookup->frame = kprobe_frame(ctx);
	known = call_of(&lookups, 0);
	if (known && call_is_within(known, lookup, function)) {
		/* where gethostbyname() lets the other one write h_errno, which is the thread's */
		if (!known->h_errnum)
			known->h_errnum = lookup->h_errnum;
		return 0;
	}
	lookup->start = bpf_ktime_get_ns();
	call_begin(&lookups, 0, lookup);
	return 0;
}

SEC("uprobe")
int BPF_KPROBE(getaddrinfo_enter, void *host, void *service, void *hints, void *result)
{
	struct lookup lookup = { .host = host, .service = service, .result = result };

	lookup.function = GETADDRINFO;
	return begin(ctx, &lookup);
}

SEC("uprobe")
int BPF_KPROBE(getnameinfo_enter, void *address, __u32 size, void *name)
{
	struct lookup lookup = { .host = address, .size = size, .result = name };

	lookup.function = GETNAMEINFO;
	return begin(ctx, &lookup);
}

SEC("uprobe")
int BPF_KPROBE(gethostbyname_enter, void *host)
{
	struct lookup lookup = { .host = host, .function = GETHOSTBYNAME };

	return begin(ctx, &lookup);
}

SEC("uprobe")
int BPF_KPROBE(gethostbyname2_enter, void *host)
{
	struct lookup lookup = { .host = host, .function = GETHOSTBYNAME2 };

	return begin(ctx, &lookup);
}

SEC("uprobe")
int gethostbyname_r_enter(struct pt_regs *ctx)
{
	struct lookup lookup = {
		.host = (void *)PT_REGS_PARM1(ctx),
		.result = (void *)PT_REGS_PARM5(ctx),
		.h_errnum = (void *)late_argument(ctx, 6),
		.function = GETHOSTBYNAME_R,
	};

	return begin(ctx, &lookup);
}

SEC("uprobe")
int gethostbyname2_r_enter(struct pt_regs *ctx)
{
	struct lookup lookup = {
		.host = (void *)PT_REGS_PARM1(ctx),
		.result = (void *)late_argument(ctx, 6),
		.h_errnum = (void *)late_argument(ctx, 7),
		.function = GETHOSTBYNAME2_R,
	};

	return begin(ctx, &lookup);
}

SEC("uprobe")
int BPF_KPROBE(gethostbyaddr_enter, void *address, __u32 size, __u32 family)
{
	struct lookup lookup = { .host = address, .size = size, .family = family };

	lookup.function = GETHOSTBYADDR;
	return begin(ctx, &lookup);
}

SEC("uprobe")
int gethostbyaddr_r_enter(struct pt_regs *ctx)
{
	struct lookup lookup = {
		.host = (void *)PT_REGS_PARM1(ctx),
		.size = PT_REGS_PARM2(ctx),
		.family = PT_REGS_PARM3(ctx),
		.result = (void *)late_argument(ctx, 7),
		.h_errnum = (void *)late_argument(ctx, 8),
		.function = GETHOSTBYADDR_R,
	};

	return begin(ctx, &lookup);
}

/* Reads an address of this family, without a port. Returns false for other families. */
static __always_inline bool read_address(__u8 *to, __u32 family, const void *from)
{
	__be32 ipv4 = 0;

	if (family == AF_INET6)
		return !bpf_probe_read_user(to, sizeof(ip_addr), from);
	if (family != AF_INET || bpf_probe_read_user(&ipv4, sizeof(ipv4), from))
		return false;
	map_ipv4(to, ipv4);
	return true;
}

/* The same from a struct sockaddr. */
static __always_inline bool read_sockaddr(__u8 *to, const void *from)
{
	__u16 family = 0;
	__u32 at = __builtin_offsetof(struct sockaddr_in, sin_addr);

	bpf_probe_read_user(&family, sizeof(family), from);
	if (family == AF_INET6)
		at = __builtin_offsetof(struct sockaddr_in6, sin6_addr);
	return read_address(to, family, from + at);
}

/* Keeps an address, unless it is the last one once more. */
static __always_inline void keep_address(struct event *event, const ip_addr address)
{
	const __u64 *new = (const __u64 *)address, *last;
	__u32 found = event->found;

	if (found >= MAX_ADDRESSES)
		return;
	barrier_var(found);
	if (found) {
		last = (const __u64 *)(event->addresses +
				       ((found - 1) & (MAX_ADDRESSES - 1)) * sizeof(ip_addr));
		if (last[0] == new[0] && last[1] == new[1])
			return;
	}
	__builtin_memcpy(event->addresses + (found & (MAX_ADDRESSES - 1)) * sizeof(ip_addr),
			 address, sizeof(ip_addr));
	event->found = found + 1;
}

/* What getaddrinfo() has found. */
static __always_inline void read_results(struct event *event, struct addrinfo **results)
{
	struct addrinfo info = {}, *next = NULL;
	ip_addr address __attribute__((aligned(8))) = {};
	int i;

	bpf_probe_read_user(&next, sizeof(next), results);
	for (i = 0; i < MAX_RESULTS && next; i++) {
		if (bpf_probe_read_user(&info, sizeof(info), next))
			break;
		if (i == 0 && info.ai_canonname)
			event->name_size =
				append_user_string(event, info.ai_canonname, HOST_SIZE, NULL);
		if (read_sockaddr(address, info.ai_addr))
			keep_address(event, address);
		next = info.ai_next;
	}
}

/* What the functions have found that return a struct hostent: the name, or where that was asked for the addresses. */
static __always_inline void read_hostent(struct event *event, struct hostent *found)
{
	ip_addr address __attribute__((aligned(8))) = {};
	struct hostent host = {};
	void *next = NULL;
	int i;

	bpf_probe_read_user(&host, sizeof(host), found);
	event->name_size = append_user_string(event, host.h_name, HOST_SIZE, NULL);
	for (i = 0; i < MAX_ADDRESSES && !event->by_address; i++) {
		if (bpf_probe_read_user(&next, sizeof(next), host.h_addr_list + i) || !next)
			break;
		if (read_address(address, host.h_addrtype, next))
			keep_address(event, address);
	}
}

static __always_inline bool returns_eai(__u32 function)
{
	return function == GETADDRINFO || function == GETNAMEINFO;
}

static __always_inline bool returns_errno(__u32 function)
{
	return function == GETHOSTBYNAME_R || function == GETHOSTBYNAME2_R ||
	       function == GETHOSTBYADDR_R;
}

/* The host that a function has found that returns one, or NULL. */
static __always_inline struct hostent *hostent_of(const struct lookup *lookup, __u64 returned)
{
	struct hostent *found = NULL;

	if (!returns_errno(lookup->function))
		return (struct hostent *)returned;
	bpf_probe_read_user(&found, sizeof(found), lookup->result);
	return found;
}

/* Keeps what was asked for: an address, or a name and a service. */
static __always_inline void read_question(struct event *event, const struct lookup *lookup)
{
	if (lookup->function == GETNAMEINFO) {
		event->by_address = read_sockaddr(event->address, lookup->host);
		return;
	}
	if (lookup->function == GETHOSTBYADDR || lookup->function == GETHOSTBYADDR_R) {
		event->by_address = read_address(event->address, lookup->family, lookup->host);
		return;
	}
	if (lookup->host) {
		event->host_size =
			append_user_string(event, lookup->host, HOST_SIZE, &event->host_cut);
		if (!event->host_size)
			event->host_cut = true;
	}
	if (lookup->service)
		event->service_size =
			append_user_string(event, lookup->service, SERVICE_SIZE, NULL);
}

static __always_inline void read_answer(struct event *event, const struct lookup *lookup,
					struct hostent *found)
{
	if (event->failed) {
		if (lookup->h_errnum)
			bpf_probe_read_user(&event->h_errnum, sizeof(event->h_errnum),
					    lookup->h_errnum);
		return;
	}
	if (lookup->function == GETADDRINFO)
		read_results(event, lookup->result);
	else if (lookup->function != GETNAMEINFO)
		read_hostent(event, found);
	else if (lookup->result)
		event->name_size = append_user_string(event, lookup->result, HOST_SIZE, NULL);
}

SEC("uretprobe")
int lookup_return(struct pt_regs *ctx)
{
	struct lookup lookup = { .frame = kretprobe_frame(ctx) };
	__u64 now = bpf_ktime_get_ns(), returned = PT_REGS_RC(ctx);
	struct hostent *found = NULL;
	struct event *event;
	bool failed;

	if (!call_end(&lookups, 0, &lookup))
		return 0;
	if (returns_eai(lookup.function))
		failed = (int)returned;
	else
		failed = !(found = hostent_of(&lookup, returned));
	if ((failures_only && !failed) || now - lookup.start < min_ns)
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->latency_ns = now - lookup.start;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->function = lookup.function;
	event->failed = failed;
	if (returns_eai(lookup.function) || returns_errno(lookup.function))
		event->result = returned;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	read_question(event, &lookup);
	read_answer(event, &lookup, found);
	if (with_cgroup)
		event->cgroup_size = append_cgroup(event, current_task());
	send_record(event);
	return 0;
}

FORGET_CALLS(lookups)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
