// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of flushsnoop: an event for every flush of a disk's cache, at its end.
 *
 * A flush is a bio with REQ_PREFLUSH, alone or in front of data that may not be written before what is in the
 * cache. A disk without a cache is sent none: the kernel takes the flag away before it passes the bio on. A disk
 * that is made of others (md, dm) sends flushes of its own to these.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "disks.h"
#include "kinds.h"
#include "targets.h"

#define FLUSHES 4096 /* that are under way at the same time; what does not fit is counted as lost */

/* trace this disk only */
const volatile __u32 targ_dev;
/* trace arrays of md only */
const volatile bool md_only;
/* report flushes that take at least this long only */
const volatile __u64 min_ns;
/* report flushes that fail only */
const volatile bool failures_only;
/* whether the tracepoints pass the queue first: the user half looks into BTF */
const volatile bool bio_queue_has_queue;
const volatile bool bio_complete_has_queue;

struct event {
	boot_ns time; /* of its end */
	duration_ns latency_ns;
	cgroup_id cgroup_id;
	__u64 sector; /* of 512 bytes */
	byte_count data_bytes; /* that are written behind it */
	dev dev;
	pid pid;
	tid tid;
	uid uid;
	__s32 status; /* 0, a negated errno (Linux 5.10), or a blk_status_t */
	__u32 fua; /* its data is to go past the cache */
	comm comm;
};

#include "events.h"

struct flush {
	__u64 start;
	struct event event; /* what is known of it at its beginning */
};

/* Preallocated: completions come in interrupts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLUSHES);
	__type(key, struct bio *);
	__type(value, struct flush);
} flushes SEC(".maps");

/* Arrays are called md0, md_d0 or md_NAME, and have the number of md or, some, one that was free. */
static __always_inline bool is_md(struct gendisk *disk)
{
	char name[2] = {};

	bpf_core_read(name, sizeof(name), &disk->disk_name);
	return name[0] == 'm' && name[1] == 'd';
}

#define FLAG(name) (1U << bpf_core_enum_value(enum req_flag_bits, name))

SEC("raw_tp/block_bio_queue")
int btf_queue(__u64 *ctx)
{
	struct bio *bio = behind_queue(ctx, bio_queue_has_queue);
	__u32 flags = BPF_CORE_READ(bio, bi_opf);
	struct flush flush = {};
	struct event *event = &flush.event;
	struct gendisk *disk;

	if (!(flags & FLAG(__REQ_PREFLUSH)) || !is_target())
		return 0;
	disk = bio_disk(bio);
	event->dev = gendisk_dev(disk);
	if ((targ_dev && event->dev != targ_dev) || (md_only && !is_md(disk)))
		return 0;
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->sector = BPF_CORE_READ(bio, bi_iter.bi_sector);
	event->data_bytes = BPF_CORE_READ(bio, bi_iter.bi_size);
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->fua = !!(flags & FLAG(__REQ_FUA));
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	flush.start = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&flushes, &bio, &flush, BPF_ANY))
		count_lost_map();
	return 0;
}

/* A bio ends. `status` is a blk_status_t, or a negated errno. */
static __always_inline int end_bio(struct bio *bio, __s32 status)
{
	struct flush *flush = bpf_map_lookup_elem(&flushes, &bio);
	__u64 latency_ns;
	struct event *event;

	if (!flush)
		return 0;
	latency_ns = bpf_ktime_get_ns() - flush->start;
	if (latency_ns < min_ns || (failures_only && !status))
		goto forget;
	event = reserve_event();
	if (!event)
		goto forget;
	*event = flush->event;
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = latency_ns;
	event->status = status;
	submit_event(event);
forget:
	bpf_map_delete_elem(&flushes, &bio);
	return 0;
}

/* of a disk that is made of others */
SEC("raw_tp/block_bio_complete")
int btf_bio_complete(__u64 *ctx)
{
	struct bio *bio = behind_queue(ctx, bio_complete_has_queue);

	return end_bio(bio, BPF_CORE_READ(bio, bi_status));
}

/*
 * Of any other disk, where the kernel makes a request of the bio. One with data completes twice: with its bytes when
 * these are written, and with none when all of it is done.
 */
SEC("raw_tp/block_rq_complete")
int btf_rq_complete(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	__u32 bytes = ctx[2];

	return bytes ? 0 : end_bio(BPF_CORE_READ(rq, bio), ctx[1]);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
