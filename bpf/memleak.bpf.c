// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of memleak: which memory is allocated and not freed, by the stacks that have allocated it: that of
 * processes by uprobes at malloc() and its like, or that of the kernel by its tracepoints.
 *
 * An allocator may call another one, or itself: realloc() calls malloc() and free(). So of the calls that a thread
 * is in only the outermost counts. They are known by their places on the thread's stack, as in calls.h. One that
 * ends in a jump to another has the same place, and its result: that is the outer one's.
 *
 * Of the kernel, frees are at raw tracepoints where these keep the CPU. The kernel leaves out a classic one that
 * interrupts another program of its CPU: a block whose allocation is not seen does no harm, a free would seem a leak.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "blocks.h"
#include "calls.h"
#include "family.h"
#include "kinds.h"
#include "stacks.h"
#include "targets.h"

#define NO_PFN (~0ULL)

const volatile __u32 page_size = 4096;
const volatile __u32 possible_cpus = 1;

/* The call of an allocator that a thread is in. What is put together for maps is here as well: see blocks.h. */
struct call {
	__u64 frame; /* 0: in none */
	__u64 function;
	__u64 size;
	__u64 out; /* where posix_memalign() writes the address */
	__u64 seen; /* calls so far */
	__u32 skipped; /* by the sample rate */
	__u32 has_old; /* realloc() has got a block that is known, `block` at `key` */
	struct block_key key;
	struct block block;
	struct stack stack;
};

static const struct call no_call;

/* kept from call to call, and removed with the thread */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as there may be threads, before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* when a process has executed a program, which ended what it had allocated: bpf_ktime_get_ns() */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} execs SEC(".maps");

static __noinline int is_wanted(void)
{
	return is_target() && (!follow_command || is_in_family());
}

static __always_inline struct call *this_call(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&calls, &tid);
}

static __always_inline struct call *new_call(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(&calls, &tid, &no_call, BPF_NOEXIST))
		count_lost_map();
	return bpf_map_lookup_elem(&calls, &tid);
}

/* Whether a function that begins was called by that allocator, or stands in for it. */
static __always_inline bool is_within(const struct call *call, __u64 frame, __u64 function)
{
	return frame < call->frame || (frame == call->frame && function != call->function);
}

/* An allocator is called. Returns what is known of the call, or NULL if it does not count. */
static __always_inline struct call *begin(struct pt_regs *ctx, __u64 size)
{
	__u64 frame = kprobe_frame(ctx), function = PT_REGS_IP(ctx);
	struct call *call;

	if (!is_wanted())
		return NULL;
	call = this_call() ?: new_call();
	if (!call || is_within(call, frame, function))
		return NULL;
	if (call->frame) /* its end was not seen */
		count_lost_map();
	call->frame = frame;
	call->function = function;
	call->size = size;
	call->out = 0;
	call->has_old = false;
	call->skipped = sample_rate > 1 && call->seen++ % sample_rate;
	call->key.pid = bpf_get_current_pid_tgid() >> 32;
	return call;
}

SEC("uprobe")
int malloc_enter(struct pt_regs *ctx)
{
	begin(ctx, PT_REGS_PARM1(ctx));
	return 0;
}

SEC("uprobe")
int calloc_enter(struct pt_regs *ctx)
{
	begin(ctx, PT_REGS_PARM1(ctx) * PT_REGS_PARM2(ctx));
	return 0;
}

SEC("uprobe")
int memalign_enter(struct pt_regs *ctx)
{
	begin(ctx, PT_REGS_PARM2(ctx));
	return 0;
}

SEC("uprobe")
int posix_memalign_enter(struct pt_regs *ctx)
{
	struct call *call = begin(ctx, PT_REGS_PARM3(ctx));

	if (call)
		call->out = PT_REGS_PARM1(ctx);
	return 0;
}

/* The block is out of the way from here on: as soon as it is free, another thread may get its address. */
SEC("uprobe")
int realloc_enter(struct pt_regs *ctx)
{
	struct call *call = begin(ctx, PT_REGS_PARM2(ctx));
	struct block *known;

	if (!call)
		return 0;
	call->key.address = PT_REGS_PARM1(ctx);
	known = bpf_map_lookup_elem(&blocks, &call->key);
	if (!known)
		return 0;
	call->block = *known;
	call->has_old = !bpf_map_delete_elem(&blocks, &call->key);
	return 0;
}

/* realloc() has failed, unless it was to free the block. */
static __always_inline void end_old(struct call *call, __u64 address)
{
	if (address || !call->size)
		count_block(call->key.pid, call->block.stack, call->block.size, true);
	else if (bpf_map_update_elem(&blocks, &call->key, &call->block, BPF_NOEXIST))
		count_lost_map();
}

SEC("uretprobe")
int allocator_return(struct pt_regs *ctx)
{
	struct call *call = this_call();
	__u64 address = PT_REGS_RC(ctx);

	if (!call || call->frame != kretprobe_frame(ctx))
		return 0;
	call->frame = 0;
	if (call->out && (int)address)
		address = 0;
	else if (call->out && bpf_probe_read_user(&address, sizeof(address), (void *)call->out))
		address = 0;
	if (call->has_old)
		end_old(call, address);
	if (!address || call->skipped || !is_wanted_size(call->size))
		return 0;
	call->key.address = address;
	call->block.size = call->size;
	call->block.since = bpf_ktime_get_ns();
	call->block.stack = keep_caller_stack(ctx, call->function, &call->stack);
	keep_block(&call->key, &call->block);
	return 0;
}

SEC("uprobe")
int free_enter(struct pt_regs *ctx)
{
	struct block_key key = {
		.address = PT_REGS_PARM1(ctx),
		.pid = bpf_get_current_pid_tgid() >> 32,
	};
	__u64 frame = kprobe_frame(ctx), function = PT_REGS_IP(ctx);
	struct call *call;

	if (!key.address)
		return 0;
	call = this_call();
	if (!call || !is_within(call, frame, function))
		drop_block(&key);
	return 0;
}

static __always_inline int handle_exec(__u32 old_tid)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();

	if (follow_command)
		follow_exec(old_tid);
	bpf_map_delete_elem(&calls, &old_tid);
	if (is_wanted() && bpf_map_update_elem(&execs, &pid, &now, BPF_ANY))
		count_lost_map();
	return 0;
}

static __always_inline int handle_end(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	if (follow_command)
		leave_family();
	return 0;
}

#include "family_hooks.h"

/* allocations of the kernel so far, by CPU: for the sample rate */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

static __always_inline bool is_skipped(void)
{
	__u32 zero = 0;
	__u64 *before = bpf_map_lookup_elem(&seen, &zero);

	return before && (*before)++ % sample_rate;
}

static __always_inline int kernel_alloc(void *ctx, __u64 address, __u64 size)
{
	struct block_key key = { .address = address };
	struct block block = { .size = size };

	if (!address || !is_wanted_size(size) || !is_target())
		return 0;
	if (sample_rate > 1 && is_skipped())
		return 0;
	block.since = bpf_ktime_get_ns();
	block.stack = keep_stack(ctx, STACK_KERNEL);
	keep_block(&key, &block);
	return 0;
}

static __always_inline int kernel_free(__u64 address)
{
	struct block_key key = { .address = address };

	if (address)
		drop_block(&key);
	return 0;
}

#define ALLOC_OF(ctx, type)                                         \
	kernel_alloc(ctx, (__u64)BPF_CORE_READ((type *)(ctx), ptr), \
		     BPF_CORE_READ((type *)(ctx), bytes_alloc))

SEC("tp/kmem/kmalloc")
int tp_kmalloc(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmalloc);
}

SEC("tp/kmem/kmem_cache_alloc")
int tp_cache_alloc(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmem_cache_alloc);
}

/*
 * Linux before 6.1 has events of two classes. These are programs of their own: to look for a type that is not there
 * libbpf looks through the modules' types as well, which needs CAP_SYS_ADMIN.
 */
struct trace_event_raw_kmem_alloc {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_alloc_node {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

SEC("tp/kmem/kmalloc")
int tp_old_kmalloc(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmem_alloc);
}

SEC("tp/kmem/kmem_cache_alloc")
int tp_old_cache_alloc(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmem_alloc);
}

SEC("tp/kmem/kmalloc_node")
int tp_old_kmalloc_node(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmem_alloc_node);
}

SEC("tp/kmem/kmem_cache_alloc_node")
int tp_old_cache_alloc_node(void *ctx)
{
	return ALLOC_OF(ctx, struct trace_event_raw_kmem_alloc_node);
}

SEC("raw_tp/kfree")
int BPF_PROG(btf_kfree, unsigned long call_site, const void *ptr)
{
	return kernel_free((__u64)ptr);
}

SEC("tp/kmem/kfree")
int tp_kfree(struct trace_event_raw_kfree *ctx)
{
	return kernel_free((__u64)ctx->ptr);
}

SEC("raw_tp/kmem_cache_free")
int BPF_PROG(btf_cache_free, unsigned long call_site, const void *ptr)
{
	return kernel_free((__u64)ptr);
}

SEC("tp/kmem/kmem_cache_free")
int tp_cache_free(struct trace_event_raw_kmem_cache_free *ctx)
{
	return kernel_free((__u64)ctx->ptr);
}

/* Pages are known by their structs here, and by their numbers in the other form. Both are no addresses of blocks. */
SEC("raw_tp/mm_page_alloc")
int BPF_PROG(btf_page_alloc, struct page *page, unsigned int order)
{
	return kernel_alloc(ctx, (__u64)page, (__u64)page_size << (order & 31));
}

SEC("tp/kmem/mm_page_alloc")
int tp_page_alloc(struct trace_event_raw_mm_page_alloc *ctx)
{
	__u64 pfn = ctx->pfn;

	return pfn == NO_PFN ? 0 : kernel_alloc(ctx, pfn, (__u64)page_size << (ctx->order & 31));
}

SEC("raw_tp/mm_page_free")
int BPF_PROG(btf_page_free, struct page *page)
{
	return kernel_free((__u64)page);
}

SEC("tp/kmem/mm_page_free")
int tp_page_free(struct trace_event_raw_mm_page_free *ctx)
{
	return kernel_free(ctx->pfn);
}

SEC("tp/percpu/percpu_alloc_percpu")
int tp_percpu_alloc(struct trace_event_raw_percpu_alloc_percpu *ctx)
{
	__u64 bytes;

	/* Linux before 6.1 has the size for one CPU alone */
	if (bpf_core_field_exists(ctx->bytes_alloc))
		bytes = BPF_CORE_READ(ctx, bytes_alloc);
	else
		bytes = BPF_CORE_READ(ctx, size) * possible_cpus;
	return kernel_alloc(ctx, (__u64)BPF_CORE_READ(ctx, ptr), bytes);
}

SEC("raw_tp/percpu_free_percpu")
int BPF_PROG(btf_percpu_free, void *base, int offset, void *ptr)
{
	return kernel_free((__u64)ptr);
}

SEC("tp/percpu/percpu_free_percpu")
int tp_percpu_free(struct trace_event_raw_percpu_free_percpu *ctx)
{
	return kernel_free((__u64)ctx->ptr);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
