// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * backwards DISK COUNT: reads this many blocks of 4 KiB from a disk at once, the last one first, so that the
 * kernel merges each in front of those before it. The calls are those of io_submit(2), which libc has not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096
#define MOST 128

int main(int argc, char **argv)
{
	int i, count = atoi(argv[2]), disk = open(argv[1], O_RDONLY | O_DIRECT);
	char *memory = aligned_alloc(BLOCK, MOST * BLOCK);
	struct iocb blocks[MOST] = {}, *list[MOST];
	struct io_event ends[MOST];
	aio_context_t context = 0;

	if (disk < 0 || count > MOST || syscall(SYS_io_setup, MOST, &context))
		return 1;
	for (i = 0; i < count; i++) {
		blocks[i].aio_lio_opcode = IOCB_CMD_PREAD;
		blocks[i].aio_fildes = disk;
		blocks[i].aio_buf = (unsigned long)(memory + i * BLOCK);
		blocks[i].aio_nbytes = BLOCK;
		blocks[i].aio_offset = (long)(count - 1 - i) * BLOCK;
		list[i] = &blocks[i];
	}
	if (syscall(SYS_io_submit, context, count, list) != count)
		return 1;
	return syscall(SYS_io_getevents, context, count, count, ends, NULL) != count;
}
