// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of sslsniff: an event for each call of a TLS library that reads or writes what is sent encrypted, or
 * that makes a connection, when it returns.
 *
 * These functions call one another: SSL_write_ex() calls SSL_write_ex2(), and so does the TLS of a connection that
 * runs within another one. So of the calls that a thread is in only the outermost is one, which has the text that the
 * program means. calls.h has them by their places on the thread's stack. One that ends in a jump to another has the
 * same place.
 *
 * What is written is read at the return, too: the function has read it by then, so it is in memory.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "execs.h"
#include "kinds.h"
#include "targets.h"
#include "user_args.h"

#define DATA_SIZE 16384 /* what a record of TLS has at most: RFC 8446, 5.1 */

enum tls_call {
	SSL_READ,
	SSL_READ_EX,
	SSL_READ_EARLY_DATA,
	SSL_WRITE,
	SSL_WRITE_EX,
	SSL_WRITE_EX2,
	SSL_WRITE_EARLY_DATA,
	SSL_DO_HANDSHAKE,
	GNUTLS_RECORD_RECV,
	GNUTLS_RECORD_RECV_SEQ,
	GNUTLS_RECORD_SEND,
	GNUTLS_RECORD_SEND2,
	GNUTLS_HANDSHAKE,
};

/* bytes of each call that are sent */
const volatile __u32 max_bytes;
const volatile bool with_handshakes;
const volatile bool with_cgroup;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	duration_ns latency_ns;
	__u64 bytes; /* that the call has read or written */
	pid pid;
	tid tid;
	uid uid;
	enum tls_call call;
	/* sizes of what follows in strings, in this order */
	__u32 data_size;
	__u32 cgroup_size;
	comm comm;
	__u8 strings[];
};

#define EVENTS_SIZE (4 * 1024 * 1024)
#define STRINGS_SIZE (DATA_SIZE + 2 * 1024) /* PARTS_ROOM */
#include "paths.h"

struct tls {
	__u64 frame;
	__u64 start;
	void *data;
	void *done; /* where the function writes how many bytes that is; NULL if it returns it */
	__u32 call; /* enum tls_call */
	__u32 zero; /* no padding */
};

CALLS(calls, struct tls, 1, BPF_F_NO_PREALLOC); /* as many as there may be threads, before load */

static __always_inline int begin(struct pt_regs *ctx, __u32 call, void *data, void *done)
{
	struct tls tls = { .call = call, .data = data, .done = done };
	struct tls *known;

	if (is_32_bit(ctx) || !is_target())
		return 0;
	tls.frame = kprobe_frame(ctx);
	known = call_of(&calls, 0);
	if (known && call_is_within(known, &tls, call))
		return 0;
	tls.start = bpf_ktime_get_ns();
	call_begin(&calls, 0, &tls);
	return 0;
}

/* The first argument of all is the connection. */
#define RETURNS_SIZE(name, call)                                   \
	SEC("uprobe")                                              \
	int BPF_KPROBE(name##_enter, void *connection, void *data) \
	{                                                          \
		return begin(ctx, call, data, NULL);               \
	}

#define STORES_SIZE(name, call)                                                            \
	SEC("uprobe")                                                                      \
	int BPF_KPROBE(name##_enter, void *connection, void *data, __u64 size, void *done) \
	{                                                                                  \
		return begin(ctx, call, data, done);                                       \
	}

RETURNS_SIZE(SSL_read, SSL_READ)
STORES_SIZE(SSL_read_ex, SSL_READ_EX)
STORES_SIZE(SSL_read_early_data, SSL_READ_EARLY_DATA)
RETURNS_SIZE(SSL_write, SSL_WRITE)
STORES_SIZE(SSL_write_ex, SSL_WRITE_EX)
STORES_SIZE(SSL_write_early_data, SSL_WRITE_EARLY_DATA)
RETURNS_SIZE(gnutls_record_recv, GNUTLS_RECORD_RECV)
RETURNS_SIZE(gnutls_record_recv_seq, GNUTLS_RECORD_RECV_SEQ)
RETURNS_SIZE(gnutls_record_send, GNUTLS_RECORD_SEND)
RETURNS_SIZE(gnutls_record_send2, GNUTLS_RECORD_SEND2)

SEC("uprobe")
int BPF_KPROBE(SSL_write_ex2_enter, void *connection, void *data, __u64 size, __u64 flags,
	       void *done)
{
	return begin(ctx, SSL_WRITE_EX2, data, done);
}

SEC("uprobe")
int SSL_do_handshake_enter(struct pt_regs *ctx)
{
	return begin(ctx, SSL_DO_HANDSHAKE, NULL, NULL);
}

SEC("uprobe")
int gnutls_handshake_enter(struct pt_regs *ctx)
{
	return begin(ctx, GNUTLS_HANDSHAKE, NULL, NULL);
}

/* The same of all of them, where one program can be attached to many functions. Its cookie is the function. */
SEC("?uprobe")
int any_enter(struct pt_regs *ctx)
{
	enum tls_call call = bpf_get_attach_cookie(ctx);
	void *fourth = (void *)PT_REGS_PARM4(ctx), *fifth = (void *)PT_REGS_PARM5(ctx);
	void *done = NULL;

	/* else clang chooses the place first and reads then, which the verifier refuses */
	barrier_var(fourth);
	barrier_var(fifth);
	if (call == SSL_READ_EX || call == SSL_READ_EARLY_DATA || call == SSL_WRITE_EX ||
	    call == SSL_WRITE_EARLY_DATA)
		done = fourth;
	else if (call == SSL_WRITE_EX2)
		done = fifth;
	return begin(ctx, call, (void *)PT_REGS_PARM2(ctx), done);
}

static __always_inline bool is_handshake(__u32 call)
{
	return call == SSL_DO_HANDSHAKE || call == GNUTLS_HANDSHAKE;
}

/* How many bytes a call has read or written: 0 if it has failed, or would have had to wait. */
static __always_inline __u64 bytes_of(const struct tls *tls, long returned)
{
	bool by_long = tls->call >= GNUTLS_RECORD_RECV;
	__u64 bytes = 0;

	if (!by_long)
		returned = (int)returned;
	if (returned <= 0)
		return 0;
	if (!tls->done)
		return returned;
	bpf_probe_read_user(&bytes, sizeof(bytes), tls->done);
	return bytes;
}

static __always_inline bool has_succeeded(__u32 call, int returned)
{
	return call == SSL_DO_HANDSHAKE ? returned == 1 : returned == 0;
}

SEC("uretprobe")
int call_return(struct pt_regs *ctx)
{
	struct tls tls = { .frame = kretprobe_frame(ctx) };
	__u64 now = bpf_ktime_get_ns(), bytes = 0;
	long returned = PT_REGS_RC(ctx);
	struct event *event;

	if (!call_end(&calls, 0, &tls))
		return 0;
	if (is_handshake(tls.call)) {
		if (!with_handshakes || !has_succeeded(tls.call, returned))
			return 0;
	} else {
		bytes = bytes_of(&tls, returned);
		if (!bytes)
			return 0;
	}
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->latency_ns = now - tls.start;
	event->bytes = bytes;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->call = tls.call;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (bytes && max_bytes) {
		__u32 cut;

		event->data_size = append_user_bytes(
			event, tls.data, bytes < max_bytes ? bytes : max_bytes, DATA_SIZE, &cut);
	}
	if (with_cgroup)
		event->cgroup_size = append_cgroup(event, current_task());
	send_record(event);
	return 0;
}

FORGET_CALLS(calls)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
