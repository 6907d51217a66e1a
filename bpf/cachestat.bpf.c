// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of cachestat, and of cachetop, which includes it: how many pages reads find in the page cache, and what
 * comes and goes there.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "folios.h"
#include "kinds.h"
#include "targets.h"

/* count each process apart */
const volatile bool by_process;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	uid uid;
};

/* All but faults are pages. */
struct usage {
	__u64 accesses; /* that reads asked for */
	__u64 misses; /* of them, those that were not in the cache */
	__u64 added; /* by reads, by readahead, by writes */
	__u64 dirtied;
	__u64 removed; /* reclaimed, truncated, dropped */
	__u64 faults; /* page faults of files */
	comm comm; /* at the last of these */
};

/* Preallocated: the hooks hold locks. More entries before load where processes are counted. */
COUNTS(usages, struct group, struct usage, 1024, 0);

static const struct usage empty;

static __always_inline struct usage *this_usage(void)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct usage *usage;

	if (by_process) {
		group.pid = bpf_get_current_pid_tgid() >> 32;
		group.uid = bpf_get_current_uid_gid();
	}
	usage = count_at(&usages, &group, &empty);
	if (usage && by_process)
		bpf_get_current_comm(usage->comm, sizeof(usage->comm));
	return usage;
}

static __always_inline void on_added(__u64 pages)
{
	struct usage *usage = this_usage();

	if (usage)
		usage->added += pages;
}

static __always_inline void on_read(__u64 pages, __u64 missing)
{
	struct usage *usage = this_usage();

	if (!usage)
		return;
	usage->accesses += pages;
	usage->misses += missing;
}

#include "page_cache.h"

static __always_inline int count_dirtied(__u64 pages)
{
	struct usage *usage;

	if (!is_target())
		return 0;
	forget_added();
	usage = this_usage();
	if (usage)
		usage->dirtied += pages;
	return 0;
}

/* until Linux 5.17, where a page is one page */
SEC("raw_tp/writeback_dirty_page")
int page_dirtied(void *ctx)
{
	return count_dirtied(1);
}

SEC("raw_tp/writeback_dirty_folio")
int folio_dirtied(__u64 *ctx)
{
	return count_dirtied(folio_pages((void *)ctx[0]));
}

SEC("tp/filemap/mm_filemap_delete_from_page_cache")
int page_removed(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct usage *usage;

	if (!is_target())
		return 0;
	usage = this_usage();
	if (usage)
		usage->removed += event_pages(ctx);
	return 0;
}

static __always_inline int count_fault(const __u64 *args)
{
	struct usage *usage;

	if (!is_target())
		return 0;
	usage = this_usage();
	if (usage)
		usage->faults++;
	return 0;
}

SEC("raw_tp/mm_filemap_fault")
int file_fault(__u64 *ctx)
{
	return count_fault(ctx);
}

FUNCTION_HOOK(fault, "filemap_fault", count_fault)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
