/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What execsnoop reports of a process besides its name, parent, user and arguments. execsnoop.bpf.c
 * includes it in its middle, and brief.h instead for the object that has none of it.
 */

__noinline int write_cwd(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct event *event = begun_record();

	return event ? append_path(event, &fs->pwd, &fs->root) : 0;
}

__noinline int write_exe(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct event *event = begun_record();

	return event ? append_path(event, &exe->f_path, &fs->root) : 0;
}

__noinline int write_cgroup(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = begun_record();

	return event ? append_cgroup(event, task) : 0;
}

/* The names of the parents, up to init or max_ancestors. */
__noinline int write_ancestors(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = begun_record();
	__u64 size = 0;
	__u8 *to;
	__u32 i;

	if (!event)
		return 0;
	to = room_for(event, ANCESTORS_SIZE);
	if (!to)
		return 0;
	for (i = 0; i < max_ancestors && i < MAX_ANCESTORS && size <= ANCESTORS_SIZE / 2; i++) {
		long length;

		task = BPF_CORE_READ(task, real_parent, group_leader);
		event->ancestor_pids[i] = BPF_CORE_READ(task, tgid);
		if (!event->ancestor_pids[i])
			break;
		length = bpf_probe_read_kernel_str(to + size, TASK_COMM_LEN, task->comm);
		size = grow(size, length < 0 ? 0 : length, (__u64)task, ANCESTORS_SIZE);
	}
	return keep_written(event, size);
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

/* Appends what is reported of a process besides its arguments. */
static __always_inline void write_process(struct event *event)
{
	if (with_cwd)
		event->cwd_size = write_cwd();
	if (with_exe)
		event->exe_size = write_exe();
	if (with_cgroup)
		event->cgroup_size = write_cgroup();
	if (max_ancestors)
		event->ancestors_size = write_ancestors();
}
