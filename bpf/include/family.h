/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The command that a tool runs, and its descendants. The user half sets `spawning` and starts the command: the next
 * program that a child of `spawner` executes is it. So there is no gate, and no ptrace.
 *
 * Threads are known by their ids as well, since a process begins as one. adopt_child() is for each fork,
 * follow_exec() for each exec, leave_family() for the end of each thread: family_hooks.h has the hooks.
 */
#ifndef DENOBPF_FAMILY_H
#define DENOBPF_FAMILY_H

#include "losses.h"
#include "targets.h"

/* trace the command that process `spawner` starts, and its descendants, only */
const volatile bool follow_command;
const volatile __u32 spawner;

/* the command is about to be started */
bool spawning;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* more before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, bool);
} family SEC(".maps");

static __always_inline bool is_in_family(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&family, &pid);
}

static __always_inline void adopt_child(__u32 tid)
{
	bool yes = true;

	if (is_in_family() && bpf_map_update_elem(&family, &tid, &yes, BPF_ANY))
		count_lost_map();
}

/*
 * A thread that executes gets the id of its process; `old_tid` is what it had. Returns whether this is the begin of
 * the command.
 */
static __always_inline bool follow_exec(__u32 old_tid)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	bool begins = false, yes = true;

	if (spawning && targ_pid_of(BPF_CORE_READ(current_task(), real_parent)) == spawner) {
		begins = true;
		spawning = false;
		if (bpf_map_update_elem(&family, &pid, &yes, BPF_ANY))
			count_lost_map();
	}
	if (old_tid != pid)
		bpf_map_delete_elem(&family, &old_tid);
	return begins;
}

/* The current thread ends, and its process with the last one. */
static __always_inline void leave_family(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = pid_tgid, pid = pid_tgid >> 32;

	if (tid != pid)
		bpf_map_delete_elem(&family, &tid);
	if (BPF_CORE_READ(current_task(), signal, live.counter) == 0)
		bpf_map_delete_elem(&family, &pid);
}

#endif /* DENOBPF_FAMILY_H */
