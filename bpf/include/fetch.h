/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Values that a program fetches as a table in .rodata says: of registers, of a tracepoint's record, of what
 * pointers lead to. The user half fills the table from names before load: lib/tool/fetch. The kernel freezes
 * .rodata then, so the verifier knows the table and follows one way through the code for each entry.
 *
 * All is read by bpf_probe_read_kernel() and bpf_probe_read_user(): the context, too, since the compiler makes
 * one access of several members of it, which the verifier refuses.
 *
 * From Linux 6.13 on a function with 64 bytes on its stack or more has one stack for each CPU, where a program
 * at a function of a process, which can lose the CPU, would find what another one left. So none here has.
 */
#ifndef DENOBPF_FETCH_H
#define DENOBPF_FETCH_H

#include <bpf/bpf_helpers.h>

#define FETCH_STEPS 4

/* Where a value begins. */
enum fetch_from {
	FETCH_NOTHING,
	FETCH_CONTEXT, /* what lies in the context */
	FETCH_PLACE, /* the place in the context itself: of an array of characters */
	FETCH_DATA_LOC, /* a place in a record that its field says: __data_loc and __rel_loc of tracefs */
	FETCH_KEPT, /* what was kept where a call began, which the program passes in place of the context */
};

/* Whose memory a pointer leads to. */
enum fetch_space {
	FETCH_BY_ADDRESS, /* the kernel's in the upper half of all addresses */
	FETCH_USER,
	FETCH_KERNEL,
};

struct fetch {
	__u8 from; /* enum fetch_from */
	__u8 steps; /* how many pointers are followed */
	__u8 size; /* of a number: bytes that are read */
	__u8 is_signed;
	__u8 left; /* bits: the number is shifted to the left, then to the right, which cuts it out */
	__u8 right;
	__u8 space; /* enum fetch_space */
	__u8 is_string;
	__u32 at; /* bytes from the start of the context */
	__s32 offsets[FETCH_STEPS + 1]; /* of what a pointer leads to; then that of the string */
};

static __always_inline bool fetch_is_user(__u8 space, __u64 address)
{
	return space == FETCH_USER || (space == FETCH_BY_ADDRESS && (__s64)address >= 0);
}

static __always_inline long fetch_bytes(void *to, __u32 size, __u64 address, __u8 space)
{
	if (fetch_is_user(space, address))
		return bpf_probe_read_user(to, size, (void *)address);
	return bpf_probe_read_kernel(to, size, (void *)address);
}

/* Follows the pointers of an entry and fetches the number, or the address of the string. */
static __noinline int fetch_number(void *ctx, const volatile struct fetch *fetch, __u64 *to)
{
	__u64 value = 0;
	__u32 step;

	*to = 0;
	if (bpf_probe_read_kernel(&value, fetch->steps ? 8 : fetch->size, ctx + fetch->at))
		return false;
	for (step = 0; step < FETCH_STEPS && step < fetch->steps; step++) {
		__u64 address = value + (__s64)fetch->offsets[step];
		__u32 size = step + 1 == fetch->steps ? fetch->size : 8;

		value = 0;
		if (fetch_bytes(&value, size, address, fetch->space))
			return false;
	}
	value <<= fetch->left;
	if (fetch->is_signed)
		value = (__s64)value >> fetch->right;
	else
		value >>= fetch->right;
	*to = value;
	return true;
}

/*
 * Fetches a string, of `size` bytes at most with its NUL. Its size with the NUL comes to `to`; 0 says that it
 * cannot be read.
 */
static __noinline int fetch_string(void *ctx, const volatile struct fetch *fetch, __u64 *to,
				   void *text, __u32 size)
{
	__u64 address;
	long length;

	*to = 0;
	if (fetch->from == FETCH_PLACE) {
		length = bpf_probe_read_kernel_str(text, size, ctx + fetch->at);
	} else if (fetch->from == FETCH_DATA_LOC) {
		__u32 loc = 0;

		if (bpf_probe_read_kernel(&loc, sizeof(loc), ctx + fetch->at))
			return false;
		loc &= 0xffff;
		barrier_var(loc);
		length = bpf_probe_read_kernel_str(text, size, ctx + fetch->offsets[0] + loc);
	} else {
		if (!fetch_number(ctx, fetch, &address))
			return false;
		address += (__s64)fetch->offsets[fetch->steps];
		length = fetch_is_user(fetch->space, address)
				 ? bpf_probe_read_user_str(text, size, (void *)address)
				 : bpf_probe_read_kernel_str(text, size, (void *)address);
	}
	/* Linux 5.10 and its neighbours return 0 for an empty string of a process, with its NUL copied */
	*to = length < 0 ? 0 : length ?: 1;
	return length >= 0;
}

#endif /* DENOBPF_FETCH_H */
