// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of bashreadline: an event for each line that is typed into bash, when readline() returns it.
 *
 * The return of a call that began before the tool was attached is not seen: a shell may have waited at its prompt.
 * bash passes that line to pre_process_line() next, which stands in until a return has been seen in the process.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "execs.h"
#include "kinds.h"
#include "targets.h"

#define LINE_SIZE 4096

const volatile bool with_cwd;
const volatile bool with_exe;
const volatile bool with_cgroup;

struct event {
	boot_ns time;
	cgroup_id cgroup_id;
	pid pid;
	pid ppid;
	uid uid;
	__u32 truncated;
	/* sizes of what follows in strings, in this order */
	__u32 command_size;
	__u32 cwd_size;
	__u32 exe_size;
	__u32 cgroup_size;
	char tty[16];
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (LINE_SIZE + 3 * 2 * 1024) /* the line, and PARTS_ROOM for each path */
#include "paths.h"

/* Processes in which a return of readline() has been seen. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, bool);
} returned SEC(".maps");

__noinline int write_cwd(void)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct event *event = begun_record();

	return event ? append_path(event, &fs->pwd, &fs->root) : 0;
}

__noinline int write_exe(void)
{
	struct file *exe = BPF_CORE_READ(current_task(), mm, exe_file);
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct event *event = begun_record();

	return event ? append_path(event, &exe->f_path, &fs->root) : 0;
}

__noinline int write_cgroup(void)
{
	struct event *event = begun_record();

	return event ? append_cgroup(event, current_task()) : 0;
}

static __always_inline int on_line(const void *line)
{
	struct task_struct *task = current_task();
	struct event *event = begin_record();

	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	BPF_CORE_READ_STR_INTO(&event->tty, task, signal, tty, name);
	event->command_size = append_user_string(event, line, LINE_SIZE, &event->truncated);
	if (!event->command_size)
		event->truncated = true;
	if (with_cwd)
		event->cwd_size = write_cwd();
	if (with_exe)
		event->exe_size = write_exe();
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	send_record(event);
	return 0;
}

/* It returns NULL at the end of input. */
SEC("uretprobe")
int readline_return(struct pt_regs *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	void *line = (void *)PT_REGS_RC(ctx);
	bool yes = true;

	if (bpf_map_update_elem(&returned, &pid, &yes, BPF_ANY))
		count_lost_map();
	if (!line || !is_target())
		return 0;
	return on_line(line);
}

SEC("uprobe")
int BPF_KPROBE(pre_process_line_enter, void *line)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (bpf_map_lookup_elem(&returned, &pid) || !is_target())
		return 0;
	return on_line(line);
}

SEC("tp/sched/sched_process_exit")
int forget_ended(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 pid = id >> 32;

	if (pid == (__u32)id)
		bpf_map_delete_elem(&returned, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
