/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Events of varying length: a record is put together outside of the ring, and as many bytes of it are
 * sent as it has. A kernel half includes this behind its
 *
 *	struct event { ...; __u8 strings[]; };
 *	#define STRINGS_SIZE ...                     bytes of strings that a record can have
 *
 *	struct event *event = begin_record();
 *
 *	if (!event)
 *		return 0;
 *	event->path_size = append_user_string(event, path, PATH_SIZE, &event->path_cut);
 *	send_record(event);
 *
 * Strings follow one another, and members of the event have their sizes. Each append names the most bytes
 * that it may take: where fewer are left in the record, nothing is appended, and the string is cut. `cut`
 * may be NULL.
 */
#ifndef DENOBPF_RECORD_H
#define DENOBPF_RECORD_H

#include <bpf/bpf_helpers.h>
#include "events.h"

/* bytes of the longest stack: PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */
#define STACK_SIZE (127 * 8)

_Static_assert(sizeof(struct event) == __builtin_offsetof(struct event, strings),
	       "padding behind an event would carry old bytes");

struct record {
	__u64 taken; /* it has been begun, and not sent yet */
	__u64 size; /* of its strings */
	struct event event;
};

/* where a record is put together: it is too big for the stack */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct record) + STRINGS_SIZE); /* 32 KiB at most */
} records SEC(".maps");

static __always_inline struct record *this_record(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&records, &zero);
}

/* The record that has been begun: for global functions, which cannot be passed it. */
static __always_inline struct event *begun_record(void)
{
	struct record *record = this_record();

	if (!record)
		return NULL;
	/* else clang 16 adds first and compares then, which Linux 5.10 refuses */
	barrier_var(record);
	return &record->event;
}

/*
 * Begins a record of zeros. It must be sent or dropped. Returns NULL if another program, which this one
 * has interrupted, is about one on this CPU: the event is lost.
 */
static __always_inline struct event *begin_record(void)
{
	struct record *record = this_record();

	if (!record)
		return NULL;
	if (record->taken) {
		count_lost();
		return NULL;
	}
	record->taken = true;
	barrier();
	record->size = 0;
	__builtin_memset(&record->event, 0, sizeof(record->event));
	return &record->event;
}

static __always_inline struct record *record_of(struct event *event)
{
	return (void *)event - __builtin_offsetof(struct record, event);
}

static __always_inline void drop_record(struct event *event)
{
	barrier();
	record_of(event)->taken = false;
}

static __always_inline void send_record(struct event *event)
{
	__u64 size = record_of(event)->size;

	/* clang 14 bounds one copy and passes another, which the verifier has no bound for */
	if (size > STRINGS_SIZE)
		size = STRINGS_SIZE;
	barrier_var(size);
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + size, wake_flags(&events)))
		count_lost();
	drop_record(event);
}

/* Where `most` bytes can be written behind the strings that there are, or NULL if they do not fit. */
static __always_inline __u8 *room_for(struct event *event, __u64 most)
{
	volatile __u64 *size = &record_of(event)->size;
	__u64 at = *size;
	__u8 *to = NULL;

	if (at <= STRINGS_SIZE - most) {
		/* else clang 19 adds first and compares then, which the verifier has no bound for */
		barrier_var(at);
		to = event->strings + at;
	}
	/* else clang compares `at` once more instead of `to`, and Linux 5.10 follows a `to` of NULL */
	barrier_var(to);
	return to;
}

/*
 * Keeps what has been written there. Returns its size, which is read from memory again: the verifier then
 * knows nothing of it, all ways through an append look alike to it, and it follows one instead of each.
 */
static __always_inline __u32 keep_written(struct event *event, __u32 written)
{
	volatile __u64 *size = &record_of(event)->size;
	__u64 before = *size;

	*size = before + written;
	return *size - before;
}

static __always_inline __u32 append_string(struct event *event, const void *from, __u64 most,
					   __u32 *cut, bool user)
{
	__u8 *to = room_for(event, most), last = 0;
	long size;

	if (!to) {
		if (cut)
			*cut = true;
		return 0;
	}
	size = user ? bpf_probe_read_user_str(to, most, from)
		    : bpf_probe_read_kernel_str(to, most, from);
	if (cut && size == most) {
		/* it may just fit */
		if (user)
			bpf_probe_read_user(&last, 1, from + most - 1);
		else
			bpf_probe_read_kernel(&last, 1, from + most - 1);
		if (last)
			*cut = true;
	}
	/* Linux 5.10 and its neighbours return 0 for an empty string of a process, with its NUL copied */
	return keep_written(event, size < 0 ? 0 : size ?: 1);
}

/* Appends a string of the process. Returns its size with the NUL, 0 if it cannot be read. */
static __always_inline __u32 append_user_string(struct event *event, const void *from, __u64 most,
						__u32 *cut)
{
	return append_string(event, from, most, cut, true);
}

/* The same with a string of the kernel. */
static __always_inline __u32 append_kernel_string(struct event *event, const void *from, __u64 most,
						  __u32 *cut)
{
	return append_string(event, from, most, cut, false);
}

/* Appends memory of the process, `most` bytes at most. Returns its size, 0 if it cannot be read. */
static __always_inline __u32 append_user_bytes(struct event *event, const void *from, __u64 size,
					       __u64 most, __u32 *cut)
{
	__u8 *to = room_for(event, most);

	if (!to) {
		*cut = true;
		return 0;
	}
	if (size > most) {
		*cut = true;
		size = most;
	}
	barrier_var(size);
	if (bpf_probe_read_user(to, size, from)) {
		size = 0;
		*cut = true;
	}
	return keep_written(event, size);
}

/* Appends memory of the kernel, `most` bytes at most. Returns its size, 0 if it cannot be read. */
static __always_inline __u32 append_kernel_bytes(struct event *event, const void *from, __u64 size,
						 __u64 most)
{
	__u8 *to = room_for(event, most);

	if (!to)
		return 0;
	/* else clang 14 compares the lower half, from which Linux 5.10 learns nothing of the whole */
	barrier_var(size);
	if (size > most)
		size = most;
	barrier_var(size);
	if (bpf_probe_read_kernel(to, size, from))
		size = 0;
	return keep_written(event, size);
}

/*
 * Appends the stack that the current task has at this hook, `most` bytes at most, 8 for each frame, the
 * innermost one first. `flags` is BPF_F_USER_STACK or 0. Returns its size, 0 if there is none.
 */
static __always_inline __u32 append_stack(struct event *event, void *ctx, __u64 flags, __u64 most)
{
	__u8 *to = room_for(event, most);
	long size = to ? bpf_get_stack(ctx, to, most, flags) : 0;

	return keep_written(event, size < 0 ? 0 : size);
}

#endif /* DENOBPF_RECORD_H */
