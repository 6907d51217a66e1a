/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which row of a histogram a value belongs into. */
#ifndef DENOBPF_SLOTS_H
#define DENOBPF_SLOTS_H

/*
 * Rows of powers of two, 0 to 63: the logarithm, rounded down; 0 for 0 as well. There is no branch in it:
 * the verifier would follow the program behind it once for each of the 64 results.
 */
static __always_inline __u32 log2_slot(__u64 value)
{
	__u32 shift, log = 0;

#pragma unroll
	for (shift = 32; shift; shift /= 2) {
		__u64 upper = value >> shift, negative = -upper, any;

		/* or the compiler finds out that this compares with 0 */
		barrier_var(negative);
		any = (upper | negative) >> 63;
		value >>= any * shift;
		log += any * shift;
	}
	return log;
}

/*
 * Rows of `step` values each, from `first` on. What is less belongs into the first row, what is more into
 * the last one, which is `slots` - 1.
 */
static __always_inline __u32 linear_slot(__u64 value, __u64 first, __u64 step, __u32 slots)
{
	__u64 slot = value < first ? 0 : (value - first) / step;

	return slot < slots ? slot : slots - 1;
}

#endif /* DENOBPF_SLOTS_H */
