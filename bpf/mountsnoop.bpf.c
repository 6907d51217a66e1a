// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of mountsnoop: an event for every system call that mounts, unmounts, or changes or prepares a
 * mount, when it returns. The registers still hold its arguments then, and what they point to is in memory, as
 * the kernel has just read it. The entry is hooked only where the latency is asked for.
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

#define NAME_SIZE 4096 /* PATH_MAX; of data the kernel takes a page */
#define WORD_SIZE 256 /* of a key, and of a file system's type: the kernel takes no longer ones */

enum mount_op {
	NO_CALL,
	CALL_MOUNT,
	CALL_UMOUNT,
	CALL_UMOUNT_PLAIN, /* of 32-bit programs, without flags */
	CALL_FSOPEN,
	CALL_FSCONFIG,
	CALL_FSMOUNT,
	CALL_MOVE_MOUNT,
	CALL_OPEN_TREE,
	CALL_OPEN_TREE_ATTR,
	CALL_FSPICK,
	CALL_MOUNT_SETATTR,
	CALL_PIVOT_ROOT,
};

/* include/uapi/linux/mount.h */
enum fsconfig_cmd {
	FSC_SET_FLAG,
	FSC_SET_STRING,
	FSC_SET_BINARY,
	FSC_SET_PATH,
	FSC_SET_PATH_EMPTY,
	FSC_SET_FD,
};

/* report calls that failed only */
const volatile bool failures_only;
/* gather where names start from, and what descriptors stand for */
const volatile bool with_paths;

struct event {
	boot_ns time; /* when the call returned */
	duration_ns latency_ns; /* 0: not asked for, or the call began before it was traced */
	__u64 attr_set; /* struct mount_attr of mount_setattr and open_tree_attr; fsmount has the first */
	__u64 attr_clr;
	__u64 propagation;
	__u64 userns_fd;
	enum mount_op op;
	pid pid;
	tid tid;
	pid ppid;
	uid uid;
	ns_inum mntns;
	errno_ret ret; /* 0, a descriptor, or a negated errno */
	__u32 flags;
	enum fsconfig_cmd cmd;
	__s32 fd; /* the descriptor of fsconfig and fsmount */
	__s32 aux; /* the last argument: of fsconfig, or the size of struct mount_attr */
	__s32 source_fd; /* where names start from: AT_FDCWD or a descriptor */
	__s32 target_fd;
	__u32 mnt_id; /* of the mount that the returned descriptor stands for, or 0 */
	/* sizes of what follows in strings, in this order; 0: NULL, or it cannot be read */
	__u32 source_size;
	__u32 target_size;
	__u32 fs_size;
	__u32 key_size;
	__u32 data_size; /* or the value of fsconfig */
	__u32 source_base_size; /* paths, from the last part to the first: see paths.h */
	__u32 target_base_size; /* or of the descriptor that fsconfig passes as a value */
	__u32 cut; /* one of the strings is longer */
	comm comm;
	__u8 strings[];
};

#define STRINGS_SIZE (3 * NAME_SIZE + 2 * WORD_SIZE + 2 * 2048 /* PARTS_ROOM */)
#include "paths.h"
#include "fd_path.h"

struct mounting {
	__u64 frame;
	__u64 start;
};

CALLS(mountings, struct mounting, 1024, BPF_F_NO_PREALLOC);

static __always_inline int on_enter(long nr)
{
	struct mounting mounting = { .start = bpf_ktime_get_ns() };

	if (form_of(nr) != NO_CALL && is_target())
		call_begin(&mountings, 0, &mounting);
	return 0;
}

#include "sys_enter.h"

/* Where the strings of a call are, in its process; 0 where it has none. */
struct strings {
	__u64 source;
	__u64 target;
	__u64 fs;
	__u64 key;
	__u64 data;
};

/* struct mount_attr of include/uapi/linux/mount.h, which Linux 5.12 and later have */
struct attributes {
	__u64 attr_set;
	__u64 attr_clr;
	__u64 propagation;
	__u64 userns_fd;
};

static __always_inline void fill_attributes(struct event *event, __u64 from, __u64 size)
{
	struct attributes attributes = {};

	bpf_probe_read_user(&attributes, sizeof(attributes), (void *)from);
	event->attr_set = attributes.attr_set;
	event->attr_clr = attributes.attr_clr;
	event->propagation = attributes.propagation;
	event->userns_fd = attributes.userns_fd;
	event->aux = size;
}

static __always_inline void fill_arguments(struct event *event, struct strings *strings,
					   const struct syscall_args *args)
{
	event->source_fd = AT_FDCWD;
	event->target_fd = AT_FDCWD;
	event->fd = -1;
	switch (event->op) {
	case CALL_MOUNT:
		strings->source = args->first;
		strings->target = args->second;
		strings->fs = args->third;
		strings->data = args->fifth;
		event->flags = args->fourth;
		break;
	case CALL_UMOUNT:
		event->flags = args->second;
		strings->target = args->first;
		break;
	case CALL_UMOUNT_PLAIN:
		strings->target = args->first;
		break;
	case CALL_FSOPEN:
		strings->fs = args->first;
		event->flags = args->second;
		break;
	case CALL_FSCONFIG:
		event->fd = args->first;
		event->cmd = args->second;
		event->aux = args->fifth;
		strings->key = args->third;
		if (event->cmd == FSC_SET_STRING || event->cmd == FSC_SET_PATH ||
		    event->cmd == FSC_SET_PATH_EMPTY)
			strings->data = args->fourth;
		break;
	case CALL_FSMOUNT:
		event->fd = args->first;
		event->flags = args->second;
		event->attr_set = args->third;
		break;
	case CALL_MOVE_MOUNT:
		event->source_fd = args->first;
		event->target_fd = args->third;
		event->flags = args->fifth;
		strings->source = args->second;
		strings->target = args->fourth;
		break;
	case CALL_OPEN_TREE:
	case CALL_OPEN_TREE_ATTR:
		event->source_fd = args->first;
		event->flags = args->third;
		strings->source = args->second;
		if (event->op == CALL_OPEN_TREE_ATTR)
			fill_attributes(event, args->fourth, args->fifth);
		break;
	case CALL_FSPICK:
		event->target_fd = args->first;
		event->flags = args->third;
		strings->target = args->second;
		break;
	case CALL_MOUNT_SETATTR:
		event->target_fd = args->first;
		event->flags = args->third;
		strings->target = args->second;
		fill_attributes(event, args->fourth, args->fifth);
		break;
	case CALL_PIVOT_ROOT:
		strings->source = args->first;
		strings->target = args->second;
		break;
	default:
		break;
	}
}

static const char fds_of_process[] = "/proc/self/fd/", fds_of_thread[] = "/proc/thread-self/fd/";
static const char context_name[] = "[fscontext]"; /* of the file that fsopen and fspick return */

/* Whether a string begins with this one. Of the builtin clang 14 makes a call of memcmp(). */
#define BEGINS(string, with) begins(string, with, sizeof(with) - 1)

static __always_inline bool begins(const char *string, const char *with, int length)
{
	char differs = 0;
	int i;

#pragma unroll
	for (i = 0; i < length; i++)
		differs |= string[i] ^ with[i];
	return !differs;
}

/* The number behind /proc/self/fd/, or `other`: a name that a descriptor is passed by. */
static __always_inline int fd_of_name(__u64 name, int other)
{
	char start[32] = {};
	int i, at, fd = 0;

	if (bpf_probe_read_user_str(start, sizeof(start), (void *)name) < 0)
		return other;
	if (BEGINS(start, fds_of_process))
		at = sizeof(fds_of_process) - 1;
	else if (BEGINS(start, fds_of_thread))
		at = sizeof(fds_of_thread) - 1;
	else
		return other;
	for (i = 0; i < 8; i++) {
		char digit = start[(at + i) & 31];

		if (digit < '0' || digit > '9')
			break;
		fd = fd * 10 + digit - '0';
	}
	return i ? fd : other;
}

/* The type of the file system that a descriptor of fsopen or fspick is about, or NULL if it is none. */
static __always_inline const char *context_fs(int fd)
{
	struct file *file = fd < 0 ? NULL : file_of_fd(fd);
	char name[sizeof(context_name)] = {};
	struct fs_context *context;

	if (!file)
		return NULL;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (!BEGINS(name, context_name))
		return NULL;
	context = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(context, fs_type, name);
}

static __always_inline void fill_fs(struct event *event, __u64 name)
{
	const char *known = NULL;

	if (name) {
		event->fs_size = append_user_string(event, (void *)name, WORD_SIZE, &event->cut);
		return;
	}
	if (event->op == CALL_FSCONFIG || event->op == CALL_FSMOUNT)
		known = context_fs(event->fd);
	else if (event->op == CALL_FSPICK)
		known = context_fs(event->ret);
	if (known)
		event->fs_size = append_kernel_string(event, known, WORD_SIZE, NULL);
}

static __always_inline void fill_strings(struct event *event, const struct strings *strings)
{
	if (strings->source)
		event->source_size =
			append_user_string(event, (void *)strings->source, NAME_SIZE, &event->cut);
	if (strings->target)
		event->target_size =
			append_user_string(event, (void *)strings->target, NAME_SIZE, &event->cut);
	fill_fs(event, strings->fs);
	if (strings->key)
		event->key_size =
			append_user_string(event, (void *)strings->key, WORD_SIZE, &event->cut);
	if (strings->data)
		event->data_size =
			append_user_string(event, (void *)strings->data, NAME_SIZE, &event->cut);
	if (!with_paths)
		return;
	if (strings->source)
		event->source_base_size =
			append_fd_path(fd_of_name(strings->source, event->source_fd));
	if (strings->target)
		event->target_base_size =
			append_fd_path(fd_of_name(strings->target, event->target_fd));
	else if (event->op == CALL_FSCONFIG && event->cmd == FSC_SET_FD && event->aux >= 0)
		event->target_base_size = append_fd_path(event->aux);
}

/* The mount that the descriptor which a call has returned stands for. */
static __always_inline void fill_mount(struct event *event)
{
	struct file *file;
	struct mount *mount;

	if (event->op != CALL_FSMOUNT && event->op != CALL_OPEN_TREE &&
	    event->op != CALL_OPEN_TREE_ATTR)
		return;
	file = event->ret < 0 ? NULL : file_of_fd(event->ret);
	if (!file)
		return;
	mount = (void *)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
	event->mnt_id = BPF_CORE_READ(mount, mnt_id);
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	__u8 op = form_of(syscall_number(regs));
	struct mounting mounting = {};
	struct strings strings = {};
	struct syscall_args args;
	__u64 latency_ns = 0;
	struct event *event;

	if (op == NO_CALL)
		return 0;
	if (call_end(&mountings, 0, &mounting))
		latency_ns = bpf_ktime_get_ns() - mounting.start;
	if ((failures_only && ret >= 0) || !is_target())
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	args = syscall_args(regs);
	event->time = bpf_ktime_get_boot_ns();
	event->latency_ns = latency_ns;
	event->op = op;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->ppid = BPF_CORE_READ(current_task(), real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	event->mntns = task_mntns(current_task());
	event->ret = ret;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_arguments(event, &strings, &args);
	fill_strings(event, &strings);
	fill_mount(event);
	send_record(event);
	return 0;
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
