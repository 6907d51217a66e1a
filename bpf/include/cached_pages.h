/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pages that come into the page cache and leave it, by the tracepoints mm_filemap_add_to_page_cache and _delete_. */
#ifndef DENOBPF_CACHED_PAGES_H
#define DENOBPF_CACHED_PAGES_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* A file, as these tracepoints name it. */
struct file_key {
	__u64 ino;
	__u64 dev;
};

/* since Linux 5.17 */
struct trace_event_raw_mm_filemap_op_page_cache___order {
	unsigned char order;
} __attribute__((preserve_access_index));

/* How many pages are added or removed at once. */
static __always_inline __u64 event_pages(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct trace_event_raw_mm_filemap_op_page_cache___order *newer = (void *)ctx;

	return bpf_core_field_exists(newer->order) ? 1UL << (newer->order & 31) : 1;
}

#endif /* DENOBPF_CACHED_PAGES_H */
