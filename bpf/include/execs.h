/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Processes that have executed a program since the user half looked last: they may use files that no program is
 * attached to yet. The user half is FollowedFiles of lib/tool/probes/followed_files.ts.
 */
#ifndef DENOBPF_EXECS_H
#define DENOBPF_EXECS_H

#include <bpf/bpf_helpers.h>
#include "losses.h"
#include "targets.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, bool);
} execs SEC(".maps");

/* Other targets may change while the process runs: its user, its name, its cgroup. */
SEC("tp/sched/sched_process_exec")
int note_exec(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	bool yes = true;

	if (targ_by_pid && !is_targ_pid())
		return 0;
	if (bpf_map_update_elem(&execs, &pid, &yes, BPF_ANY))
		count_lost_map();
	return 0;
}

#endif /* DENOBPF_EXECS_H */
