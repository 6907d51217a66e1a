/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Events of varying length: a record is put together outside of the ring, and as many bytes of it are
 * sent as it has. A kernel half includes this behind its
 *
 *	struct event { ...; __u8 strings[]; };
 *	#define STRINGS_SIZE ...                     bytes of strings that a record can have
 *
 *	struct event *event = begin_record();
 *	__u32 end = 0;
 *
 *	if (!event)
 *		return 0;
 *	end += event->path_size = append_user_string(event, end, path, PATH_SIZE, &event->path_cut);
 *	send_record(event, end);
 *
 * Strings follow one another, and members of the event have their sizes. Each append names the most bytes
 * that it may take: where fewer are left in the record, nothing is appended, and the string is cut.
 */
#ifndef DENOBPF_RECORD_H
#define DENOBPF_RECORD_H

#include <bpf/bpf_helpers.h>
#include "events.h"

_Static_assert(sizeof(struct event) == __builtin_offsetof(struct event, strings),
	       "padding behind an event would carry old bytes");

struct record {
	__u64 taken;
	__u64 size; /* see forget() */
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

	return record ? &record->event : NULL;
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

/* Sends a record with `size` bytes of strings. */
static __always_inline void send_record(struct event *event, __u64 size)
{
	/* clang 14 bounds one copy and passes another, which the verifier has no bound for */
	if (size > STRINGS_SIZE)
		size = STRINGS_SIZE;
	barrier_var(size);
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + size, wake_flags(&events)))
		count_lost();
	drop_record(event);
}

/* Where `most` bytes can be appended, or NULL if they do not fit. */
static __always_inline __u8 *room_at(struct event *event, __u64 at, __u64 most)
{
	barrier_var(at);
	return at <= STRINGS_SIZE - most ? event->strings + at : NULL;
}

/*
 * A size from 0 to `most`, without what the verifier knew of it, as it went through memory. All ways
 * through an append then look alike to the verifier, and it follows one of them instead of each.
 */
static __always_inline __u32 forget(struct event *event, __u64 size, __u64 most)
{
	volatile __u64 *memory = &record_of(event)->size;

	*memory = size;
	size = *memory;
	return size < most ? size : most;
}

static __always_inline __u32 append_string(struct event *event, __u64 at, const void *from,
					   __u64 most, __u32 *cut, bool user)
{
	__u8 *to = room_at(event, at, most), last = 0;
	long size;

	if (!to) {
		*cut = true;
		return 0;
	}
	size = user ? bpf_probe_read_user_str(to, most, from)
		    : bpf_probe_read_kernel_str(to, most, from);
	if (size == most) {
		/* it may just fit */
		if (user)
			bpf_probe_read_user(&last, 1, from + most - 1);
		else
			bpf_probe_read_kernel(&last, 1, from + most - 1);
		if (last)
			*cut = true;
	}
	return forget(event, size < 0 ? 0 : size, most);
}

/* Appends a string of the process. Returns its size with the NUL, 0 if it cannot be read. */
static __always_inline __u32 append_user_string(struct event *event, __u64 at, const void *from,
						__u64 most, __u32 *cut)
{
	return append_string(event, at, from, most, cut, true);
}

/* The same with a string of the kernel. */
static __always_inline __u32 append_kernel_string(struct event *event, __u64 at, const void *from,
						  __u64 most, __u32 *cut)
{
	return append_string(event, at, from, most, cut, false);
}

/* Appends memory of the process, `most` bytes at most. Returns its size, 0 if it cannot be read. */
static __always_inline __u32 append_user_bytes(struct event *event, __u64 at, const void *from,
					       __u64 size, __u64 most, __u32 *cut)
{
	__u8 *to = room_at(event, at, most);

	if (!to) {
		*cut = true;
		return 0;
	}
	if (size > most) {
		size = most;
		*cut = true;
	}
	barrier_var(size);
	if (bpf_probe_read_user(to, size, from)) {
		size = 0;
		*cut = true;
	}
	return forget(event, size, most);
}

#endif /* DENOBPF_RECORD_H */
