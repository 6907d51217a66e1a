/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which disk a request or a bio is for. */
#ifndef DENOBPF_DISKS_H
#define DENOBPF_DISKS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SECTOR_SHIFT 9 /* include/linux/blk_types.h */

/* The request or bio of a raw tracepoint, which is its first argument or follows the queue. */
static __always_inline void *behind_queue(__u64 *ctx, bool has_queue)
{
	void *arg = (void *)ctx[0];

	/* or the compiler computes an address in ctx, which the verifier does not allow */
	barrier_var(arg);
	if (has_queue)
		arg = (void *)ctx[1];
	return arg;
}

/* until Linux 5.16 */
struct request___old {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

/* until Linux 5.11 */
struct bio___old {
	struct gendisk *bi_disk;
} __attribute__((preserve_access_index));

/* A disk as dev_t, 0 if there is none. */
static __always_inline __u32 gendisk_dev(struct gendisk *disk)
{
	if (!disk)
		return 0;
	return BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor);
}

/* The disk of a request. */
static __always_inline __u32 disk_dev(struct request *rq)
{
	struct request___old *old = (void *)rq;

	if (bpf_core_field_exists(old->rq_disk))
		return gendisk_dev(BPF_CORE_READ(old, rq_disk));
	return gendisk_dev(BPF_CORE_READ(rq, q, disk));
}

/* The disk of a bio. */
static __always_inline struct gendisk *bio_disk(struct bio *bio)
{
	struct bio___old *old = (void *)bio;

	if (bpf_core_field_exists(old->bi_disk))
		return BPF_CORE_READ(old, bi_disk);
	return BPF_CORE_READ(bio, bi_bdev, bd_disk);
}

static __always_inline __u32 bio_disk_dev(struct bio *bio)
{
	return gendisk_dev(bio_disk(bio));
}

#endif /* DENOBPF_DISKS_H */
