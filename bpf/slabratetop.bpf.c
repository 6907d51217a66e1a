// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of slabratetop: counts what is allocated from each cache of the slab allocator, and given back.
 *
 * Where the records of tracepoints name the cache (Linux 6.18) they are enough. Before, the tracepoint of an
 * allocation is passed the cache (6.1); Linux 5.10 has neither, and functions are traced.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "function_hooks.h"
#include "kinds.h"
#include "targets.h"
#include "work_context.h"

#define NAME_SIZE 32

/* What a row is of. */
enum slab_kind {
	SLAB_CACHE, /* a cache that has a name */
	SLAB_KMALLOC, /* the cache for a size */
	SLAB_KFREE, /* what kfree() gives back: its cache is not known */
};

/* a row for each program besides, or for each place in the kernel */
const volatile bool by_comm;
const volatile bool by_call_site;
/* only some tasks are traced: what interrupts allocate is nobody's */
const volatile bool targeted;
/* look whether an interrupt allocates: always if only some tasks are traced, or by_comm */
const volatile bool with_context;
/* count what is given back, too */
const volatile bool counts_frees;
/* __GFP_ACCOUNT of this kernel; 0 if nobody asks what is charged to a cgroup */
const volatile __u64 account_flag;

struct group {
	__u32 set;
	cpu_nr cpu;
	__u64 size; /* of an object, of SLAB_KMALLOC */
	__u64 call_site;
	enum slab_kind kind;
	enum work_context context; /* by_comm */
	char name[NAME_SIZE];
	comm comm;
};

struct usage {
	__u64 allocs;
	__u64 bytes;
	__u64 requested_bytes;
	__u64 accounted_bytes;
	__u64 interrupt_allocs;
	__u64 frees;
	__u64 max_size; /* of an object */
};

/* Preallocated: programs run within the allocator. More entries before load where there are many CPUs. */
COUNTS(usages, struct group, struct usage, 1, 0);

/* What an allocation is. */
struct alloc {
	__u64 call_site;
	__u64 requested;
	__u64 bytes;
	bool accounted;
};

static __always_inline struct usage *usage_of(struct group *group, __u64 call_site,
					      enum work_context context)
{
	struct usage empty = {};

	if (targeted && (context != WORK_TASK || !is_target()))
		return NULL;
	group->set = set;
	group->cpu = bpf_get_smp_processor_id();
	if (by_comm) {
		group->context = context;
		if (context == WORK_TASK)
			bpf_get_current_comm(group->comm, sizeof(group->comm));
	}
	if (by_call_site)
		group->call_site = call_site;
	return count_at(&usages, group, &empty);
}

static __always_inline enum work_context context_if_wanted(void)
{
	return with_context ? work_context() : WORK_TASK;
}

static __always_inline int count_alloc(struct group *group, const struct alloc *alloc)
{
	enum work_context context = context_if_wanted();
	struct usage *usage = usage_of(group, alloc->call_site, context);

	if (!usage)
		return 0;
	usage->allocs++;
	usage->bytes += alloc->bytes;
	usage->requested_bytes += alloc->requested;
	if (alloc->accounted)
		usage->accounted_bytes += alloc->bytes;
	if (context != WORK_TASK)
		usage->interrupt_allocs++;
	usage->max_size = alloc->bytes;
	return 0;
}

static __always_inline int count_free(struct group *group, __u64 call_site)
{
	struct usage *usage;

	if (!counts_frees)
		return 0;
	usage = usage_of(group, call_site, context_if_wanted());
	if (usage)
		usage->frees++;
	return 0;
}

/* Where a text of varying length lies in the record of a tracepoint: include/trace/stages/stage2_data_offsets.h. */
static __always_inline const char *text_of(const void *ctx, __u32 location)
{
	return ctx + (location & 0xffff);
}

/* Linux 6.18: the record names the cache */
struct trace_event_raw_kmem_cache_alloc___named {
	unsigned long call_site;
	const void *ptr;
	__u32 __data_loc_name;
	size_t bytes_req;
	size_t bytes_alloc;
	bool accounted;
} __attribute__((preserve_access_index));

SEC("tp/kmem/kmem_cache_alloc")
int tp_cache_alloc(struct trace_event_raw_kmem_cache_alloc___named *ctx)
{
	struct group group = { .kind = SLAB_CACHE };
	struct alloc alloc = {
		.call_site = ctx->call_site,
		.requested = ctx->bytes_req,
		.bytes = ctx->bytes_alloc,
		.accounted = account_flag && ctx->accounted,
	};

	if (!ctx->ptr)
		return 0;
	bpf_probe_read_kernel_str(group.name, NAME_SIZE, text_of(ctx, ctx->__data_loc_name));
	return count_alloc(&group, &alloc);
}

/* Flags of a cache since Linux 6.9; include/linux/slab.h has numbers before. */
enum _slab_flag_bits___numbered {
	_SLAB_ACCOUNT___numbered,
};

#define OLD_SLAB_ACCOUNT 0x04000000

static __always_inline __u32 slab_account(void)
{
	if (bpf_core_enum_value_exists(enum _slab_flag_bits___numbered, _SLAB_ACCOUNT___numbered))
		return 1U << bpf_core_enum_value(enum _slab_flag_bits___numbered,
						 _SLAB_ACCOUNT___numbered);
	return OLD_SLAB_ACCOUNT;
}

static __always_inline void read_name(struct group *group, struct kmem_cache *cache)
{
	bpf_probe_read_kernel_str(group->name, NAME_SIZE, BPF_CORE_READ(cache, name));
}

static __always_inline int count_object(struct kmem_cache *cache, __u64 call_site, __u32 gfp_flags)
{
	struct group group = { .kind = SLAB_CACHE };
	struct alloc alloc = {
		.call_site = call_site,
		.requested = BPF_CORE_READ(cache, object_size),
		.bytes = BPF_CORE_READ(cache, size),
		.accounted = account_flag && (gfp_flags & account_flag ||
					      BPF_CORE_READ(cache, flags) & slab_account()),
	};

	read_name(&group, cache);
	return count_alloc(&group, &alloc);
}

/* Linux 6.1, which refuses a program with types that reads a `const void *` */
SEC("raw_tp/kmem_cache_alloc")
int BPF_PROG(raw_cache_alloc, unsigned long call_site, const void *object, struct kmem_cache *cache,
	     __u32 gfp_flags)
{
	return object ? count_object(cache, call_site, gfp_flags) : 0;
}

/* Linux 5.10. An allocation that fails is counted as well. */

static __always_inline int handle_alloc(const __u64 *args)
{
	return count_object((void *)args[0], 0, args[1]);
}

static __always_inline int handle_free(const __u64 *args)
{
	struct group group = { .kind = SLAB_CACHE };

	read_name(&group, (void *)args[0]);
	return count_free(&group, 0);
}

FUNCTION_HOOK(alloc, "kmem_cache_alloc", handle_alloc)
FUNCTION_HOOK(alloc_node, "kmem_cache_alloc_node", handle_alloc)
FUNCTION_HOOK(free, "kmem_cache_free", handle_free)

struct trace_event_raw_kmem_cache_free___named {
	unsigned long call_site;
	__u32 __data_loc_name;
} __attribute__((preserve_access_index));

SEC("tp/kmem/kmem_cache_free")
int tp_cache_free(struct trace_event_raw_kmem_cache_free___named *ctx)
{
	struct group group = { .kind = SLAB_CACHE };

	bpf_probe_read_kernel_str(group.name, NAME_SIZE, text_of(ctx, ctx->__data_loc_name));
	return count_free(&group, ctx->call_site);
}

struct trace_event_raw_kmalloc___new {
	unsigned long call_site;
	const void *ptr;
	size_t bytes_req;
	size_t bytes_alloc;
	unsigned long gfp_flags;
} __attribute__((preserve_access_index));

/* Until Linux 6.0, also of kmalloc_node. */
struct trace_event_raw_kmem_alloc___old {
	unsigned long call_site;
	const void *ptr;
	size_t bytes_req;
	size_t bytes_alloc;
	gfp_t gfp_flags;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_alloc_node___old {
	unsigned long call_site;
	const void *ptr;
	size_t bytes_req;
	size_t bytes_alloc;
	gfp_t gfp_flags;
} __attribute__((preserve_access_index));

static __always_inline int count_kmalloc(const void *object, __u64 gfp_flags, __u64 call_site,
					 __u64 requested, __u64 bytes)
{
	struct group group = { .kind = SLAB_KMALLOC, .size = bytes };
	struct alloc alloc = {
		.call_site = call_site,
		.requested = requested,
		.bytes = bytes,
		.accounted = gfp_flags & account_flag,
	};

	return object ? count_alloc(&group, &alloc) : 0;
}

SEC("tp/kmem/kmalloc")
int tp_kmalloc(struct trace_event_raw_kmalloc___new *ctx)
{
	return count_kmalloc(ctx->ptr, ctx->gfp_flags, ctx->call_site, ctx->bytes_req,
			     ctx->bytes_alloc);
}

SEC("tp/kmem/kmalloc")
int tp_kmalloc_old(struct trace_event_raw_kmem_alloc___old *ctx)
{
	return count_kmalloc(ctx->ptr, ctx->gfp_flags, ctx->call_site, ctx->bytes_req,
			     ctx->bytes_alloc);
}

SEC("tp/kmem/kmalloc_node")
int tp_kmalloc_node(struct trace_event_raw_kmem_alloc_node___old *ctx)
{
	return count_kmalloc(ctx->ptr, ctx->gfp_flags, ctx->call_site, ctx->bytes_req,
			     ctx->bytes_alloc);
}

struct trace_event_raw_kfree___new {
	unsigned long call_site;
	const void *ptr;
} __attribute__((preserve_access_index));

/* of Linux 5.10 */
struct trace_event_raw_kmem_free___old {
	unsigned long call_site;
	const void *ptr;
} __attribute__((preserve_access_index));

SEC("tp/kmem/kfree")
int tp_kfree(struct trace_event_raw_kfree___new *ctx)
{
	struct trace_event_raw_kmem_free___old *old = (void *)ctx;
	struct group group = { .kind = SLAB_KFREE };

	if (bpf_core_type_exists(struct trace_event_raw_kmem_free___old))
		return old->ptr ? count_free(&group, old->call_site) : 0;
	return ctx->ptr ? count_free(&group, ctx->call_site) : 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
