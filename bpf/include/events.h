/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The ring `events` of `struct event`, which a kernel half declares before it includes this. Here are the
 * functions for events of one size; record.h is for those that vary.
 */
#ifndef DENOBPF_EVENTS_H
#define DENOBPF_EVENTS_H

#include <bpf/bpf_helpers.h>
#include "losses.h"
#include "wake.h"

/* bytes, a power of two; a kernel half may define another size */
#ifndef EVENTS_SIZE
#define EVENTS_SIZE (256 * 1024)
#endif

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_SIZE);
	__type(value, struct event);
} events SEC(".maps");

/* An event of zeros in the ring, or NULL if it has no room. It must be submitted. */
static __always_inline struct event *reserve_event(void)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (event)
		__builtin_memset(event, 0, sizeof(*event));
	else
		count_lost();
	return event;
}

/* The same with this many bytes behind it, which are zeros too. The verifier must know the number. */
static __always_inline struct event *reserve_event_with(__u64 bytes)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + bytes, 0);

	if (!event) {
		count_lost();
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	/* where there is nothing to read, the helper leaves zeros */
	bpf_probe_read_kernel(event + 1, bytes, NULL);
	return event;
}

static __always_inline void submit_event(struct event *event)
{
	bpf_ringbuf_submit(event, wake_flags(&events));
}

#endif /* DENOBPF_EVENTS_H */
