/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A call of a file system that is under way: see file_calls.h. */
#ifndef DENOBPF_FILE_CALL_H
#define DENOBPF_FILE_CALL_H

#define NOT_KNOWN -1LL

enum file_op { FILE_READ, FILE_WRITE, FILE_OPEN, FILE_FSYNC, FILE_GETATTR, FILE_FAULT };

struct file_call {
	__u64 frame;
	__u64 start;
	__u64 thread_start; /* when the thread began that is in it: ids are used again */
	const struct path *path;
	struct inode *inode;
	struct file *file; /* NULL for attributes, which are asked of a path */
	struct kiocb *
		iocb; /* of a read or write that may go on when the function has returned, or NULL */
	const loff_t *pos; /* where the position is, or NULL */
	__s64 offset; /* or NOT_KNOWN */
	__s64 requested; /* bytes, or NOT_KNOWN */
	struct vfsmount *root_mnt; /* the root of the task that made it */
	struct dentry *root_dentry;
	__u64 end; /* of one that has gone on and has ended, before the function has returned */
	__s64 ret;
	__u32 op; /* enum file_op */
	__u32 pid;
	__u32 tid;
	__u32 again; /* it has returned EAGAIN, and may be tried again by another thread */
	char comm[16];
};

#endif /* DENOBPF_FILE_CALL_H */
