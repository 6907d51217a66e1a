// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of drsnoop: an event for each time that a thread had to reclaim memory before it got some.
 *
 * Classic tracepoints, whose fields have names: the arguments of raw ones have changed their order (Linux 7.2).
 * Memory is short when these programs run, so what they need is allocated in advance.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "kinds.h"
#include "targets.h"

enum reclaim_kind {
	RECLAIM_DIRECT, /* all memory is short */
	RECLAIM_MEMCG, /* a cgroup has reached its limit */
	RECLAIM_SOFTLIMIT, /* the soft limit of a cgroup of version 1, when all memory is short */
	RECLAIM_NODE, /* a node of NUMA: vm.zone_reclaim_mode */
	RECLAIM_KINDS,
};

/* bytes of a stack, 8 a frame */
const volatile __u64 kernel_stack_bytes;
/* report this thread only, or 0 */
const volatile __u32 targ_tid;
/* bits of kinds that are reported */
const volatile __u32 targ_kinds = ~0;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	duration_ns duration_ns;
	duration_ns throttled_ns;
	__u64 gfp_flags;
	__u64 reclaimed; /* pages */
	pid pid;
	tid tid;
	uid uid;
	enum reclaim_kind kind;
	__s32 order;
	__u32 memcg_id; /* 0: not known */
	__u32 unused;
	/* what follows in strings */
	__u32 kstack_size;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE STACK_SIZE
#include "record.h"

struct reclaim {
	__u64 frame; /* for calls.h: 0, as one of a kind has no other of its kind within */
	__u64 start;
	__u64 gfp_flags;
	__u64 throttled_ns;
	__s32 order;
	__u32 memcg_id;
};

CALLS(reclaims, struct reclaim, 2048, 0);

/* a short, as it is in the kernel; since Linux 7.2 */
struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template___memcg {
	__u64 memcg_id;
} __attribute__((preserve_access_index));

static __always_inline int begin(enum reclaim_kind kind, struct reclaim *reclaim)
{
	if (targ_tid && targ_tid != (__u32)bpf_get_current_pid_tgid())
		return 0;
	if (!(targ_kinds & 1 << kind) || !is_target())
		return 0;
	reclaim->start = bpf_ktime_get_ns();
	call_begin(&reclaims, kind, reclaim);
	return 0;
}

static __always_inline int
begin_by_template(struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template *ctx,
		  enum reclaim_kind kind)
{
	struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template___memcg *newer = (void *)ctx;
	struct reclaim reclaim = { .order = ctx->order, .gfp_flags = ctx->gfp_flags };

	if (bpf_core_field_exists(newer->memcg_id))
		reclaim.memcg_id = newer->memcg_id;
	return begin(kind, &reclaim);
}

static __always_inline int end(void *ctx, enum reclaim_kind kind, __u64 reclaimed)
{
	__u64 now = bpf_ktime_get_ns();
	struct reclaim reclaim = {};
	struct event *event;

	if (!call_end(&reclaims, kind, &reclaim))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->duration_ns = now - reclaim.start;
	event->throttled_ns = reclaim.throttled_ns;
	event->gfp_flags = reclaim.gfp_flags;
	event->reclaimed = reclaimed;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->kind = kind;
	event->order = reclaim.order;
	event->memcg_id = reclaim.memcg_id;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (kernel_stack_bytes)
		event->kstack_size = append_stack(event, ctx, 0, kernel_stack_bytes);
	send_record(event);
	return 0;
}

SEC("tp/vmscan/mm_vmscan_direct_reclaim_begin")
int direct_begin(struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template *ctx)
{
	return begin_by_template(ctx, RECLAIM_DIRECT);
}

SEC("tp/vmscan/mm_vmscan_direct_reclaim_end")
int direct_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return end(ctx, RECLAIM_DIRECT, ctx->nr_reclaimed);
}

SEC("tp/vmscan/mm_vmscan_memcg_reclaim_begin")
int memcg_begin(struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template *ctx)
{
	return begin_by_template(ctx, RECLAIM_MEMCG);
}

SEC("tp/vmscan/mm_vmscan_memcg_reclaim_end")
int memcg_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return end(ctx, RECLAIM_MEMCG, ctx->nr_reclaimed);
}

SEC("tp/vmscan/mm_vmscan_memcg_softlimit_reclaim_begin")
int softlimit_begin(struct trace_event_raw_mm_vmscan_direct_reclaim_begin_template *ctx)
{
	return begin_by_template(ctx, RECLAIM_SOFTLIMIT);
}

SEC("tp/vmscan/mm_vmscan_memcg_softlimit_reclaim_end")
int softlimit_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return end(ctx, RECLAIM_SOFTLIMIT, ctx->nr_reclaimed);
}

SEC("tp/vmscan/mm_vmscan_node_reclaim_begin")
int node_begin(struct trace_event_raw_mm_vmscan_node_reclaim_begin *ctx)
{
	struct reclaim reclaim = { .order = ctx->order, .gfp_flags = ctx->gfp_flags };

	return begin(RECLAIM_NODE, &reclaim);
}

SEC("tp/vmscan/mm_vmscan_node_reclaim_end")
int node_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return end(ctx, RECLAIM_NODE, ctx->nr_reclaimed);
}

/* A thread that reclaims waits for others to write pages back, or to reclaim. Since Linux 5.16. */
struct trace_event_raw_mm_vmscan_throttled___late {
	int usec_delayed;
} __attribute__((preserve_access_index));

SEC("tp/vmscan/mm_vmscan_throttled")
int throttled(struct trace_event_raw_mm_vmscan_throttled___late *ctx)
{
	struct reclaim *reclaim;
	__u64 delayed_ns;
	int kind;

	if (!bpf_core_field_exists(ctx->usec_delayed))
		return 0;
	delayed_ns = (__u64)ctx->usec_delayed * 1000;
	for (kind = 0; kind < RECLAIM_KINDS; kind++) {
		reclaim = call_of(&reclaims, kind);
		if (reclaim)
			reclaim->throttled_ns += delayed_ns;
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
