// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * shm KIND...: waits for a byte, or for the end of its input, and calls shmget and others a known number of times,
 * one KIND after the other.
 *
 *   cycle   23 times: shmget of 8193 bytes, private; shmat; shmdt; IPC_RMID
 *   fails   7 calls that fail: 2 shmget of a key that is there (EEXIST), 3 of one that is not (ENOENT), 2 shmat
 *           (EINVAL); before them 1 shmget of that key, after them 1 IPC_RMID
 *   control 1 shmget, IPC_STAT, IPC_SET, SHM_LOCK, SHM_UNLOCK, SHM_INFO, IPC_INFO, command 99 (EINVAL), IPC_RMID
 *   attach  1 shmget; shmat of 3 processes, one within the other, and shmdt of each; IPC_RMID by the first while it
 *           is attached still
 *   flags   5 shmget of no bytes (EINVAL), with SHM_HUGETLB and SHM_NORESERVE; shmget, shmat with SHM_RDONLY and
 *           SHM_RND, shmdt, IPC_RMID
 *   apart   moves to an IPC namespace of its own, where identifiers begin at 0
 *   many    131 segments of 1 byte, 2 bytes and so on; IPC_STAT, then IPC_RMID of each
 *   thread  3 failing shmat by a thread, whose number is printed, and 2 by the process
 *   compat  with int $0x80, as 32-bit programs do: 2 times shmget, shmat, shmdt, IPC_RMID; 3 times the same by
 *           ipc(2); semget of -1 by ipc(2)
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#define SIZE 8193

static int get(key_t key, size_t size, int flags)
{
	int id = shmget(key, size, flags);

	check(id >= 0, "shmget");
	return id;
}

static void *attach(int id, int flags)
{
	void *at = shmat(id, NULL, flags);

	check(at != (void *)-1, "shmat");
	return at;
}

static void detach(void *at)
{
	check(shmdt(at) == 0, "shmdt");
}

static void control(int id, int command)
{
	union {
		struct shmid_ds segment;
		struct shminfo limits;
		struct shm_info usage;
	} status;

	if (command == IPC_SET) {
		memset(&status, 0, sizeof(status));
		status.segment.shm_perm.mode = 0640;
		status.segment.shm_perm.uid = 65534;
	}
	check(shmctl(id, command, (void *)&status) >= 0 || command == 99, "shmctl");
}

static void cycle(void)
{
	for (int i = 0; i < 23; i++) {
		int id = get(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);

		detach(attach(id, 0));
		control(id, IPC_RMID);
	}
}

static void fails(void)
{
	key_t key = 0x90000000 | getpid();
	int id = get(key, SIZE, IPC_CREAT | IPC_EXCL | 0666);

	for (int i = 0; i < 2; i++)
		check(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0666) < 0, "EEXIST");
	for (int i = 0; i < 3; i++)
		check(shmget(key + 0x10000000, SIZE, 0) < 0, "ENOENT");
	for (int i = 0; i < 2; i++)
		check(shmat(-1, NULL, 0) == (void *)-1, "EINVAL");
	control(id, IPC_RMID);
}

static void controls(void)
{
	int id = get(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);

	control(id, IPC_STAT);
	control(id, IPC_SET);
	control(id, SHM_LOCK);
	control(id, SHM_UNLOCK);
	control(0, SHM_INFO);
	control(0, IPC_INFO);
	control(id, 99);
	control(id, IPC_RMID);
}

static void attach_within(int id, int depth)
{
	void *at = attach(id, 0);

	if (depth > 1) {
		/* it has the attachment, too */
		pid_t child = fork();

		check(child >= 0, "fork");
		if (child == 0) {
			detach(at);
			attach_within(id, depth - 1);
			_exit(0);
		}
		check(waitpid(child, NULL, 0) == child, "waitpid");
	}
	if (depth == 3)
		control(id, IPC_RMID);
	detach(at);
}

static void flags(void)
{
	int id;

	for (int i = 0; i < 5; i++)
		check(shmget(IPC_PRIVATE, 0,
			     IPC_CREAT | SHM_HUGETLB | SHM_NORESERVE | 30u << 26 | 0600) < 0,
		      "EINVAL");
	id = get(IPC_PRIVATE, SIZE, IPC_CREAT | 0400);
	detach(attach(id, SHM_RDONLY | SHM_RND));
	control(id, IPC_RMID);
}

static void many(void)
{
	static int ids[131];

	for (int i = 0; i < 131; i++)
		ids[i] = get(IPC_PRIVATE, i + 1, IPC_CREAT | 0600);
	for (int i = 0; i < 131; i++)
		control(ids[i], IPC_STAT);
	for (int i = 0; i < 131; i++)
		control(ids[i], IPC_RMID);
}

static void fail_to_attach(int times)
{
	for (int i = 0; i < times; i++)
		check(shmat(-1, NULL, 0) == (void *)-1, "EINVAL");
}

static void *in_thread(void *unused)
{
	printf("%ld\n", syscall(SYS_gettid));
	fflush(stdout);
	check(read(0, &unused, 1) == 1, "read");
	fail_to_attach(3);
	return NULL;
}

static void thread(void)
{
	pthread_t other;

	check(pthread_create(&other, NULL, in_thread, NULL) == 0, "pthread_create");
	check(pthread_join(other, NULL) == 0, "pthread_join");
	fail_to_attach(2);
}

#ifdef __x86_64__
/* arch/x86/entry/syscalls/syscall_32.tbl */
#define IPC_32 117
#define SHMGET_32 395
#define SHMCTL_32 396
#define SHMAT_32 397
#define SHMDT_32 398
/* include/uapi/linux/ipc.h */
#define SEMGET 2
#define SHMAT 21
#define SHMDT 22
#define SHMGET 23
#define SHMCTL 24
#define IPC_64 0x100

static long call32(long number, long first, long second, long third, long fourth, long fifth)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(number), "b"(first), "c"(second), "d"(third), "S"(fourth), "D"(fifth)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void compat(void)
{
	unsigned int *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long id, address;

	check(at != MAP_FAILED, "mmap");
	for (int i = 0; i < 2; i++) {
		id = call32(SHMGET_32, IPC_PRIVATE, SIZE, IPC_CREAT | 0600, 0, 0);
		check(id >= 0, "shmget");
		address = call32(SHMAT_32, id, 0, SHM_RDONLY, 0, 0);
		check(call32(SHMDT_32, address, 0, 0, 0, 0) == 0, "shmdt");
		check(call32(SHMCTL_32, id, IPC_RMID, 0, 0, 0) == 0, "shmctl");
	}
	for (int i = 0; i < 3; i++) {
		id = call32(IPC_32, SHMGET, IPC_PRIVATE, SIZE, IPC_CREAT | 0600, 0);
		check(id >= 0, "ipc: shmget");
		check(call32(IPC_32, SHMAT, id, SHM_RDONLY, (long)at, 0) == 0, "ipc: shmat");
		check(call32(IPC_32, SHMDT, 0, 0, 0, *at) == 0, "ipc: shmdt");
		check(call32(IPC_32, SHMCTL, id, IPC_RMID | IPC_64, 0, 0) == 0, "ipc: shmctl");
	}
	call32(IPC_32, SEMGET, IPC_PRIVATE, -1, 0, 0);
}
#else
static void compat(void)
{
}
#endif

static void run(void)
{
	if (is("cycle"))
		cycle();
	else if (is("fails"))
		fails();
	else if (is("control"))
		controls();
	else if (is("attach"))
		attach_within(get(IPC_PRIVATE, SIZE, IPC_CREAT | 0600), 3);
	else if (is("flags"))
		flags();
	else if (is("apart"))
		check(unshare(CLONE_NEWIPC) == 0, "unshare");
	else if (is("many"))
		many();
	else if (is("thread"))
		thread();
	else if (is("compat"))
		compat();
	else
		check(0, kind);
}

int main(int argc, char **argv)
{
	char byte;

	check(read(0, &byte, 1) >= 0, "read");
	while (*++argv) {
		kind = *argv;
		run();
	}
	return 0;
}
