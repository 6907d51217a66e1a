/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Numbers that a program computes as a table in .rodata says: of constants, of what fetch.h fetches, and of the
 * task. The user half writes the table before load: lib/tool/fetch/code.ts. As with fetch.h the verifier knows the
 * table, and follows one way through it.
 *
 * Each step puts a number into a place, or makes one number of that place and the one behind it. A number that
 * cannot be had, as of memory that is not there, or a division by zero, is missing, and so is what is computed of
 * it; && and || take it for false.
 *
 * No function here needs 64 bytes of the stack: see fetch.h.
 */
#ifndef DENOBPF_CODE_H
#define DENOBPF_CODE_H

#include <bpf/bpf_helpers.h>
#include "fetch.h"

#define CODE_PLACES 4
#define CODE_STEPS 64
#define CODE_FETCHES 8

enum code_op {
	CODE_END,
	/* one number */
	CODE_NUMBER,
	CODE_FETCH, /* the number says which */
	CODE_PID,
	CODE_TID,
	CODE_UID,
	CODE_GID,
	CODE_CPU,
	CODE_NEGATE,
	CODE_INVERT,
	CODE_NOT,
	/* two of them */
	CODE_OR,
	CODE_XOR,
	CODE_AND,
	CODE_SHIFT_LEFT,
	CODE_SHIFT_RIGHT,
	CODE_ADD,
	CODE_SUBTRACT,
	CODE_MULTIPLY,
	CODE_DIVIDE,
	CODE_REMAINDER,
	CODE_EQUAL,
	CODE_LESS,
	CODE_EITHER,
	CODE_BOTH,
};

struct code_step {
	__u8 op; /* enum code_op */
	__u8 to; /* the place of the result, and of the first number */
	__u8 left_signed; /* the first number may be negative */
	__u8 right_signed;
	__u8 reversed; /* the second number stands before the first: it needs more places, and was computed first */
	__u8 unused[3];
	__u64 number;
};

struct code {
	struct fetch fetches[CODE_FETCHES];
	struct code_step steps[CODE_STEPS];
};

struct code_values {
	__u64 at[CODE_PLACES];
	__u64 missing; /* a bit for each place */
};

/* What was kept where a call began: which of it could not be read, then the values. */
static __always_inline bool is_kept(const __u64 *kept, __u32 at)
{
	return !(kept[0] >> (at / sizeof(__u64)) & 1);
}

static __always_inline bool fetch_for_code(void *ctx, __u64 *kept,
					   const volatile struct fetch *fetch, __u64 *to)
{
	if (fetch->from != FETCH_KEPT)
		return fetch_number(ctx, fetch, to);
	return is_kept(kept, fetch->at) && fetch_number(kept, fetch, to);
}

/* Shifts by more bits than there are have no result. */
static __always_inline bool shift(const volatile struct code_step *step, __u64 *left, __u64 right)
{
	if (right > 63)
		return false;
	if (step->op == CODE_SHIFT_LEFT)
		*left <<= right;
	else if (step->left_signed)
		*left = (__s64)*left >> right;
	else
		*left >>= right;
	return true;
}

static __always_inline __u64 without_sign(__u64 value, bool is_negative)
{
	return is_negative ? -value : value;
}

/* Of numbers with signs, too, which few kernels have an instruction for. */
static __noinline int divide(const volatile struct code_step *step, __u64 *to, __u64 right)
{
	bool left_negative = step->left_signed && (__s64)*to < 0;
	bool right_negative = step->right_signed && (__s64)right < 0;
	__u64 left = without_sign(*to, left_negative);

	if (!right)
		return false;
	right = without_sign(right, right_negative);
	if (step->op == CODE_DIVIDE)
		*to = without_sign(left / right, left_negative != right_negative);
	else
		*to = without_sign(left % right, left_negative);
	return true;
}

/* Numbers are as large as they are: -1 is less than all that have no sign. */
static __noinline int compare(const volatile struct code_step *step, __u64 left, __u64 right)
{
	bool left_negative = step->left_signed && (__s64)left < 0;
	bool right_negative = step->right_signed && (__s64)right < 0;

	if (left_negative != right_negative)
		return step->op == CODE_LESS && left_negative;
	return step->op == CODE_LESS ? left < right : left == right;
}

static __always_inline bool compute_one(void *ctx, __u64 *kept, const volatile struct code *code,
					const volatile struct code_step *step, __u64 *to)
{
	switch (step->op) {
	case CODE_NUMBER:
		*to = step->number;
		return true;
	case CODE_FETCH:
		return fetch_for_code(ctx, kept, &code->fetches[step->number & (CODE_FETCHES - 1)],
				      to);
	case CODE_PID:
		*to = bpf_get_current_pid_tgid() >> 32;
		return true;
	case CODE_TID:
		*to = (__u32)bpf_get_current_pid_tgid();
		return true;
	case CODE_UID:
		*to = (__u32)bpf_get_current_uid_gid();
		return true;
	case CODE_GID:
		*to = bpf_get_current_uid_gid() >> 32;
		return true;
	case CODE_CPU:
		*to = bpf_get_smp_processor_id();
		return true;
	case CODE_NEGATE:
		*to = -*to;
		return true;
	case CODE_INVERT:
		*to = ~*to;
		return true;
	default:
		*to = !*to;
		return true;
	}
}

static __always_inline bool compute_two(const volatile struct code_step *step, __u64 *to,
					__u64 right)
{
	switch (step->op) {
	case CODE_OR:
		*to |= right;
		return true;
	case CODE_XOR:
		*to ^= right;
		return true;
	case CODE_AND:
		*to &= right;
		return true;
	case CODE_SHIFT_LEFT:
	case CODE_SHIFT_RIGHT:
		return shift(step, to, right);
	case CODE_ADD:
		*to += right;
		return true;
	case CODE_SUBTRACT:
		*to -= right;
		return true;
	case CODE_MULTIPLY:
		*to *= right;
		return true;
	case CODE_DIVIDE:
	case CODE_REMAINDER:
		return divide(step, to, right);
	default:
		*to = compare(step, *to, right);
		return true;
	}
}

static __always_inline bool combine(const volatile struct code_step *step,
				    struct code_values *values, __u32 at, __u32 next)
{
	__u64 left = values->at[step->reversed ? next : at];
	__u64 right = values->at[step->reversed ? at : next];
	bool is_there = compute_two(step, &left, right);

	values->at[at] = left;
	return is_there;
}

/* Whether a place has a number other than 0. */
static __always_inline bool is_true(const struct code_values *values, __u32 at)
{
	return !(values->missing >> at & 1) && values->at[at & (CODE_PLACES - 1)];
}

static __noinline int run_step(void *ctx, __u64 *kept, const volatile struct code *code, __u32 i,
			       struct code_values *values)
{
	const volatile struct code_step *step = &code->steps[i & (CODE_STEPS - 1)];
	__u32 at = step->to & (CODE_PLACES - 1), next = (at + 1) & (CODE_PLACES - 1);
	bool is_there;

	if (step->op == CODE_EITHER || step->op == CODE_BOTH) {
		bool left = is_true(values, at), right = is_true(values, next);

		values->at[at] = step->op == CODE_EITHER ? left || right : left && right;
		values->missing &= ~(1ULL << at);
		return 0;
	}
	if (step->op < CODE_NEGATE)
		values->missing &= ~(1ULL << at);
	if (step->op < CODE_OR)
		is_there = compute_one(ctx, kept, code, step, &values->at[at]);
	else
		is_there = !(values->missing >> next & 1) && combine(step, values, at, next);
	if (!is_there)
		values->missing |= 1ULL << at;
	return 0;
}

/* Computes a number by the steps from `start` on. Returns 0 if it is missing. */
static __noinline int compute(void *ctx, __u64 *kept, const volatile struct code *code, __u32 start,
			      struct code_values *values)
{
	__u32 i;

	values->missing = 0;
	for (i = start; i < CODE_STEPS && code->steps[i].op != CODE_END; i++)
		run_step(ctx, kept, code, i, values);
	return !(values->missing & 1);
}

#endif /* DENOBPF_CODE_H */
