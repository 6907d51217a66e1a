/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Reads of files, and the pages that they find in the page cache. Pages are counted as of the page's size, also
 * where the kernel keeps several of them as one folio.
 *
 * Functions are hooked where a read begins and where it ends, and what the task adds to the file in between is looked
 * at as it is added. Where no function can be traced, Linux 6.12 and later have a tracepoint where a read has found
 * its pages. It comes again for each 31 folios of a long read, with the whole rest of it, and after what was missing
 * has been added to the cache: so what a task adds is noted until then. It does not come for pages that are there
 * and in front of one that is on its way from the disk: where such a read begins is known by its system call.
 *
 * The tool defines what is done with that before it includes this:
 *
 *	static __always_inline void on_added(const struct file_key *file, __u64 pages)
 *	static __always_inline void on_read(struct inode *inode, __u64 pages, __u64 missing)
 *
 * The user half is lib/tool/page_cache.ts.
 */
#ifndef DENOBPF_PAGE_CACHE_H
#define DENOBPF_PAGE_CACHE_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cached_pages.h"
#include "files.h"
#include "function_hooks.h"
#include "losses.h"
#include "syscall_forms.h"
#include "targets.h"

/* Where a system call reads from. */
enum read_form {
	NO_READ,
	READS_ON, /* from the position of the file */
	READS_AT, /* from its fourth argument, or from the position if that is -1 */
};

/* Ranges of pages that a task may have added one after the other before its read is looked at. */
#define MAX_SPANS 4

const volatile __u32 page_shift = 12;
/* reads are reported by the tracepoint */
const volatile bool by_tracepoint;

/* Pages of a file, by their numbers: end is the one behind the last. */
struct span {
	__u64 first;
	__u64 end;
};

/* A task that reads. */
struct reader {
	struct file_key file;
	struct span wanted;
	__u64 inode; /* where functions are hooked: the file itself, open during a read */
	__u64 position; /* there: the first byte */
	__u64 before; /* there: what the same call had read before */
	__u64 missing; /* and the pages that were not in the cache so far */
	__u64 calls; /* by the tracepoint: reads that the task had ended */
	__u32 reading; /* where functions are hooked: it is in one */
	__s32 syscall; /* which one has added what follows; -1: none, as in a page fault */
	struct file_key added_to;
	__u32 spans;
	__u32 unused;
	struct span added[MAX_SPANS];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct reader);
} readers SEC(".maps");

static const struct reader new_reader;

static __always_inline struct reader *known_reader(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&readers, &tid);
}

static __always_inline struct reader *this_reader(void)
{
	struct reader *reader = known_reader();
	__u32 tid = bpf_get_current_pid_tgid();

	if (reader)
		return reader;
	bpf_map_update_elem(&readers, &tid, &new_reader, BPF_NOEXIST);
	reader = known_reader();
	if (!reader)
		count_lost_map();
	return reader;
}

static __always_inline bool is_same_file(const struct file_key *a, const struct file_key *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

static __always_inline __u64 overlap(const struct span *a, const struct span *b)
{
	__u64 first = a->first > b->first ? a->first : b->first;
	__u64 end = a->end < b->end ? a->end : b->end;

	return end > first ? end - first : 0;
}

static __always_inline struct file_key file_key(struct inode *inode)
{
	struct file_key key = {
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
	};

	return key;
}

/* The pages that these bytes lie in. */
static __always_inline struct span span_of(__u64 position, __u64 bytes)
{
	struct span span = {
		.first = position >> page_shift,
		.end = (position + bytes + (1UL << page_shift) - 1) >> page_shift,
	};

	return span;
}

/* Notes what the current call has added, until its read is looked at. */
static __always_inline void note_added(const struct file_key *file, const struct span *span)
{
	struct reader *reader = this_reader();
	__s32 syscall = current_syscall();
	__u32 last;

	if (!reader)
		return;
	if (!is_same_file(&reader->added_to, file) || reader->syscall != syscall)
		reader->spans = 0;
	reader->added_to = *file;
	reader->syscall = syscall;
	last = (reader->spans - 1) & (MAX_SPANS - 1);
	if (reader->spans && reader->added[last].end == span->first) {
		reader->added[last].end = span->end;
		return;
	}
	/* with more holes than that the oldest are forgotten: they count as found */
	reader->added[reader->spans & (MAX_SPANS - 1)] = *span;
	reader->spans++;
}

SEC("tp/filemap/mm_filemap_add_to_page_cache")
int page_added(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct file_key file = { .ino = ctx->i_ino, .dev = ctx->s_dev };
	__u64 pages = event_pages(ctx);
	struct span span = { .first = ctx->index, .end = ctx->index + pages };
	struct reader *reader;

	if (!is_target())
		return 0;
	on_added(&file, pages);
	if (by_tracepoint) {
		note_added(&file, &span);
		return 0;
	}
	reader = known_reader();
	if (reader && reader->reading && is_same_file(&reader->file, &file))
		reader->missing += overlap(&reader->wanted, &span);
	return 0;
}

/* Pages that the task adds and changes have been written, not read. */
static __always_inline void forget_added(void)
{
	struct reader *reader = by_tracepoint ? known_reader() : NULL;

	if (reader)
		reader->spans = 0;
}

static __always_inline __u64 take_missing(struct reader *reader, const struct span *wanted)
{
	__u64 missing = 0;
	__u32 at;

	if (is_same_file(&reader->added_to, &reader->file) &&
	    reader->syscall == current_syscall()) {
		for (at = 0; at < MAX_SPANS; at++) {
			if (at < reader->spans)
				missing += overlap(&reader->added[at], wanted);
		}
	}
	reader->spans = 0;
	return missing;
}

/* The page that the current system call began with, at most `first`. */
static __always_inline __u64 first_of_call(struct address_space *mapping, __u64 first)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u8 form = form_of(current_syscall());
	struct syscall_args args;
	struct file *file;
	__u64 position;

	if (form == NO_READ)
		return first;
	args = syscall_args(regs);
	file = file_of_fd(args.first);
	/* a page fault within the call, or a file behind this one, as overlayfs has them */
	if (BPF_CORE_READ(file, f_mapping) != mapping)
		return first;
	position = args.fourth;
	if (form == READS_ON || position == ~0UL)
		position = BPF_CORE_READ(file, f_pos);
	else if (syscall_is_compat())
		return first; /* half of it is in another argument */
	position >>= page_shift;
	return position < first ? position : first;
}

/* The arguments: struct address_space *mapping, and the first and last page that are still to be read. */
SEC("raw_tp/mm_filemap_get_pages")
int pages_found(__u64 *ctx)
{
	struct address_space *mapping = (void *)ctx[0];
	struct span wanted = { .first = ctx[1], .end = ctx[2] + 1 }, there;
	struct file_key file;
	struct inode *inode;
	struct reader *reader;
	__u64 calls, missing;
	bool goes_on;

	if (!is_target())
		return 0;
	reader = this_reader();
	if (!reader)
		return 0;
	inode = BPF_CORE_READ(mapping, host);
	there = span_of(0, BPF_CORE_READ(inode, i_size));
	file = file_key(inode);
	calls = BPF_CORE_READ(bpf_get_current_task_btf(), ioac.syscr);
	goes_on = is_same_file(&reader->file, &file) && reader->wanted.end == wanted.end &&
		  reader->wanted.first < wanted.first && reader->calls == calls;
	if (!goes_on)
		wanted.first = first_of_call(mapping, wanted.first);
	reader->file = file;
	reader->wanted = wanted;
	reader->calls = calls;
	missing = take_missing(reader, &wanted);
	/* a read may ask for more than the file has */
	on_read(inode, goes_on ? 0 : overlap(&wanted, &there), missing);
	return 0;
}

static __always_inline int begin_read(struct address_space *mapping, __u64 position, __u64 bytes,
				      __u64 before)
{
	struct inode *inode = BPF_CORE_READ(mapping, host);
	struct reader *reader;

	if (!is_target())
		return 0;
	reader = this_reader();
	if (!reader)
		return 0;
	reader->inode = (__u64)inode;
	reader->file = file_key(inode);
	reader->wanted = span_of(position, bytes);
	reader->position = position;
	reader->before = before;
	reader->missing = 0;
	reader->reading = true;
	return 0;
}

static __always_inline int end_read(__s64 ret)
{
	struct reader *reader = known_reader();
	struct span read;
	__u64 pages;
	__s64 bytes;

	if (!reader || !reader->reading)
		return 0;
	reader->reading = false;
	bytes = ret - (__s64)reader->before;
	if (bytes <= 0)
		return 0;
	read = span_of(reader->position, bytes);
	pages = read.end - read.first;
	/* it may have been cut short behind pages that were there by then */
	on_read((void *)reader->inode, pages, reader->missing < pages ? reader->missing : pages);
	return 0;
}

/*
 * ssize_t filemap_read(struct kiocb *iocb, struct iov_iter *iter, ssize_t already_read), and before Linux 5.12
 * generic_file_buffered_read(), which has the same arguments
 */
static __always_inline int begin_iter(const __u64 *args)
{
	struct kiocb *iocb = (void *)args[0];
	struct iov_iter *iter = (void *)args[1];

	return begin_read(BPF_CORE_READ(iocb, ki_filp, f_mapping), BPF_CORE_READ(iocb, ki_pos),
			  BPF_CORE_READ(iter, count), args[2]);
}

/* ssize_t filemap_splice_read(struct file *in, loff_t *ppos, struct pipe_inode_info *pipe, size_t len, ...) */
static __always_inline int begin_splice(const __u64 *args)
{
	struct file *file = (void *)args[0];
	__u64 position = 0;

	bpf_probe_read_kernel(&position, sizeof(position), (void *)args[1]);
	return begin_read(BPF_CORE_READ(file, f_mapping), position, args[3], 0);
}

FUNCTION_HOOK(read, "filemap_read", begin_iter)
FUNCTION_HOOK(buffered, "generic_file_buffered_read", begin_iter)
FUNCTION_HOOK(splice, "filemap_splice_read", begin_splice)

SEC("?fexit/filemap_read")
int fexit_read(__u64 *ctx)
{
	return end_read(ctx[3]);
}

SEC("?fexit/generic_file_buffered_read")
int fexit_buffered(__u64 *ctx)
{
	return end_read(ctx[3]);
}

SEC("?fexit/filemap_splice_read")
int fexit_splice(__u64 *ctx)
{
	return end_read(ctx[5]);
}

/* of any of the three */
SEC("?kretprobe")
int kretprobe_read(struct pt_regs *regs)
{
	return end_read(PT_REGS_RC(regs));
}

#endif /* DENOBPF_PAGE_CACHE_H */
