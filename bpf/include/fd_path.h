/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The path that a descriptor of the current task stands for, as the task sees it: where a name starts from
 * that a system call has been passed. Included behind paths.h.
 */
#ifndef DENOBPF_FD_PATH_H
#define DENOBPF_FD_PATH_H

#include <bpf/bpf_core_read.h>
#include "files.h"
#include "paths.h"

/*
 * Appends the path of a descriptor, or for AT_FDCWD that of the working folder, to the record that has been
 * begun. Returns its size, 0 if there is no such descriptor. The verifier looks at a global function once.
 */
__noinline int append_fd_path(int fd)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct event *event = begun_record();
	struct file *file;

	if (!event)
		return 0;
	if (fd == AT_FDCWD)
		return append_path(event, &fs->pwd, &fs->root);
	file = file_of_fd(fd);
	return file ? append_path(event, &file->f_path, &fs->root) : 0;
}

#endif /* DENOBPF_FD_PATH_H */
