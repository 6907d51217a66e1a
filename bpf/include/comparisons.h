/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Comparisons of values that are fetched, as a table in .rodata says: see fetch.h. */
#ifndef DENOBPF_COMPARISONS_H
#define DENOBPF_COMPARISONS_H

#include "fetch.h"

enum compare_op {
	COMPARE_NOTHING,
	EQUAL_TO,
	NOT_EQUAL_TO,
	LESS_THAN,
	AT_MOST,
	MORE_THAN,
	AT_LEAST
};

/* (value & mask) op wanted */
struct comparison {
	struct fetch fetch;
	__u8 op; /* enum compare_op */
	__u8 is_signed;
	__u8 unused[6];
	__u64 mask;
	__u64 wanted;
};

/* Whether a comparison holds; not if its value cannot be read. */
static __noinline int comparison_holds(void *ctx, const volatile struct comparison *comparison)
{
	__u64 value, wanted = comparison->wanted;
	bool is_less;

	if (!fetch_number(ctx, &comparison->fetch, &value))
		return false;
	value &= comparison->mask;
	is_less = comparison->is_signed ? (__s64)value < (__s64)wanted : value < wanted;
	switch (comparison->op) {
	case EQUAL_TO:
		return value == wanted;
	case NOT_EQUAL_TO:
		return value != wanted;
	case LESS_THAN:
		return is_less;
	case AT_MOST:
		return is_less || value == wanted;
	case MORE_THAN:
		return !is_less && value != wanted;
	default:
		return !is_less;
	}
}

#endif /* DENOBPF_COMPARISONS_H */
