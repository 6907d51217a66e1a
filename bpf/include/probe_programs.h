/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The programs of tools whose user names probes. Each probe has programs of its own, since the verifier must know
 * which entries of a table they run by. A kernel half includes this behind its
 *
 *	static __noinline int on_probe(void *ctx, __u32 index)
 *
 * and makes them by FOR_EACH_PROBE(PROBE), or by a macro that makes others of a probe as well.
 */
#ifndef DENOBPF_PROBE_PROGRAMS_H
#define DENOBPF_PROBE_PROGRAMS_H

#include <bpf/bpf_helpers.h>

/* For functions of the kernel and of processes, their returns, and USDT probes; tracepoints; ends of functions. */
#define PROBE(index)                         \
	SEC("kprobe")                        \
	int probe_##index(void *ctx)         \
	{                                    \
		return on_probe(ctx, index); \
	}                                    \
	SEC("tp")                            \
	int tracepoint_##index(void *ctx)    \
	{                                    \
		return on_probe(ctx, index); \
	}                                    \
	SEC("fexit")                         \
	int fexit_##index(void *ctx)         \
	{                                    \
		return on_probe(ctx, index); \
	}

#define MAX_PROBES 16

#define FOR_EACH_PROBE(make)                                                                     \
	make(0) make(1) make(2) make(3) make(4) make(5) make(6) make(7) make(8) make(9) make(10) \
		make(11) make(12) make(13) make(14) make(15)

#endif /* DENOBPF_PROBE_PROGRAMS_H */
