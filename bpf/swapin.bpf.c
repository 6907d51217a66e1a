// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of swapin: pages that are read from swap, and those that are written there. The functions in which the
 * kernel does so have other names, or their arguments another order, on some kernels: tools/swapin/hooks.ts chooses.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "counts.h"
#include "folios.h"
#include "function_hooks.h"
#include "kinds.h"
#include "slots.h"
#include "targets.h"

#define SLOTS 32 /* of microseconds */
#define VM_FAULT_MAJOR 4 /* include/linux/mm_types.h, enum vm_fault_reason */

/* a row for each cgroup whose memory it is, instead of one for each process */
const volatile bool by_cgroup;
/* which argument the page is */
const volatile __u32 read_argument;
const volatile __u32 write_argument;
/* zswap_load() returns whether the page was there, and not an error if it was not */
const volatile bool zswap_says_true;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	uid uid;
	cgroup_id cgroup;
};

struct usage {
	__u64 reads; /* of one page or several at once */
	__u64 pages; /* that were read */
	__u64 zswap_pages; /* that were in memory yet, compressed */
	__u64 out_pages; /* that were written */
	__u64 faults;
	__u64 major_faults; /* that had to wait for a read */
	duration_ns total_ns; /* of faults */
	duration_ns max_ns;
	__u32 slots[SLOTS];
	comm comm; /* at the last of these */
};

/* Preallocated: memory is short when these programs run. */
COUNTS(counts, struct group, struct usage, 2048, 0);

/* too big for the stack */
static const struct usage empty;

enum swap_call { SWAP_READ, SWAP_FAULT };

struct swapping {
	__u64 frame;
	__u64 start;
	__u64 folio;
	__u32 pages;
	__u32 in_zswap;
};

CALLS(swappings, struct swapping, 1024, 0);

/* Where the owner of a page is kept: until Linux 5.10, and since. */
struct page___until_5_10 {
	struct mem_cgroup *mem_cgroup;
} __attribute__((preserve_access_index));

struct page___since_5_11 {
	unsigned long memcg_data;
} __attribute__((preserve_access_index));

/* The cgroup that is behind this, or NULL if it is no struct mem_cgroup. */
static __always_inline struct cgroup *cgroup_behind(struct mem_cgroup *memcg)
{
	struct cgroup *cgroup = BPF_CORE_READ(memcg, css.cgroup);
	void *subsys = (void *)cgroup + bpf_core_field_offset(cgroup->subsys), *css = NULL;

	subsys += bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) * sizeof(void *);
	bpf_probe_read_kernel(&css, sizeof(css), subsys);
	return css && css == (void *)memcg + bpf_core_field_offset(memcg->css) ? cgroup : NULL;
}

/*
 * The cgroup whose memory it is, or 0. Newer kernels keep a struct obj_cgroup, which outlives the cgroup, in place of
 * a struct mem_cgroup: what it is shows when one looks.
 */
static __always_inline __u64 cgroup_of(__u64 folio)
{
	struct page___until_5_10 *older = (void *)folio;
	struct page___since_5_11 *newer = (void *)folio;
	struct obj_cgroup *owner;
	struct cgroup *cgroup;

	if (bpf_core_field_exists(newer->memcg_data))
		owner = (void *)(BPF_CORE_READ(newer, memcg_data) & ~3UL);
	else if (bpf_core_field_exists(older->mem_cgroup))
		owner = (void *)BPF_CORE_READ(older, mem_cgroup);
	else
		return 0;
	cgroup = cgroup_behind((void *)owner) ?: cgroup_behind(BPF_CORE_READ(owner, memcg));
	return BPF_CORE_READ(cgroup, kn, id);
}

static __always_inline struct usage *usage_of(__u64 folio)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct usage *usage;

	if (by_cgroup) {
		group.cgroup = cgroup_of(folio);
	} else {
		group.pid = bpf_get_current_pid_tgid() >> 32;
		group.uid = bpf_get_current_uid_gid();
	}
	usage = count_at(&counts, &group, &empty);
	if (usage && !by_cgroup)
		bpf_get_current_comm(usage->comm, sizeof(usage->comm));
	return usage;
}

static __always_inline int begin_read(__u64 frame, const __u64 *args)
{
	struct swapping swapping = { .frame = frame, .folio = args[read_argument & 3] };

	if (!is_target())
		return 0;
	swapping.pages = folio_pages((void *)swapping.folio);
	call_begin(&swappings, SWAP_READ, &swapping);
	return 0;
}

static __always_inline int end_read(__u64 frame, __u64 result)
{
	struct swapping swapping = { .frame = frame };
	struct usage *usage;

	if (!call_end(&swappings, SWAP_READ, &swapping))
		return 0;
	usage = usage_of(swapping.folio);
	if (!usage)
		return 0;
	if (swapping.in_zswap) {
		__sync_fetch_and_add(&usage->zswap_pages, swapping.pages);
	} else {
		__sync_fetch_and_add(&usage->reads, 1);
		__sync_fetch_and_add(&usage->pages, swapping.pages);
	}
	return 0;
}

static __always_inline int end_zswap(__u64 result)
{
	struct swapping *swapping = call_of(&swappings, SWAP_READ);

	if (swapping)
		swapping->in_zswap = zswap_says_true ? (__u8)result : !(__u32)result;
	return 0;
}

static __always_inline int begin_write(const __u64 *args)
{
	__u64 folio = args[write_argument & 3];
	struct usage *usage;

	if (!is_target())
		return 0;
	usage = usage_of(folio);
	if (usage)
		__sync_fetch_and_add(&usage->out_pages, folio_pages((void *)folio));
	return 0;
}

/* vm_fault_t do_swap_page(struct vm_fault *vmf); it is not hooked by_cgroup */
static __always_inline int begin_fault(__u64 frame, const __u64 *args)
{
	struct swapping swapping = { .frame = frame };

	if (!is_target())
		return 0;
	swapping.start = bpf_ktime_get_ns();
	call_begin(&swappings, SWAP_FAULT, &swapping);
	return 0;
}

static __always_inline int end_fault(__u64 frame, __u64 result)
{
	struct swapping swapping = { .frame = frame };
	struct usage *usage;
	__u64 ns;
	__u32 slot;

	if (!call_end(&swappings, SWAP_FAULT, &swapping))
		return 0;
	ns = bpf_ktime_get_ns() - swapping.start;
	usage = usage_of(0);
	if (!usage)
		return 0;
	__sync_fetch_and_add(&usage->faults, 1);
	if (result & VM_FAULT_MAJOR)
		__sync_fetch_and_add(&usage->major_faults, 1);
	__sync_fetch_and_add(&usage->total_ns, ns);
	if (ns > usage->max_ns)
		usage->max_ns = ns;
	slot = log2_slot(ns / 1000);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	__sync_fetch_and_add(&usage->slots[slot], 1);
	return 0;
}

CALL_HOOK(read, "swap_read_folio", 2, begin_read, end_read)
/* in Linux 6.1 and before */
CALL_HOOK(readpage, "swap_readpage", 2, begin_read, end_read)
CALL_HOOK(fault, "do_swap_page", 1, begin_fault, end_fault)
RETURN_HOOK(zswap, "zswap_load", 1, end_zswap)
/* in Linux 6.1 and before */
RETURN_HOOK(frontswap, "__frontswap_load", 1, end_zswap)
FUNCTION_HOOK(write, "__swap_writepage", begin_write)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
