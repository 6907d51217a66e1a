/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The files that a process has open, and what a file is. */
#ifndef DENOBPF_FILES_H
#define DENOBPF_FILES_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kinds.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

#define AT_FDCWD -100 /* include/uapi/linux/fcntl.h */
#define O_WRONLY 01 /* include/uapi/asm-generic/fcntl.h */
#define O_CREAT 0100
#define O_TRUNC 01000
#define __O_TMPFILE 020000000 /* of O_TMPFILE; the other bit is O_DIRECTORY */
#define FMODE_CREATED 0x100000 /* include/linux/fs.h: the open has made the file */

/* What distinguishes a file from every other one, also from those that had its number before. */
struct file_id {
	ino ino;
	dev dev;
	__u32 generation;
};

/* The file of a descriptor of the current task, or NULL. */
static __always_inline struct file *file_of_fd(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

static __always_inline struct file_id inode_id(struct inode *inode)
{
	struct file_id id = {
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};

	return id;
}

static __always_inline struct file_id file_id(struct file *file)
{
	return inode_id(BPF_CORE_READ(file, f_inode));
}

static __always_inline __u32 file_mode_of(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_mode);
}

/* R regular, D directory, S socket, P pipe, L link, B and C devices, O other: epoll, memory of a driver. */
static __always_inline char file_type(__u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'R';
	case S_IFDIR:
		return 'D';
	case S_IFSOCK:
		return 'S';
	case S_IFIFO:
		return 'P';
	case S_IFLNK:
		return 'L';
	case S_IFBLK:
		return 'B';
	case S_IFCHR:
		return 'C';
	default:
		return 'O';
	}
}

/* The name of the file system's type, a string of the kernel: ext4, overlay, tmpfs. */
static __always_inline const char *file_system(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_type, name);
}

#endif /* DENOBPF_FILES_H */
