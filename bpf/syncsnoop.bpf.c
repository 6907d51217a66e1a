// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of syncsnoop: an event for each system call that writes what is in memory to disks, when it
 * returns. Its entry is kept: for how long it took, and which file its descriptor stood for.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "files.h"
#include "kinds.h"
#include "syscall_forms.h"
#include "targets.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* How a call that syncs passes its arguments. */
enum sync_form {
	NO_SYNC,
	SYNC_ALL, /* none */
	SYNC_FD, /* a descriptor */
	SYNC_MEMORY, /* an address and a length */
	SYNC_RANGE, /* a descriptor, an offset, a length */
	SYNC_RANGE_HALVES, /* the same of 32-bit programs, in halves */
	SYNC_RANGE_FLAGS, /* the same with flags behind the descriptor, so that halves lie in pairs of registers */
};

/* report calls that failed only, and those that took at least this long */
const volatile bool failures_only;
const volatile __u64 min_ns;
/* gather the path, and the type of the file system */
const volatile bool with_path;
const volatile bool with_fs;

struct event {
	boot_ns time; /* when the call returned */
	duration_ns latency_ns; /* 0: the call began before it was traced */
	__s64 offset; /* or -1 */
	__s64 length; /* or -1 */
	ino ino;
	dev dev;
	pid pid;
	tid tid;
	uid uid;
	__s32 ret;
	__s32 fd; /* or -1 */
	syscall_nr nr;
	__u16 compat; /* a 32-bit call: its number is of another table */
	__u8 has_fd;
	__u8 has_file;
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* from the last part to the first: see paths.h */
	__u32 fs_size;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (2048 + FS_SIZE) /* PARTS_ROOM */
#include "paths.h"

struct syncing {
	__u64 frame;
	__u64 start;
	struct file *file; /* or NULL */
};

CALLS(syncings, struct syncing, 8192, BPF_F_NO_PREALLOC);

static __always_inline bool has_fd(enum sync_form form)
{
	return form != SYNC_ALL && form != SYNC_MEMORY;
}

static __always_inline int on_enter(void *ctx, struct pt_regs *regs, long nr)
{
	struct syncing syncing = { .start = bpf_ktime_get_ns() };
	enum sync_form form = form_of(nr);

	if (form == NO_SYNC || !is_target())
		return 0;
	if (has_fd(form))
		syncing.file = file_of_fd(syscall_args(regs).first);
	call_begin(&syncings, 0, &syncing);
	return 0;
}

#include "sys_enter_registers.h"

/* The verifier looks at a global function once. It takes numbers only, and finds the event by itself. */
__noinline int append_file_path(__u64 file)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct event *event = begun_record();

	return event ? append_path(event, &((struct file *)file)->f_path, &fs->root) : 0;
}

static __always_inline __s64 halves(__u64 low, __u64 high)
{
	return low | high << 32;
}

static __always_inline void fill_range(struct event *event, enum sync_form form,
				       const struct syscall_args *args)
{
	event->offset = -1;
	event->length = -1;
	if (form == SYNC_MEMORY) {
		event->length = args->second;
	} else if (form == SYNC_RANGE) {
		event->offset = args->second;
		event->length = args->third;
	} else if (form == SYNC_RANGE_HALVES) {
		event->offset = halves(args->second, args->third);
		event->length = halves(args->fourth, args->fifth);
	} else if (form == SYNC_RANGE_FLAGS) {
		event->offset = halves(args->third, args->fourth);
		event->length = halves(args->fifth, args->sixth);
	}
}

static __always_inline void fill_file(struct event *event, struct file *file)
{
	struct file_id id = file_id(file);

	event->has_file = true;
	event->ino = id.ino;
	event->dev = id.dev;
	if (with_path)
		event->path_size = append_file_path((__u64)file);
	if (with_fs)
		event->fs_size = append_kernel_string(event, file_system(file), FS_SIZE, NULL);
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	enum sync_form form = form_of(syscall_number(regs));
	struct syncing syncing = {};
	struct syscall_args args;
	__u64 latency_ns = 0;
	struct event *event;
	struct file *file;
	bool known;

	if (form == NO_SYNC)
		return 0;
	known = call_end(&syncings, 0, &syncing);
	if (known)
		latency_ns = bpf_ktime_get_ns() - syncing.start;
	if ((failures_only && ret >= 0) || latency_ns < min_ns || !is_target())
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	args = syscall_args(regs);
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = latency_ns;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->nr = syscall_number(regs);
	event->compat = syscall_is_compat();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_range(event, form, &args);
	if (has_fd(form)) {
		event->has_fd = true;
		event->fd = args.first;
		file = file_of_fd(event->fd);
		/* another thread may have closed the descriptor, and opened another file */
		if (file && (!known || file == syncing.file))
			fill_file(event, file);
	}
	send_record(event);
	return 0;
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
