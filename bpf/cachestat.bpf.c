// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of cachestat, and of cachetop, which includes it: how many pages reads find in the page cache, and what
 * comes and goes there.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cached_pages.h"
#include "counts.h"
#include "file_names.h"
#include "files.h"
#include "folios.h"
#include "inode_dentry.h"
#include "kinds.h"
#include "targets.h"

/* count each process, or each file, apart */
const volatile bool by_process;
const volatile bool by_file;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	uid uid;
	ino ino;
	__u64 dev;
};

/* All but faults are pages. */
struct usage {
	__u64 accesses; /* that reads asked for */
	__u64 misses; /* of them, those that were not in the cache */
	__u64 added; /* by reads, by readahead, by writes */
	__u64 dirtied;
	__u64 removed; /* reclaimed, truncated, dropped */
	__u64 faults; /* page faults of files */
	__u64 named; /* the name of the file has been kept */
	comm comm; /* at the last of these */
};

/* Preallocated: the hooks hold locks. More entries before load where processes are counted. */
COUNTS(usages, struct group, struct usage, 1024, 0);

static const struct usage empty;

/* Preallocated as well, so that names which nobody asks for make room; more entries before load where files are counted. */
FILE_NAMES(BPF_MAP_TYPE_LRU_HASH, struct file_key, 128, 0);

/* The verifier looks at a global function once. It takes numbers only. */
__noinline int keep_name(__u64 address)
{
	struct inode *inode = (void *)address;
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	struct file_key id = {
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(sb, s_dev),
	};
	struct file_name *name = begin_file_name(&names, &id, sb);
	struct dentry *dentry = inode_dentry(inode);

	if (!name)
		return 0;
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFBLK)
		name->rdev = BPF_CORE_READ(inode, i_rdev);
	name->size = dentry ? write_inner_path(name->parts, dentry) : 0;
	return keep_file_name(&names, &id, name);
}

/* What the current task has done with a file, or any task with it. */
static __always_inline struct usage *usage_of(__u64 ino, __u64 dev)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct usage *usage;

	if (by_process) {
		group.pid = bpf_get_current_pid_tgid() >> 32;
		group.uid = bpf_get_current_uid_gid();
	}
	if (by_file) {
		group.ino = ino;
		group.dev = dev;
	}
	usage = count_at(&usages, &group, &empty);
	if (usage && by_process)
		bpf_get_current_comm(usage->comm, sizeof(usage->comm));
	return usage;
}

static __always_inline struct usage *usage_of_inode(struct inode *inode)
{
	struct usage *usage;

	if (!by_file)
		return usage_of(0, 0);
	usage = usage_of(BPF_CORE_READ(inode, i_ino), BPF_CORE_READ(inode, i_sb, s_dev));
	if (usage && !usage->named) {
		usage->named = true;
		keep_name((__u64)inode);
	}
	return usage;
}

static __always_inline void on_added(const struct file_key *file, __u64 pages)
{
	struct usage *usage = usage_of(file->ino, file->dev);

	if (usage)
		usage->added += pages;
}

static __always_inline void on_read(struct inode *inode, __u64 pages, __u64 missing)
{
	struct usage *usage = usage_of_inode(inode);

	if (!usage)
		return;
	usage->accesses += pages;
	usage->misses += missing;
}

#include "page_cache.h"

static __always_inline int count_dirtied(__u64 *ctx, __u64 pages)
{
	struct address_space *mapping = (void *)ctx[1];
	struct usage *usage;

	if (!is_target())
		return 0;
	forget_added();
	usage = usage_of_inode(BPF_CORE_READ(mapping, host));
	if (usage)
		usage->dirtied += pages;
	return 0;
}

/* until Linux 5.17, where a page is one page */
SEC("raw_tp/writeback_dirty_page")
int page_dirtied(__u64 *ctx)
{
	return count_dirtied(ctx, 1);
}

SEC("raw_tp/writeback_dirty_folio")
int folio_dirtied(__u64 *ctx)
{
	return count_dirtied(ctx, folio_pages((void *)ctx[0]));
}

SEC("tp/filemap/mm_filemap_delete_from_page_cache")
int page_removed(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct usage *usage;

	if (!is_target())
		return 0;
	usage = usage_of(ctx->i_ino, ctx->s_dev);
	if (usage)
		usage->removed += event_pages(ctx);
	return 0;
}

static __always_inline int count_fault(struct address_space *mapping)
{
	struct usage *usage;

	if (!is_target())
		return 0;
	usage = usage_of_inode(BPF_CORE_READ(mapping, host));
	if (usage)
		usage->faults++;
	return 0;
}

SEC("raw_tp/mm_filemap_fault")
int file_fault(__u64 *ctx)
{
	return count_fault((void *)ctx[0]);
}

/* vm_fault_t filemap_fault(struct vm_fault *vmf) */
static __always_inline int begin_fault(const __u64 *args)
{
	struct vm_fault *fault = (void *)args[0];

	return count_fault(BPF_CORE_READ(fault, vma, vm_file, f_mapping));
}

FUNCTION_HOOK(fault, "filemap_fault", begin_fault)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
