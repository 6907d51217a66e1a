/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a kernel half could not keep. The user half reports both numbers; what the kernel did not show to
 * a program at all is counted by the kernel.
 */
#ifndef DENOBPF_LOSSES_H
#define DENOBPF_LOSSES_H

/* events that did not fit into the ring */
__u64 lost;
/* entries that did not fit into a map, and what was known of calls whose end was not seen */
__u64 lost_map;

static __always_inline void count_lost(void)
{
	__sync_fetch_and_add(&lost, 1);
}

static __always_inline void count_lost_map(void)
{
	__sync_fetch_and_add(&lost_map, 1);
}

#endif /* DENOBPF_LOSSES_H */
