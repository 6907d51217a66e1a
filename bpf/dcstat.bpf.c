// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of dcstat: how many names are found in the kernel's cache of names, and how many are not. The hooks are
 * those of name_lookups.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "kinds.h"
#include "name_lookup.h"

/* count each process apart */
const volatile bool by_process;

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	uid uid;
};

struct lookups {
	__u64 refs;
	__u64 slow; /* of them, those that were not found at once */
	__u64 misses; /* of these, those that the file system was asked for */
	__u64 negative; /* that the cache knew not to exist */
	comm comm; /* at the last of these */
};

/* Preallocated: lookup_fast() must not sleep. More entries before load where processes are counted. */
COUNTS(counts, struct group, struct lookups, 1024, 0);

static const struct lookups empty;

static __always_inline int on_lookup(const struct lookup *lookup)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct lookups *lookups;

	if (by_process) {
		group.pid = bpf_get_current_pid_tgid() >> 32;
		group.uid = bpf_get_current_uid_gid();
	}
	lookups = count_at(&counts, &group, &empty);
	if (!lookups)
		return 0;
	if (by_process)
		bpf_get_current_comm(lookups->comm, sizeof(lookups->comm));
	/* another task may get the CPU in the middle of a program */
	__sync_fetch_and_add(&lookups->refs, 1);
	if (lookup->outcome != FOUND)
		__sync_fetch_and_add(&lookups->slow, 1);
	if (lookup->outcome == ASKED)
		__sync_fetch_and_add(&lookups->misses, 1);
	else if (lookup->negative)
		__sync_fetch_and_add(&lookups->negative, 1);
	return 0;
}

#include "name_lookups.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
