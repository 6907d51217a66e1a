/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Whether an event wakes the reader. By itself the kernel does so for every event that finds it waiting,
 * which under load costs more than all else that a program does. A reader that looks at the ring by
 * itself every few milliseconds says so here; then only a ring that is half full wakes it. The user half
 * is RingTrace's readerRests.
 */
#ifndef DENOBPF_WAKE_H
#define DENOBPF_WAKE_H

#include <bpf/bpf_helpers.h>

bool reader_rests;

/* The flags of bpf_ringbuf_output() and bpf_ringbuf_submit(). */
static __always_inline __u64 wake_flags(void *ring)
{
	if (!reader_rests)
		return 0;
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) >
	    bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 2)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

#endif /* DENOBPF_WAKE_H */
