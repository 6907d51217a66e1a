/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What execsnoop tells of a process besides its name, parent, user and arguments. execsnoop.bpf.c
 * includes it in its middle, and brief.h instead for the object that has none of it.
 */

__noinline int write_cwd(__u64 at)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct event *event = begun_record();

	return event && at <= CWD_AT ? append_path(event->strings + at, &fs->pwd, &fs->root) : 0;
}

__noinline int write_exe(__u64 at)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct event *event = begun_record();

	return event && at <= EXE_AT ? append_path(event->strings + at, &exe->f_path, &fs->root)
				     : 0;
}

__noinline int write_cgroup(__u64 at)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = begun_record();

	return event && at <= CGROUP_AT ? append_cgroup(event->strings + at, task) : 0;
}

/* The names of the parents, up to init or max_ancestors. */
__noinline int write_ancestors(__u64 at)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = begun_record();
	__u32 i;

	if (!event || at > ANCESTORS_AT)
		return 0;
	for (i = 0; i < max_ancestors && i < MAX_ANCESTORS; i++) {
		task = BPF_CORE_READ(task, real_parent, group_leader);
		event->ancestor_pids[i] = BPF_CORE_READ(task, tgid);
		if (!event->ancestor_pids[i])
			break;
		bpf_probe_read_kernel(event->strings + at + i * TASK_COMM_LEN, TASK_COMM_LEN,
				      task->comm);
	}
	return i * TASK_COMM_LEN;
}

/* only with CONFIG_AUDIT */
struct task_struct___audit {
	kuid_t loginuid;
	unsigned int sessionid;
} __attribute__((preserve_access_index));

static __always_inline void fill_audit(struct event *event, struct task_struct *task)
{
	struct task_struct___audit *audit = (void *)task;

	event->loginuid = NO_ID;
	event->sessionid = NO_ID;
	if (bpf_core_field_exists(audit->loginuid)) {
		event->loginuid = BPF_CORE_READ(audit, loginuid.val);
		event->sessionid = BPF_CORE_READ(audit, sessionid);
	}
}

static __always_inline void fill_details(struct event *event, struct task_struct *task)
{
	event->ns_pid = task_ns_pid(task);
	event->sid = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
	event->mntns = task_mntns(task);
	BPF_CORE_READ_STR_INTO(&event->parent_comm, task, real_parent, group_leader, comm);
	BPF_CORE_READ_STR_INTO(&event->tty, task, signal, tty, name);
	fill_audit(event, task);
}

/* Writes what is told of a process besides its arguments. Gives where the strings end now. */
static __always_inline __u32 write_process(struct event *event)
{
	__u32 end = event->path_size;

	if (with_cwd)
		end += event->cwd_size = write_cwd(end);
	if (with_exe)
		end += event->exe_size = write_exe(end);
	if (with_cgroup)
		end += event->cgroup_size = write_cgroup(end);
	if (max_ancestors)
		end += event->ancestors_size = write_ancestors(end);
	return end;
}
