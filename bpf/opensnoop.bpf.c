// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of opensnoop: an event for every system call that opens a file by its name or handle.
 *
 * A call is looked at when it returns. The registers still hold its arguments then, so nothing is kept
 * from the entry. The name is in memory, as the kernel has just read it. A call that succeeded has the
 * file itself, which says what was opened whatever the name was. The entry is hooked only where the
 * latency is asked for.
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

#define NAME_SIZE 4096 /* PATH_MAX */
#define FS_SIZE 32 /* of the name of a file system's type */

/* How a call that opens files passes its arguments. */
enum form { NO_OPEN, OPEN, CREAT, OPENAT, OPENAT2, BY_HANDLE };

/* report calls that failed only */
const volatile bool failures_only;
/* trace this thread only */
const volatile __u32 targ_tid;
/* gather the path of what was opened, or of the folder that a name which failed starts from */
const volatile bool with_full_path;
/* gather device, inode, size and file system */
const volatile bool with_file;

struct event {
	boot_ns time; /* when the call returned */
	duration_ns latency_ns; /* 0: not asked for, or the call began before it was traced */
	byte_count size_bytes;
	ino ino;
	dev dev;
	pid pid;
	tid tid;
	uid uid;
	errno_ret ret; /* the descriptor, or a negated errno */
	__s32 dirfd; /* where a relative name starts: AT_FDCWD or a descriptor */
	__u32 flags;
	file_mode mode; /* of a new file, as asked for */
	syscall_nr nr;
	__u16 compat; /* a 32-bit call: its number is of another table */
	__u16 created;
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* the name, as it was passed; 0: there is none, or it cannot be read */
	__u32 full_path_size; /* from the last part to the first: see paths.h */
	__u32 fs_size;
	__u32 path_cut;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (NAME_SIZE + PARTS_ROOM + FS_SIZE)
#include "paths.h"
#include "fd_path.h"

struct opening {
	__u64 frame;
	__u64 start;
};

CALLS(openings, struct opening, 8192, BPF_F_NO_PREALLOC);

static __always_inline bool is_wanted(void)
{
	return (!targ_tid || targ_tid == (__u32)bpf_get_current_pid_tgid()) && is_target();
}

static __always_inline int on_enter(long nr)
{
	struct opening opening = { .start = bpf_ktime_get_ns() };

	if (form_of(nr) != NO_OPEN && is_wanted())
		call_begin(&openings, 0, &opening);
	return 0;
}

#include "sys_enter.h"

/* Keeps what the call was passed. Returns where the name is, or 0 if it has none. */
static __always_inline __u64 fill_arguments(struct event *event, enum form form,
					    const struct syscall_args *args)
{
	struct open_how how = {};

	event->dirfd = form == OPEN || form == CREAT ? AT_FDCWD : (int)args->first;
	switch (form) {
	case OPEN:
		event->flags = args->second;
		event->mode = args->third;
		return args->first;
	case CREAT:
		event->flags = O_CREAT | O_WRONLY | O_TRUNC;
		event->mode = args->second;
		return args->first;
	case OPENAT:
		event->flags = args->third;
		event->mode = args->fourth;
		return args->second;
	case OPENAT2:
		bpf_probe_read_user(&how, sizeof(how), (void *)args->third);
		event->flags = how.flags;
		event->mode = how.mode;
		return args->second;
	default:
		event->flags = args->third;
		return 0;
	}
}

static __always_inline void fill_file(struct event *event, struct file *file)
{
	struct file_id id = file_id(file);

	event->ino = id.ino;
	event->dev = id.dev;
	event->size_bytes = BPF_CORE_READ(file, f_inode, i_size);
	event->fs_size = append_kernel_string(event, file_system(file), FS_SIZE, NULL);
}

static __always_inline void fill_event(struct event *event, struct pt_regs *regs, enum form form,
				       long ret)
{
	struct syscall_args args = syscall_args(regs);
	__u64 name = fill_arguments(event, form, &args);
	struct file *file = ret >= 0 ? file_of_fd(ret) : NULL;

	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->nr = syscall_number(regs);
	event->compat = syscall_is_compat();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (name)
		event->path_size =
			append_user_string(event, (void *)name, NAME_SIZE, &event->path_cut);
	if (with_full_path)
		event->full_path_size = append_fd_path(ret >= 0 ? ret : event->dirfd);
	if (!file)
		return;
	event->created = !!(BPF_CORE_READ(file, f_mode) & FMODE_CREATED);
	if (with_file)
		fill_file(event, file);
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	enum form form = form_of(syscall_number(regs));
	struct opening opening = {};
	struct event *event;
	__u64 latency_ns = 0;

	if (form == NO_OPEN)
		return 0;
	if (call_end(&openings, 0, &opening))
		latency_ns = bpf_ktime_get_ns() - opening.start;
	if ((failures_only && ret >= 0) || !is_wanted())
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->latency_ns = latency_ns;
	fill_event(event, regs, form, ret);
	send_record(event);
	return 0;
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
