// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * mounts KIND...: waits for a byte, and mounts in a namespace of its own, a known, prime number of times, one KIND
 * after the other, at folders a and b, which it makes in the folder that it is started in. First of all it makes
 * all mounts private: a mount.
 *
 *   classic  3 times: tmpfs at a, a bound to b, b remounted and moved to c, c and a unmounted. Then 1 rbind of a to
 *            b, and 1 umount
 *   fails    7 mounts of tmpfs at "absent", which has ext4's options and is not there; 2 umount of "absent"
 *   new      tmpfs at a by fsopen, 4 fsconfig, fsmount and move_mount; open_tree of it, fspick, mount_setattr, and
 *            1 umount
 *   fds      5 times: a bound to /proc/self/fd/N, which is b, and unmounted by that name
 *   paths    1 fsconfig of each kind of value, for a file system that takes none of them
 *   compat   3 mounts of tmpfs at "absent" with int $0x80, as 32-bit programs do, and 2 umount without flags
 *   pivot    1 bind of a to itself, 1 pivot_root to it
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kind.h"

/* of sys/mount.h, which does not go along with linux/mount.h */
int mount(const char *source, const char *target, const char *fs, unsigned long flags,
	  const void *data);
int umount2(const char *target, int flags);
#define MNT_DETACH 2

static void check_mount(const char *source, const char *target, const char *fs, unsigned long flags,
			const void *data)
{
	check(mount(source, target, fs, flags, data) == 0, target);
}

static void classic(void)
{
	for (int i = 0; i < 3; i++) {
		check_mount("first", "a", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m");
		check_mount("a", "b", NULL, MS_BIND, NULL);
		check_mount("none", "b", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME | MS_RDONLY, NULL);
		check_mount("b", "c", NULL, MS_MOVE, NULL);
		check(umount2("c", 0) == 0, "umount2");
		check(umount2("a", MNT_DETACH) == 0, "umount2");
	}
	check_mount("a", "b", NULL, MS_BIND | MS_REC, NULL);
	check(umount2("b", 0) == 0, "umount2");
}

static void fails(void)
{
	for (int i = 0; i < 7; i++)
		mount("none", "absent", "tmpfs", MS_NOEXEC | MS_NODIRATIME | MS_SILENT,
		      "errors=remount-ro");
	for (int i = 0; i < 2; i++)
		umount2("absent", 0);
}

static long configure(int context, unsigned int cmd, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, context, cmd, key, value, aux);
}

static void new(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC,
				   .attr_clr = MOUNT_ATTR_NODEV,
				   .propagation = MS_PRIVATE };
	int context = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC), mounted, tree, picked;

	configure(context, FSCONFIG_SET_STRING, "source", "second", 0);
	configure(context, FSCONFIG_SET_STRING, "size", "2m", 0);
	configure(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	check(configure(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0, "fsconfig");
	mounted = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
	check(syscall(SYS_move_mount, mounted, "", AT_FDCWD, "a", MOVE_MOUNT_F_EMPTY_PATH) == 0,
	      "move_mount");
	tree = syscall(SYS_open_tree, AT_FDCWD, "a", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	picked = syscall(SYS_fspick, AT_FDCWD, "a", FSPICK_CLOEXEC);
	/* Linux 5.12 and later have it */
	syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	close(picked);
	close(tree);
	close(mounted);
	close(context);
	check(umount2("a", 0) == 0, "umount2");
}

static void fds(void)
{
	int folder = open("b", O_PATH | O_DIRECTORY);
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", folder);
	for (int i = 0; i < 5; i++) {
		check_mount("a", name, NULL, MS_BIND, NULL);
		check(umount2("b", 0) == 0, "umount2");
	}
	close(folder);
}

static void paths(void)
{
	int context = syscall(SYS_fsopen, "tmpfs", 0), folder = open("b", O_PATH | O_DIRECTORY);

	configure(context, FSCONFIG_SET_BINARY, "binary", "12345", 5);
	configure(context, FSCONFIG_SET_PATH, "path", "a", AT_FDCWD);
	configure(context, FSCONFIG_SET_PATH_EMPTY, "empty", "", folder);
	configure(context, FSCONFIG_SET_FD, "fd", NULL, folder);
	/* what is no context has no file system */
	configure(folder, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	close(context);
	close(folder);
}

#ifdef __x86_64__
static void call_compat(long number, long first, long second, long third, long fourth, long fifth)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(first), "c"(second), "d"(third), "S"(fourth), "D"(fifth)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
}

/* arch/x86/entry/syscalls/syscall_32.tbl; a 32-bit pointer reaches no further */
static void compat(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *target = low + 64;

	check(low != MAP_FAILED, "mmap");
	strcpy(low, "tmpfs");
	strcpy(target, "absent");
	for (int i = 0; i < 3; i++)
		call_compat(21, (long)low, (long)target, (long)low, MS_NOSYMFOLLOW, 0);
	for (int i = 0; i < 2; i++)
		call_compat(22, (long)target, 0, 0, 0, 0);
}
#else
static void compat(void)
{
}
#endif

static void pivot(void)
{
	check_mount("a", "a", NULL, MS_BIND, NULL);
	check(chdir("a") == 0, "chdir");
	check(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "classic", classic }, { "fails", fails },   { "new", new },	  { "fds", fds },
	{ "paths", paths },	{ "compat", compat }, { "pivot", pivot },
};

int main(int argc, char **argv)
{
	char byte;

	check(argc > 1 && read(STDIN_FILENO, &byte, 1) >= 0, "read");
	check(mkdir("a", 0700) == 0 && mkdir("b", 0700) == 0 && mkdir("c", 0700) == 0, "mkdir");
	check(unshare(CLONE_NEWNS) == 0, "unshare");
	check_mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	while (*++argv) {
		kind = *argv;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (is(kinds[i].name))
				kinds[i].run();
	}
	return 0;
}
