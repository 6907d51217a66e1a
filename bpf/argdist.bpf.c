// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of argdist: counts how often values pass probes, by themselves or by the slots of a histogram.
 * fetch.h has how values are fetched, code.h how they are computed.
 *
 * Each probe has programs of its own, since the verifier must know which entries of the table they run by: one
 * of three, as the hook is, or two where what is known when a call begins is kept until it returns, by pairs.h.
 *
 * A program at a function of a process can lose the CPU, and another task count by the same entry meanwhile: so
 * numbers are added to atomically, and texts are read into memory of the thread.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "code.h"
#include "counts.h"
#include "kinds.h"
#include "probe_programs.h"
#include "slots.h"
#include "targets.h"

#define MAX_VALUES 4
#define MAX_TEXTS 2
#define MAX_TEXT 128

/* What is kept of a call: which of it could not be read, how long the call took, values. */
#define MAX_KEPT 6
#define KEPT_LATENCY 1
#define KEPT_VALUES 2
#define CALL_ARGS (KEPT_VALUES + MAX_KEPT)
#define CALL_STACKS MAX_PROBES
#include "pairs.h"

enum value_kind { VALUE_NOTHING, VALUE_NUMBER, VALUE_TEXT, VALUE_COMM };

struct value_plan {
	__u8 kind; /* enum value_kind */
	__u8 at; /* its first step; of a text its entry of the table */
	__u8 text; /* the number of the text */
	__u8 unused;
};

enum distribution { COUNT_VALUES, COUNT_POWERS, COUNT_RANGES };

struct probe_plan {
	__u8 distribution; /* enum distribution */
	__u8 is_signed; /* the value of a histogram may be negative */
	__u8 has_texts;
	__u8 has_condition;
	__u8 condition; /* its first step */
	__u8 kept_count;
	__u16 unused;
	struct value_plan values[MAX_VALUES];
	struct fetch kept[MAX_KEPT];
	struct code code;
};

const volatile struct probe_plan probes[MAX_PROBES];
/* most bytes of a text */
const volatile __u32 string_size;
/* trace this thread only */
const volatile __u32 targ_tid;
/* of histograms of equal ranges: how many there are, the first value, and how many values each has */
const volatile __s64 first_value;
const volatile __u64 range_size = 1;
const volatile __u64 range_count;

/* What is counted. */
struct place {
	__u8 set;
	__u8 missing; /* a bit for each value that could not be had */
	__u16 cpu;
	__u32 probe;
	__u64 values
		[MAX_VALUES]; /* of a histogram the slot, which is negative for negative values */
};

_Static_assert(sizeof(struct place) <= 40,
	       "with 64 bytes or more a stack is one of the CPU: fetch.h");

/* With texts, that of a value that is none is empty. */
struct text_place {
	struct place place;
	__u8 texts[MAX_TEXTS][MAX_TEXT];
};

struct passes {
	__u64 count;
	__u64 total; /* of a histogram: the sum of the values */
};

static const struct passes no_passes;
/* too big for the stack */
static const struct text_place no_text_place;

COUNTS(counts, struct place, struct passes, 16384, 0);
COUNTS(text_counts, struct text_place, struct passes, 1, 0); /* more before load */

/* Where keys with texts are put together: by the thread and the program. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__type(key, __u64);
	__type(value, struct text_place);
} works SEC(".maps");

static __noinline int is_wanted(void)
{
	if (targ_tid && targ_tid != (__u32)bpf_get_current_pid_tgid())
		return false;
	return is_target();
}

static __noinline int condition_holds(void *ctx, __u64 *kept,
				      const volatile struct probe_plan *probe)
{
	struct code_values values = {};

	return compute(ctx, kept, &probe->code, probe->condition, &values) && values.at[0];
}

static __noinline int fill_number(void *ctx, __u64 *kept, const volatile struct probe_plan *probe,
				  __u32 at, __u64 *to)
{
	struct code_values values = {};
	int is_there = compute(ctx, kept, &probe->code, at, &values);

	*to = is_there ? values.at[0] : 0;
	return is_there;
}

static __noinline int fill_text(void *ctx, __u64 *kept, const volatile struct probe_plan *probe,
				__u32 i, struct text_place *to)
{
	const volatile struct value_plan *value = &probe->values[i & (MAX_VALUES - 1)];
	const volatile struct fetch *fetch = &probe->code.fetches[value->at & (CODE_FETCHES - 1)];
	__u8 *text = to->texts[value->text & (MAX_TEXTS - 1)];
	__u64 size;

	if (value->kind == VALUE_COMM)
		return !bpf_get_current_comm(text, TASK_COMM_LEN);
	if (fetch->from != FETCH_KEPT)
		return fetch_string(ctx, fetch, &size, text, string_size);
	return is_kept(kept, fetch->at) && fetch_string(kept, fetch, &size, text, string_size);
}

static __always_inline int fill_value(void *ctx, __u64 *kept,
				      const volatile struct probe_plan *probe, __u32 i,
				      struct place *to)
{
	const volatile struct value_plan *value = &probe->values[i & (MAX_VALUES - 1)];
	int is_there;

	if (value->kind == VALUE_NUMBER)
		is_there =
			fill_number(ctx, kept, probe, value->at, &to->values[i & (MAX_VALUES - 1)]);
	else
		is_there = fill_text(ctx, kept, probe, i, (struct text_place *)to);
	if (!is_there)
		to->missing |= 1U << i;
	return 0;
}

static __noinline int fill_values(void *ctx, __u64 *kept, const volatile struct probe_plan *probe,
				  struct place *to)
{
	__u32 i;

	for (i = 0; i < MAX_VALUES && probe->values[i].kind != VALUE_NOTHING; i++)
		fill_value(ctx, kept, probe, i, to);
	return 0;
}

/* -1 is less than the first range, their number is more than the last. */
static __always_inline __u64 range_of(__u64 value, bool is_signed)
{
	__u64 slot;

	if (is_signed ? (__s64)value < first_value : first_value > 0 && value < first_value)
		return -1;
	slot = (value - first_value) / range_size;
	return slot < range_count ? slot : range_count;
}

static __always_inline __u64 power_of(__u64 value, bool is_signed)
{
	if (is_signed && (__s64)value < 0)
		return -1 - (__u64)log2_slot(-value);
	return log2_slot(value);
}

static __noinline int choose_slot(const volatile struct probe_plan *probe, struct place *place)
{
	if (place->missing)
		return 0;
	place->values[0] = probe->distribution == COUNT_POWERS
				   ? power_of(place->values[0], probe->is_signed)
				   : range_of(place->values[0], probe->is_signed);
	return 0;
}

static __noinline int count_numbers(void *ctx, __u64 *kept, __u32 index)
{
	const volatile struct probe_plan *probe = &probes[index];
	struct place place = { .probe = index };
	struct passes *passes;
	__u64 value;

	fill_values(ctx, kept, probe, &place);
	value = place.values[0];
	if (probe->distribution != COUNT_VALUES)
		choose_slot(probe, &place);
	place.cpu = bpf_get_smp_processor_id();
	place.set = set;
	passes = count_at(&counts, &place, &no_passes);
	if (!passes)
		return 0;
	__sync_fetch_and_add(&passes->count, 1);
	if (probe->distribution != COUNT_VALUES)
		__sync_fetch_and_add(&passes->total, value);
	return 0;
}

static __noinline int count_texts(void *ctx, __u64 *kept, __u32 index)
{
	__u64 who = (bpf_get_current_pid_tgid() << 32) | (bpf_get_smp_processor_id() << 8) | index;
	const volatile struct probe_plan *probe = &probes[index];
	struct text_place *work;
	struct passes *passes;

	bpf_map_update_elem(&works, &who, &no_text_place, BPF_ANY);
	work = bpf_map_lookup_elem(&works, &who);
	if (!work) {
		count_lost_map();
		return 0;
	}
	work->place.probe = index;
	fill_values(ctx, kept, probe, &work->place);
	work->place.cpu = bpf_get_smp_processor_id();
	work->place.set = set;
	passes = count_at(&text_counts, work, &no_passes);
	if (passes)
		__sync_fetch_and_add(&passes->count, 1);
	bpf_map_delete_elem(&works, &who);
	return 0;
}

static __always_inline int count_pass(void *ctx, __u64 *kept, __u32 index)
{
	const volatile struct probe_plan *probe = &probes[index];

	if (probe->has_condition && !condition_holds(ctx, kept, probe))
		return 0;
	return probe->has_texts ? count_texts(ctx, kept, index) : count_numbers(ctx, kept, index);
}

static __noinline int on_probe(void *ctx, __u32 index)
{
	return is_wanted() ? count_pass(ctx, NULL, index) : 0;
}

static __noinline int keep_values(void *ctx, const volatile struct probe_plan *probe, __u64 *kept)
{
	__u32 i;

	kept[0] = 0;
	for (i = 0; i < MAX_KEPT && i < probe->kept_count; i++) {
		if (!fetch_number(ctx, &probe->kept[i], &kept[KEPT_VALUES + i]))
			kept[0] |= 1U << (KEPT_VALUES + i);
	}
	return 0;
}

static __noinline int begin_call(struct pt_regs *ctx, __u32 index)
{
	struct started_call *call = pair_begin(kprobe_frame(ctx), index);

	if (!call)
		return 0;
	keep_values(ctx, &probes[index], call->args);
	call->start = bpf_ktime_get_ns();
	return 0;
}

static __noinline int on_enter(struct pt_regs *ctx, __u32 index)
{
	return is_wanted() ? begin_call(ctx, index) : 0;
}

static __noinline int on_leave(struct pt_regs *ctx, __u32 index)
{
	__u64 now = bpf_ktime_get_ns();
	struct started_call *call = pair_leave(kretprobe_frame(ctx), index);

	if (!call)
		return 0;
	call->args[KEPT_LATENCY] = now - call->start;
	count_pass(ctx, call->args, index);
	pair_left(index);
	return 0;
}

/* For calls from their beginning to their return, too. */
#define PROBE_OR_CALL(index)                   \
	PROBE(index)                           \
	SEC("kprobe")                          \
	int enter_##index(struct pt_regs *ctx) \
	{                                      \
		return on_enter(ctx, index);   \
	}                                      \
	SEC("kprobe")                          \
	int leave_##index(struct pt_regs *ctx) \
	{                                      \
		return on_leave(ctx, index);   \
	}

FOR_EACH_PROBE(PROBE_OR_CALL)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
