// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * files [KIND...]: works on "file" of the folder that it is started in, a known, prime number of times, one
 * KIND after the other. Blocks have 4 KiB. It opens the file once for each KIND.
 *
 *   make     makes the file, of 53 blocks, with one write
 *   sync     23 pwrite with O_SYNC
 *   append   7 write with O_APPEND
 *   read     41 pread from the second block on
 *   vector   37 preadv of two buffers of half a block
 *   splice   31 splice to a pipe
 *   aio      13 reads of io_submit, with O_DIRECT
 *   batch    5 writes of two halves of a block each, by one io_submit
 *   uring    11 reads of io_uring, with O_DIRECT
 *   cached   3 reads of io_uring from the page cache
 *   uwrite   7 writes of io_uring of two halves of a block each
 *   fsync    5 fsync
 *   stat     17 fstat
 *   open     19 open
 *   map      reads a byte of each of 3 pages of a mapping, which are not in memory: 3, 11 and 19
 *   odd      2 pread with O_DIRECT that are not aligned, and fail
 *   threads  23 threads that write a block each, at the same time
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "kind.h"
#include "uring.h"

#define BLOCK 4096
#define BLOCKS 53
#define NAME "file"

static _Alignas(BLOCK) char block[BLOCKS * BLOCK];

static int open_file(int flags)
{
	int file = open(NAME, flags, 0600);

	check(file >= 0, "open");
	return file;
}

static void moved(ssize_t bytes)
{
	check(bytes == BLOCK, "read or write");
}

static void splices(int file)
{
	int ends[2];

	check(pipe(ends) == 0, "pipe");
	for (int i = 0; i < 31; i++) {
		loff_t at = i * BLOCK;

		moved(splice(file, &at, ends[1], NULL, BLOCK, 0));
		moved(read(ends[0], block, BLOCK));
	}
}

static void copies(int file)
{
	int copy = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	loff_t at = 0;

	check(copy >= 0, "open copy");
	for (int i = 0; i < 7; i++)
		moved(copy_file_range(file, &at, copy, NULL, BLOCK, 0));
	for (int i = 0; i < 3; i++)
		moved(sendfile(copy, file, &at, BLOCK));
	close(copy);
}

static int ends[2], reader;

static void *read_byte(void *unused)
{
	char byte;

	__atomic_store_n(&reader, syscall(SYS_gettid), __ATOMIC_RELEASE);
	check(read(ends[0], &byte, 1) == 1, "read");
	return unused;
}

/* Whether a thread is asleep in read(2): proc_pid_syscall(5). */
static int is_reading(int tid)
{
	char path[64];
	FILE *calls;
	int nr = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	calls = fopen(path, "r");
	check(calls && fscanf(calls, "%d", &nr) >= 0, path);
	fclose(calls);
	return nr == SYS_read;
}

static void closed(void)
{
	pthread_t thread;

	check(pipe(ends) == 0, "pipe");
	check(pthread_create(&thread, NULL, read_byte, NULL) == 0, "pthread_create");
	while (!__atomic_load_n(&reader, __ATOMIC_ACQUIRE) || !is_reading(reader))
		sched_yield();
	close(ends[0]);
	check(write(ends[1], "", 1) == 1, "write");
	pthread_join(thread, NULL);
}

static void aios(int file)
{
	aio_context_t context = 0;

	check(syscall(SYS_io_setup, 1, &context) == 0, "io_setup");
	for (int i = 0; i < 13; i++) {
		struct iocb iocb = {
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_fildes = file,
			.aio_buf = (__u64)block,
			.aio_nbytes = BLOCK,
			.aio_offset = i * BLOCK,
		};
		struct iocb *iocbs[] = { &iocb };
		struct io_event event;

		check(syscall(SYS_io_submit, context, 1, iocbs) == 1, "io_submit");
		check(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1, "io_getevents");
		moved(event.res);
	}
}

static struct iovec halves[] = { { block, BLOCK / 2 }, { block + BLOCK / 2, BLOCK / 2 } };

static void batch(int file)
{
	aio_context_t context = 0;
	struct iocb requests[5] = {}, *pointers[5];
	struct io_event events[5];

	check(syscall(SYS_io_setup, 5, &context) == 0, "io_setup");
	for (int i = 0; i < 5; i++) {
		pointers[i] = &requests[i];
		requests[i].aio_lio_opcode = IOCB_CMD_PWRITEV;
		requests[i].aio_fildes = file;
		requests[i].aio_buf = (__u64)halves;
		requests[i].aio_nbytes = 2;
		requests[i].aio_offset = i * BLOCK;
	}
	check(syscall(SYS_io_submit, context, 5, pointers) == 5, "io_submit");
	check(syscall(SYS_io_getevents, context, 5, 5, events, NULL) == 5, "io_getevents");
	for (int i = 0; i < 5; i++)
		moved(events[i].res);
}

static void uring_writes(int file)
{
	uring_open();
	for (int i = 0; i < 7; i++)
		moved(uring_do((struct io_uring_sqe){
			.opcode = IORING_OP_WRITEV,
			.fd = file,
			.off = i * BLOCK,
			.addr = (__u64)halves,
			.len = 2,
		}));
	close(uring.fd);
}

static void urings(int file, int count)
{
	uring_open();
	for (int i = 0; i < count; i++)
		moved(uring_do((struct io_uring_sqe){
			.opcode = IORING_OP_READ,
			.fd = file,
			.off = i * BLOCK,
			.addr = (__u64)block,
			.len = BLOCK,
		}));
	close(uring.fd);
}

static void map(int file)
{
	char *pages = mmap(NULL, sizeof(block), PROT_READ, MAP_SHARED, file, 0);

	check(pages != MAP_FAILED, "mmap");
	check(fsync(file) == 0, "fsync");
	check(madvise(pages, sizeof(block), MADV_RANDOM) == 0, "madvise");
	check(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0, "posix_fadvise");
	for (int i = 3; i < 20; i += 8)
		block[0] += *(volatile char *)(pages + i * BLOCK);
}

static void *write_block(void *at)
{
	int file = open_file(O_WRONLY);

	moved(pwrite(file, block, BLOCK, (long)at * BLOCK));
	return NULL;
}

static void threads(void)
{
	pthread_t ids[23];

	for (long i = 0; i < 23; i++)
		check(pthread_create(&ids[i], NULL, write_block, (void *)i) == 0, "pthread_create");
	for (int i = 0; i < 23; i++)
		pthread_join(ids[i], NULL);
}

static void run(void)
{
	int direct = is("aio") || is("uring") || is("odd") ? O_DIRECT : 0;
	int file = open_file(O_RDWR | direct | (is("make") ? O_CREAT | O_TRUNC : 0) |
			     (is("sync") ? O_SYNC : 0) | (is("append") ? O_APPEND : 0));
	struct stat status;

	if (is("make"))
		check(write(file, block, sizeof(block)) == sizeof(block), "write");
	for (int i = 0; is("sync") && i < 23; i++)
		moved(pwrite(file, block, BLOCK, i * BLOCK));
	for (int i = 0; is("append") && i < 7; i++)
		moved(write(file, block, BLOCK));
	for (int i = 0; is("read") && i < 41; i++)
		moved(pread(file, block, BLOCK, (i + 1) * BLOCK));
	for (int i = 0; is("vector") && i < 37; i++)
		moved(preadv(file, halves, 2, i * BLOCK));
	for (int i = 0; is("fsync") && i < 5; i++)
		check(fsync(file) == 0, "fsync");
	for (int i = 0; is("stat") && i < 17; i++)
		check(fstat(file, &status) == 0, "fstat");
	for (int i = 0; is("open") && i < 19; i++)
		close(open_file(O_RDONLY));
	for (int i = 0; is("odd") && i < 2; i++)
		check(pread(file, block + 1, BLOCK - 7, 3) < 0, "a read that is not aligned");
	for (int i = 0; is("end") && i < 3; i++)
		check(pread(file, block, BLOCK, sizeof(block) - 100) == 100, "read at the end");
	for (int i = 0; is("end") && i < 5; i++)
		check(pread(file, block, BLOCK, sizeof(block)) == 0, "read behind the end");
	for (int i = 0; is("end") && i < 2; i++)
		check(pread(file, block, BLOCK, -1) < 0, "read before the start");
	if (is("splice"))
		splices(file);
	if (is("closed"))
		closed();
	if (is("copy"))
		copies(file);
	if (is("aio"))
		aios(file);
	if (is("uring"))
		urings(file, 11);
	if (is("cached"))
		urings(file, 3);
	if (is("batch"))
		batch(file);
	if (is("uwrite"))
		uring_writes(file);
	if (is("map"))
		map(file);
	if (is("threads"))
		threads();
	close(file);
}

int main(int argc, char **argv)
{
	while (*++argv) {
		kind = *argv;
		run();
	}
	return 0;
}
