// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of statsnoop: an event for every system call that asks what a file or file system is, when it
 * returns. The registers still hold its arguments then, and the name is in memory, as the kernel has just
 * read it. A descriptor is looked up while the task that passed it is still there and has it open.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "files.h"
#include "kinds.h"
#include "syscall_forms.h"
#include "targets.h"

#define NAME_SIZE 4096 /* PATH_MAX */
#define AT_EMPTY_PATH 0x1000 /* include/uapi/linux/fcntl.h */

/* How a call passes its arguments. */
enum stat_form {
	NO_STAT,
	STAT_NAME, /* a name */
	STAT_FD, /* a descriptor */
	STAT_AT, /* a descriptor, a name */
	STAT_AT_THIRD, /* the same, with flags as the third argument */
	STAT_AT_FOURTH, /* the same, with flags as the fourth argument */
	STAT_DEVICE, /* a device */
	STAT_MOUNT, /* a struct mnt_id_req */
};

/* report calls that failed only */
const volatile bool failures_only;
/* gather the path of a descriptor, and that of the working folder where a relative name starts from it */
const volatile bool with_fd_path;
const volatile bool with_cwd;

struct event {
	boot_ns time; /* when the call returned */
	__u64 mnt_id; /* of statmount and listmount */
	pid pid;
	tid tid;
	uid uid;
	errno_ret ret; /* 0, a size, or a negated errno */
	__s32 fd; /* a descriptor, or AT_FDCWD */
	__u32 flags;
	dev dev; /* of ustat */
	syscall_nr nr;
	__u32 compat; /* a 32-bit call: its number is of another table */
	enum stat_form form;
	__u32 is_fd; /* it asks about the descriptor itself: there is no name, or an empty one */
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* the name, as it was passed; 0: there is none, or it cannot be read */
	__u32 fd_path_size; /* from the last part to the first: see paths.h */
	__u32 path_cut;
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (NAME_SIZE + PARTS_ROOM)
#include "paths.h"
#include "fd_path.h"

/* struct mnt_id_req of include/uapi/linux/mount.h, which Linux 6.8 and later have */
struct mount_request {
	__u32 size;
	__u32 mnt_ns_fd;
	__u64 mnt_id;
};

/* A device as the kernel has it: new_decode_dev() of include/linux/kdev_t.h. */
static __always_inline __u32 decode_dev(__u32 dev)
{
	__u32 major = (dev & 0xfff00) >> 8, minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);

	return major << 20 | minor;
}

/* Keeps what the call was passed. Returns where the name is, or 0 if it has none. */
static __always_inline __u64 fill_arguments(struct event *event, const struct syscall_args *args)
{
	struct mount_request request = {};

	event->fd = AT_FDCWD;
	switch (event->form) {
	case STAT_NAME:
		return args->first;
	case STAT_FD:
		event->fd = args->first;
		return 0;
	case STAT_AT_THIRD:
		event->flags = args->third;
		break;
	case STAT_AT_FOURTH:
		event->flags = args->fourth;
		break;
	case STAT_AT:
		break;
	case STAT_DEVICE:
		event->dev = decode_dev(args->first);
		return 0;
	case STAT_MOUNT:
		bpf_probe_read_user(&request, sizeof(request), (void *)args->first);
		event->mnt_id = request.mnt_id;
		return 0;
	default:
		return 0;
	}
	event->fd = args->first;
	return args->second;
}

/* Whether a call is about its descriptor: it has no name, or an empty one. readlinkat needs no flag for that. */
static __always_inline bool is_about_fd(const struct event *event, __u64 name, char first)
{
	if (event->form == STAT_FD)
		return true;
	if (event->form >= STAT_DEVICE || first)
		return false;
	return (event->flags & AT_EMPTY_PATH || event->ret >= 0) && (event->path_size || !name);
}

static __always_inline void fill_paths(struct event *event, __u64 name)
{
	char first = 0;

	if (name)
		event->path_size =
			append_user_string(event, (void *)name, NAME_SIZE, &event->path_cut);
	if (event->path_size)
		first = event->strings[0];
	event->is_fd = is_about_fd(event, name, first);
	/* the name is complete, or cannot be read */
	if (first == '/' || (!first && !event->is_fd))
		return;
	/* fstat of -100 is not about the working folder */
	if (event->fd == AT_FDCWD ? with_cwd && event->form != STAT_FD : with_fd_path)
		event->fd_path_size = append_fd_path(event->fd);
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	__u8 form = form_of(syscall_number(regs));
	struct syscall_args args;
	struct event *event;
	__u64 name;

	if (form == NO_STAT || (failures_only && ret >= 0) || !is_target())
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	args = syscall_args(regs);
	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->nr = syscall_number(regs);
	event->compat = syscall_is_compat();
	event->form = form;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	name = fill_arguments(event, &args);
	fill_paths(event, name);
	send_record(event);
	return 0;
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
