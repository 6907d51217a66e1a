// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of readahead: pages that the kernel reads ahead, whether they are used, and how long after.
 *
 * What a task adds to the page cache while it is in a function that reads ahead was read ahead. It is used when the
 * kernel marks it as accessed, as reads do, or maps it, as page faults do. Either is seen for a folio: of several
 * pages in one all are used at once.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cached_pages.h"
#include "counts.h"
#include "function_hooks.h"
#include "kinds.h"
#include "slots.h"
#include "targets.h"

#define SLOTS 64
#define READERS 4096 /* that are reading ahead at the same time */
#define UNUSED_FOLIOS 131072 /* that wait for their use: 512 MiB if each is a page */

/* count each process apart */
const volatile bool by_process;
/* nanoseconds in what slots are of */
const volatile __u64 unit_ns = 1000000;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid; /* that had the pages read */
	comm comm;
};

struct usage {
	__u64 pages; /* that were read ahead */
	__u64 used;
	__u64 removed; /* that left the cache and had not been used */
	duration_ns
		total_ns; /* from the reading to the use, summed over the pages that were used */
	duration_ns max_ns;
	__u64 slots[SLOTS]; /* these pages by that time */
};

/* Preallocated: pages are removed with a lock held. More entries before load where processes are counted. */
COUNTS(usages, struct group, struct usage, 1024, 0);

/* too big for the stack */
static const struct usage empty;

/* how deep a thread is in functions that read ahead */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, READERS);
	__type(key, __u32);
	__type(value, __u32);
} depths SEC(".maps");

/* a folio by its place: its address is used again */
struct place {
	__u64 ino;
	__u64 index;
	__u64 dev;
};

struct unused {
	__u64 time; /* when it was added */
	__u32 pages;
	pid pid;
	comm comm;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNUSED_FOLIOS);
	__type(key, struct place);
	__type(value, struct unused);
} unused SEC(".maps");

static __always_inline struct usage *usage_of(const struct unused *folio)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };

	if (by_process) {
		group.pid = folio->pid;
		__builtin_memcpy(group.comm, folio->comm, sizeof(group.comm));
	}
	return count_at(&usages, &group, &empty);
}

static __always_inline int begin_reading(const __u64 *args)
{
	__u32 tid = bpf_get_current_pid_tgid(), first = 1, *depth;

	if (!is_target())
		return 0;
	depth = bpf_map_lookup_elem(&depths, &tid);
	if (depth)
		++*depth;
	else if (bpf_map_update_elem(&depths, &tid, &first, BPF_ANY))
		count_lost_map();
	return 0;
}

static __always_inline int end_reading(void)
{
	__u32 tid = bpf_get_current_pid_tgid(), *depth = bpf_map_lookup_elem(&depths, &tid);

	if (depth && !--*depth)
		bpf_map_delete_elem(&depths, &tid);
	return 0;
}

FUNCTION_HOOK(unbounded, "page_cache_ra_unbounded", begin_reading)
FUNCTION_HOOK(order, "page_cache_ra_order", begin_reading)

SEC("?fexit/page_cache_ra_unbounded")
int fexit_unbounded(void *ctx)
{
	return end_reading();
}

SEC("?fexit/page_cache_ra_order")
int fexit_order(void *ctx)
{
	return end_reading();
}

/* of either */
SEC("?kretprobe")
int kretprobe_end(struct pt_regs *regs)
{
	return end_reading();
}

SEC("tp/filemap/mm_filemap_add_to_page_cache")
int page_added(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct place place = { .ino = ctx->i_ino, .index = ctx->index, .dev = ctx->s_dev };
	__u32 tid = bpf_get_current_pid_tgid();
	struct unused folio = {};
	struct usage *usage;

	if (!bpf_map_lookup_elem(&depths, &tid))
		return 0;
	folio.time = bpf_ktime_get_ns();
	folio.pages = event_pages(ctx);
	folio.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(folio.comm, sizeof(folio.comm));
	if (bpf_map_update_elem(&unused, &place, &folio, BPF_ANY)) {
		count_lost_map();
		return 0;
	}
	usage = usage_of(&folio);
	if (usage)
		__sync_fetch_and_add(&usage->pages, folio.pages);
	return 0;
}

SEC("tp/filemap/mm_filemap_delete_from_page_cache")
int page_removed(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct place place = { .ino = ctx->i_ino, .index = ctx->index, .dev = ctx->s_dev };
	struct unused *known = bpf_map_lookup_elem(&unused, &place), folio;
	struct usage *usage;

	if (!known)
		return 0;
	folio = *known;
	bpf_map_delete_elem(&unused, &place);
	usage = usage_of(&folio);
	if (usage)
		__sync_fetch_and_add(&usage->removed, folio.pages);
	return 0;
}

static __always_inline int on_use(struct address_space *mapping, __u64 index)
{
	struct inode *inode = BPF_CORE_READ(mapping, host);
	struct place place = { .index = index };
	struct unused *known, folio;
	struct usage *usage;
	__u64 age, slot;

	/* anonymous memory, whose mapping is none, or a page that has left the cache */
	if (!inode)
		return 0;
	place.ino = BPF_CORE_READ(inode, i_ino);
	place.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	known = bpf_map_lookup_elem(&unused, &place);
	if (!known)
		return 0;
	folio = *known;
	/* of two that use it at the same time one is the first */
	if (bpf_map_delete_elem(&unused, &place))
		return 0;
	usage = usage_of(&folio);
	if (!usage)
		return 0;
	age = bpf_ktime_get_ns() - folio.time;
	slot = log2_slot(age / unit_ns);
	/* the compiler knows that it is less, the verifier does not */
	barrier_var(slot);
	__sync_fetch_and_add(&usage->slots[slot & (SLOTS - 1)], folio.pages);
	__sync_fetch_and_add(&usage->used, folio.pages);
	__sync_fetch_and_add(&usage->total_ns, age * folio.pages);
	if (age > usage->max_ns)
		usage->max_ns = age;
	return 0;
}

/* void folio_mark_accessed(struct folio *folio), and functions that map a folio, whose first argument it is */
static __always_inline int use_folio(const __u64 *args)
{
	struct folio *folio = (void *)args[0];

	return on_use(BPF_CORE_READ(folio, mapping), BPF_CORE_READ(folio, index));
}

/* until Linux 6.7 */
struct page___old {
	struct address_space *mapping;
	unsigned long index;
	unsigned long compound_head;
} __attribute__((preserve_access_index));

/* The same with a page, which may be one of several of a folio. */
static __always_inline int use_page(const __u64 *args)
{
	struct page___old *page = (void *)args[0];
	__u64 head = BPF_CORE_READ(page, compound_head);

	if (head & 1)
		page = (void *)(head - 1);
	return on_use(BPF_CORE_READ(page, mapping), BPF_CORE_READ(page, index));
}

/* by reads */
FUNCTION_HOOK(accessed, "folio_mark_accessed", use_folio)
/* until Linux 5.15 */
FUNCTION_HOOK(page_accessed, "mark_page_accessed", use_page)

/* by page faults */
FUNCTION_HOOK(mapped, "folio_add_file_rmap_ptes", use_folio)
/* Linux 6.5 to 6.7 */
FUNCTION_HOOK(range_mapped, "folio_add_file_rmap_range", use_folio)
/* until Linux 6.4 */
FUNCTION_HOOK(page_mapped, "page_add_file_rmap", use_page)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
