// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of filetop: counts what system calls have read from files and written to them, when they return:
 * the bytes are those that were moved.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.h"
#include "files.h"
#include "kinds.h"
#include "path_parts.h"
#include "syscall_forms.h"
#include "targets.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* Which descriptors a call reads from, and which it writes to. */
enum io_form {
	NO_IO,
	READS, /* from the first argument */
	WRITES, /* to the first argument */
	SENDS, /* from the second to the first */
	COPIES, /* from the first to the third */
};

/* what distinguishes counts, besides the file */
const volatile bool by_process;
const volatile bool by_thread;
/* count regular files only */
const volatile bool regular_only;
/* count only reads, or only writes */
const volatile bool reads_only;
const volatile bool writes_only;
/* count only files of this folder, or 0 */
const volatile __u64 targ_folder_ino;
const volatile __u32 targ_folder_dev;

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
	__u64 named; /* its name has been kept */
	comm comm; /* at the last call */
};

COUNTS(usages, struct group, struct usage, 10240, BPF_F_NO_PREALLOC);

/* What a file is called, as the process sees it that has used it first. The user half deletes entries. */
struct file_name {
	__u32 size;
	char fs[FS_SIZE];
	/* Linux 5.10 does not know that the last part begins within PARTS_SIZE, only within PARTS_ROOM */
	__u8 parts[PARTS_ROOM + PART_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct file_id);
	__type(value, struct file_name);
} names SEC(".maps");

/* where a name is put together: it is too big for the stack */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_name);
} next_name SEC(".maps");

/* The verifier looks at a global function once. It takes numbers only. */
__noinline int keep_name(__u64 address)
{
	struct fs_struct *fs = BPF_CORE_READ(current_task(), fs);
	struct file *file = (void *)address;
	struct file_id id = file_id(file);
	struct file_name *name;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(&names, &id))
		return 0;
	name = bpf_map_lookup_elem(&next_name, &zero);
	if (!name)
		return 0;
	__builtin_memset(name->fs, 0, sizeof(name->fs));
	bpf_probe_read_kernel_str(name->fs, sizeof(name->fs), file_system(file));
	name->size = write_path(name->parts, &file->f_path, &fs->root);
	if (bpf_map_update_elem(&names, &id, name, BPF_ANY))
		count_lost_map();
	return 0;
}

static __always_inline bool is_wanted(struct file *file, __u32 mode)
{
	struct inode *folder;

	if (regular_only && (mode & S_IFMT) != S_IFREG)
		return false;
	if (!targ_folder_ino)
		return true;
	folder = BPF_CORE_READ(file, f_path.dentry, d_parent, d_inode);
	return BPF_CORE_READ(folder, i_ino) == targ_folder_ino &&
	       BPF_CORE_READ(folder, i_sb, s_dev) == targ_folder_dev;
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

__noinline int count_io(int fd, __u64 result, int writes)
{
	struct file *file = file_of_fd(fd);
	struct usage empty = {}, *usage;
	struct group group = { .set = set, .cpu = bpf_get_smp_processor_id() };
	__s64 ret = result;

	if (writes ? reads_only : writes_only)
		return 0;
	/* there was no such descriptor */
	if (!file && ret < 0)
		return 0;
	if (!fill_file(&group, file))
		return 0;
	if (by_process)
		group.pid = bpf_get_current_pid_tgid() >> 32;
	if (by_thread)
		group.tid = bpf_get_current_pid_tgid();
	usage = count_at(&usages, &group, &empty);
	if (!usage)
		return 0;
	if (file && !usage->named) {
		usage->named = true;
		keep_name((__u64)file);
	}
	bpf_get_current_comm(usage->comm, sizeof(usage->comm));
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

static __always_inline int on_exit(struct pt_regs *regs, long ret)
{
	__u8 form = form_of(syscall_number(regs));
	struct syscall_args args;

	if (form == NO_IO || !is_target())
		return 0;
	args = syscall_args(regs);
	switch (form) {
	case READS:
		return count_io(args.first, ret, false);
	case WRITES:
		return count_io(args.first, ret, true);
	case SENDS:
		count_io(args.second, ret, false);
		return count_io(args.first, ret, true);
	case COPIES:
		count_io(args.first, ret, false);
		return count_io(args.third, ret, true);
	default:
		return 0;
	}
}

#include "sys_exit.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
