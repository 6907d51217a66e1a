// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of filelife: an event for each file that loses its last name, if it was made while the tool runs.
 * A file is known by its inode, so it may be renamed, and looked up again, in between.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "files.h"
#include "folder.h"
#include "kinds.h"

#define FS_SIZE 32 /* of the name of a file system's type */

/* report files that were at least this old only */
const volatile __u64 min_age_ns;
/* gather the path, not the name alone */
const volatile bool with_path;
/* gather the name of the file system's type */
const volatile bool with_fs;

struct event {
	boot_ns time; /* when it lost its name */
	duration_ns age_ns;
	byte_count size;
	ino ino;
	dev dev;
	__u32 mode;
	pid pid;
	tid tid;
	uid uid;
	pid creator_pid;
	__u32 replaced; /* by another one that was renamed */
	/* sizes of what follows in strings, in this order */
	__u32 path_size; /* from the last part to the first, see paths.h; or the last part alone */
	__u32 fs_size;
	comm comm;
	comm creator_comm;
	__u8 unused[4];
	__u8 strings[];
};

#define STRINGS_SIZE (2048 + FS_SIZE) /* PARTS_ROOM */
#include "removal.h"

struct birth {
	__u64 time;
	__u32 pid;
	__u32 by_target; /* the task that made it is one that is traced */
	char comm[16];
};

/* Files that are never removed make room for newer ones. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct file_id);
	__type(value, struct birth);
} births SEC(".maps");

static __always_inline int on_birth(struct inode *inode)
{
	struct file_id id = inode_id(inode);
	struct birth birth = {
		.time = bpf_ktime_get_boot_ns(),
		.pid = bpf_get_current_pid_tgid() >> 32,
		.by_target = is_target(),
	};

	bpf_get_current_comm(birth.comm, sizeof(birth.comm));
	if (bpf_map_update_elem(&births, &id, &birth, BPF_ANY))
		count_lost_map();
	return 0;
}

static __always_inline int on_removal(const struct removal *removal)
{
	__u64 dentry = removal->new_dentry ?: removal->dentry, now = bpf_ktime_get_boot_ns();
	struct inode *inode = named_inode(dentry);
	struct birth *known, birth;
	struct super_block *sb;
	struct event *event;
	struct file_id id;

	/* nothing had the new name, or the file has others */
	if (!inode || BPF_CORE_READ(inode, i_nlink))
		return 0;
	id = inode_id(inode);
	known = bpf_map_lookup_elem(&births, &id);
	if (!known)
		return 0;
	birth = *known;
	bpf_map_delete_elem(&births, &id);
	if (now - birth.time < min_age_ns || !(birth.by_target || is_target()))
		return 0;
	if (!is_in_targ_folder((void *)dentry))
		return 0;
	event = begin_record();
	if (!event)
		return 0;
	event->time = now;
	event->age_ns = now - birth.time;
	event->creator_pid = birth.pid;
	__builtin_memcpy(event->creator_comm, birth.comm, sizeof(birth.comm));
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->replaced = removal->op == RENAME;
	sb = BPF_CORE_READ(inode, i_sb);
	event->size = BPF_CORE_READ(inode, i_size);
	event->ino = id.ino;
	event->dev = id.dev;
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->path_size = append_name(event, removal->new_dentry ? removal->new_mnt : removal->mnt,
				       dentry, with_path);
	if (with_fs)
		event->fs_size =
			append_kernel_string(event, BPF_CORE_READ(sb, s_type, name), FS_SIZE, NULL);
	send_record(event);
	return 0;
}

#include "removals.h"

/* The name that the current thread is about to give to a new file which is not opened. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} nodes SEC(".maps");

/* int security_file_open(struct file *file): whether it goes on to succeed or not, the file has been made */
static __always_inline int handle_open(const __u64 *args)
{
	struct file *file = (void *)args[0];
	__u32 mode = BPF_CORE_READ(file, f_mode), flags = BPF_CORE_READ(file, f_flags);

	if (!(mode & FMODE_CREATED) && !(flags & __O_TMPFILE))
		return 0;
	return on_birth(BPF_CORE_READ(file, f_inode));
}

static __always_inline int begin_node(__u64 dentry)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (bpf_map_update_elem(&nodes, &tid, &dentry, BPF_ANY))
		count_lost_map();
	return 0;
}

/*
 * int security_path_mknod(const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev)
 * An open that may make a regular file asks this as well: before the kernel knows whether there is one.
 */
static __always_inline int handle_mknod(const __u64 *args)
{
	__u32 type = args[2] & S_IFMT;

	return type && type != S_IFREG ? begin_node(args[1]) : 0;
}

/* int security_path_symlink(const struct path *dir, struct dentry *dentry, const char *old_name) */
static __always_inline int handle_symlink(const __u64 *args)
{
	return begin_node(args[1]);
}

/* void security_d_instantiate(struct dentry *dentry, struct inode *inode): a name gets its file */
static __always_inline int handle_instantiate(const __u64 *args)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *dentry = bpf_map_lookup_elem(&nodes, &tid);

	if (!dentry || *dentry != args[0] || !args[1])
		return 0;
	bpf_map_delete_elem(&nodes, &tid);
	return on_birth((void *)args[1]);
}

FUNCTION_HOOK(open, "security_file_open", handle_open)
FUNCTION_HOOK(mknod, "security_path_mknod", handle_mknod)
FUNCTION_HOOK(symlink, "security_path_symlink", handle_symlink)
FUNCTION_HOOK(instantiate, "security_d_instantiate", handle_instantiate)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
