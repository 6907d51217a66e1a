// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of filetop: counts what system calls and io_uring have read from files and written to them, when they
 * end: the bytes are those that were moved. Of aio it counts what is asked for, when that is accepted: the end is seen
 * by the process that asks for it, if at all.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "aio.h"
#include "counts.h"
#include "file_names.h"
#include "files.h"
#include "folder.h"
#include "kinds.h"
#include "syscall_forms.h"
#include "task_targets.h"
#include "uring_io.h"

/* Which descriptors a call reads from, and which it writes to. */
enum io_form {
	NO_IO,
	READS, /* from the first argument */
	WRITES, /* to the first argument */
	SENDS, /* from the second to the first */
	COPIES, /* from the first to the third */
	SUBMITS, /* requests of aio: as many as it returns of the third argument */
};

/* How a read or write counts. */
#define WRITES_TO 1
#define ASKED_FOR 2 /* its bytes are those that aio was asked for */

/* what distinguishes counts, besides the file */
const volatile bool by_process;
const volatile bool by_thread;
/* count regular files only */
const volatile bool regular_only;
/* count only reads, or only writes */
const volatile bool reads_only;
const volatile bool writes_only;

struct group {
	__u32 set;
	cpu_nr cpu;
	ino ino;
	dev dev;
	__u32 generation;
	pid pid;
	tid tid;
	__u32 type; /* a letter of file_type() */
	__u32 has_file; /* the descriptor was still open */
};

struct usage {
	__u64 reads;
	__u64 writes;
	byte_count read_bytes;
	byte_count write_bytes;
	__u64 errors;
	__u64 aio; /* reads and writes of these that were asked of aio */
	__u64 named; /* its name has been kept */
	comm comm; /* at the last call */
};

COUNTS(usages, struct group, struct usage, 10240, BPF_F_NO_PREALLOC);

FILE_NAMES(BPF_MAP_TYPE_HASH, struct file_id, 10240, BPF_F_NO_PREALLOC);

/*
 * The name of a file is the path that the process sees that has used it first. The verifier looks at a global
 * function once. It takes numbers only.
 */
__noinline int keep_name(__u64 address)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct file *file = (void *)address;
	struct file_id id = file_id(file);
	struct file_name *name = begin_file_name(&names, &id, BPF_CORE_READ(file, f_inode, i_sb));

	if (!name)
		return 0;
	name->size = write_path(name->parts, &file->f_path, &fs->root);
	return keep_file_name(&names, &id, name);
}

static __always_inline bool is_wanted(struct file *file, __u32 mode)
{
	if (regular_only && (mode & S_IFMT) != S_IFREG)
		return false;
	return is_in_targ_folder(BPF_CORE_READ(file, f_path.dentry));
}

/* Fills in which file it is. Returns whether it is to be counted. */
static __always_inline bool fill_file(struct group *group, struct file *file)
{
	struct file_id id;
	__u32 mode;

	/* a thread has closed it during the call of another: it is not known whether it is wanted */
	if (!file)
		return !targ_folder_ino;
	mode = file_mode_of(file);
	if (!is_wanted(file, mode))
		return false;
	id = file_id(file);
	group->ino = id.ino;
	group->dev = id.dev;
	group->generation = id.generation;
	group->type = file_type(mode);
	group->has_file = true;
	return true;
}

/* What a task has done with a file: the current task, if `by` is 0. */
__noinline int count_use(__u64 address, __u64 result, __u64 by, int how)
{
	struct file *file = (void *)address;
	struct task_struct *task = (void *)by;
	struct usage empty = {}, *usage;
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	__s64 ret = result;
	bool writes = how & WRITES_TO;

	if (writes ? reads_only : writes_only)
		return 0;
	/* there was no such descriptor */
	if (!file && ret < 0)
		return 0;
	if (!fill_file(&group, file))
		return 0;
	if (by_process)
		group.pid = task ? BPF_CORE_READ(task, tgid) : bpf_get_current_pid_tgid() >> 32;
	if (by_thread)
		group.tid = task ? BPF_CORE_READ(task, pid) : bpf_get_current_pid_tgid();
	usage = count_at(&usages, &group, &empty);
	if (!usage)
		return 0;
	if (file && !usage->named) {
		usage->named = true;
		keep_name((__u64)file);
	}
	if (task)
		BPF_CORE_READ_STR_INTO(&usage->comm, task, comm);
	else
		bpf_get_current_comm(usage->comm, sizeof(usage->comm));
	if (how & ASKED_FOR)
		usage->aio++;
	if (ret < 0) {
		usage->errors++;
	} else if (writes) {
		usage->writes++;
		usage->write_bytes += ret;
	} else {
		usage->reads++;
		usage->read_bytes += ret;
	}
	return 0;
}

static __always_inline int count_io(int fd, long ret, int how)
{
	return count_use((__u64)file_of_fd(fd), ret, 0, how);
}

/* The verifier looks at it once, not for each request of a call. */
__noinline int count_request(__u64 address)
{
	struct aio_request request = {};

	if (!read_aio_request(address, &request))
		return 0;
	return count_io(request.fd, request.bytes, ASKED_FOR | (request.writes ? WRITES_TO : 0));
}

static __always_inline int count_requests(__u64 requests, long accepted)
{
	__u32 at;

	if (accepted > AIO_REQUESTS)
		count_lost_map();
	for (at = 0; at < AIO_REQUESTS && (long)at < accepted; at++)
		count_request(aio_request_at(requests, at));
	return 0;
}

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	__u8 form = form_of(syscall_number(regs));
	struct syscall_args args;

	if (form == NO_IO || !is_target())
		return 0;
	args = syscall_args(regs);
	switch (form) {
	case READS:
		return count_io(args.first, ret, 0);
	case WRITES:
		return count_io(args.first, ret, WRITES_TO);
	case SENDS:
		count_io(args.second, ret, 0);
		return count_io(args.first, ret, WRITES_TO);
	case COPIES:
		count_io(args.first, ret, 0);
		return count_io(args.third, ret, WRITES_TO);
	case SUBMITS:
		return count_requests(args.third, ret);
	default:
		return 0;
	}
}

#include "sys_exit.h"

SEC("?raw_tp")
int uring_complete(__u64 *ctx)
{
	struct uring_io io = {};

	if (!read_uring_io(ctx, &io) || !is_target_task(io.task))
		return 0;
	return count_use((__u64)io.file, io.result, (__u64)io.task, io.writes ? WRITES_TO : 0);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
