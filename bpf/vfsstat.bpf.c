// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of vfsstat: how often the functions of the kernel's file system switch are called. No function that is
 * hooked here calls another one of the same kind for the same file. Some are part of their callers on some kernels,
 * as vfs_rmdir is on Linux 5.10: in place of these stand the security hooks that each of them calls once.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "files.h"
#include "function_hooks.h"
#include "kinds.h"
#include "syscall_forms.h"
#include "task_targets.h"
#include "uring_io.h"

/* count each process, each cgroup, and each type of file system apart */
const volatile bool by_process;
const volatile bool by_cgroup;
const volatile bool by_fs;

#define FS_NAME 16

struct group {
	__u32 set;
	cpu_nr cpu;
	pid pid;
	uid uid;
	cgroup_id cgroup;
	char fs[FS_NAME];
};

/* By what C's columns are called, and others behind them. */
struct calls {
	__u64 reads;
	__u64 writes;
	__u64 fsyncs;
	__u64 opens;
	__u64 creates;
	__u64 unlinks;
	__u64 mkdirs;
	__u64 rmdirs;
	__u64 renames;
	__u64 getattrs;
	__u64 statfses;
	comm comm; /* at the last of these */
};

/* Preallocated, so that no call waits for memory. More entries before load where there are groups. */
COUNTS(counts, struct group, struct calls, 1024, 0);

static const struct calls empty;

static __always_inline struct calls *calls_of(struct super_block *sb)
{
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	struct calls *calls;

	if (by_process) {
		group.pid = bpf_get_current_pid_tgid() >> 32;
		group.uid = bpf_get_current_uid_gid();
	}
	if (by_cgroup)
		group.cgroup = bpf_get_current_cgroup_id();
	if (by_fs)
		bpf_probe_read_kernel_str(group.fs, sizeof(group.fs),
					  BPF_CORE_READ(sb, s_type, name));
	calls = count_at(&counts, &group, &empty);
	if (calls && by_process)
		bpf_get_current_comm(calls->comm, sizeof(calls->comm));
	return calls;
}

/* The file system of the first argument. */
static __always_inline struct super_block *sb_of_file(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb);
}

static __always_inline struct super_block *sb_of_path(struct path *path)
{
	return BPF_CORE_READ(path, dentry, d_sb);
}

static __always_inline struct super_block *sb_of_folder(struct inode *folder)
{
	return BPF_CORE_READ(folder, i_sb);
}

static __always_inline struct super_block *sb_of_dentry(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb);
}

static __always_inline struct super_block *sb_of_fd(void *fd)
{
	return sb_of_file(file_of_fd((__u64)fd));
}

/* Another task may get the CPU in the middle of a program. */
#define COUNTED(name, member, sb_of)                                     \
	static __always_inline int count_##name(const __u64 *args)       \
	{                                                                \
		struct calls *calls;                                     \
                                                                         \
		if (!is_target())                                        \
			return 0;                                        \
		calls = calls_of(by_fs ? sb_of((void *)args[0]) : NULL); \
		if (calls)                                               \
			__sync_fetch_and_add(&calls->member, 1);         \
		return 0;                                                \
	}

COUNTED(read, reads, sb_of_file)
COUNTED(write, writes, sb_of_file)
COUNTED(fsync, fsyncs, sb_of_fd)
COUNTED(fsync_range, fsyncs, sb_of_file)
COUNTED(open, opens, sb_of_path)
COUNTED(create, creates, sb_of_folder)
COUNTED(unlink, unlinks, sb_of_folder)
COUNTED(mkdir, mkdirs, sb_of_folder)
COUNTED(rmdir, rmdirs, sb_of_folder)
COUNTED(rename, renames, sb_of_folder)
COUNTED(getattr, getattrs, sb_of_path)
COUNTED(statfs, statfses, sb_of_dentry)

/*
 * On some kernels fsync(2) does not call vfs_fsync_range(), which is part of do_fsync() there. So do_fsync() counts
 * these calls, unless it is itself a part of them: then there are no forms.
 */
static __always_inline int count_other_fsync(const __u64 *args)
{
	return form_of(current_syscall()) ? 0 : count_fsync_range(args);
}

FUNCTION_HOOK(read, "vfs_read", count_read)
FUNCTION_HOOK(readv, "vfs_readv", count_read)
FUNCTION_HOOK(write, "vfs_write", count_write)
FUNCTION_HOOK(writev, "vfs_writev", count_write)
FUNCTION_HOOK(fsync, "do_fsync", count_fsync)
FUNCTION_HOOK(fsync_range, "vfs_fsync_range", count_other_fsync)
FUNCTION_HOOK(open, "vfs_open", count_open)
FUNCTION_HOOK(create, "security_inode_create", count_create)
FUNCTION_HOOK(unlink, "security_inode_unlink", count_unlink)
FUNCTION_HOOK(mkdir, "security_inode_mkdir", count_mkdir)
FUNCTION_HOOK(rmdir, "security_inode_rmdir", count_rmdir)
FUNCTION_HOOK(rename, "security_inode_rename", count_rename)
FUNCTION_HOOK(getattr, "security_inode_getattr", count_getattr)
FUNCTION_HOOK(statfs, "security_sb_statfs", count_statfs)

/* io_uring reads and writes by functions of the file systems themselves. The process is this one, or its worker. */
SEC("?raw_tp")
int uring_complete(__u64 *ctx)
{
	struct task_struct *task;
	struct uring_io io = {};
	struct calls *calls;

	if (!read_uring_io(ctx, &io) || !is_target_task(io.task))
		return 0;
	calls = calls_of(by_fs ? sb_of_file(io.file) : NULL);
	if (!calls)
		return 0;
	/* read from a variable of its own: CO-RE would look for `struct uring_io` in the kernel */
	task = io.task;
	if (by_process)
		BPF_CORE_READ_STR_INTO(&calls->comm, task, comm);
	__sync_fetch_and_add(io.writes ? &calls->writes : &calls->reads, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
