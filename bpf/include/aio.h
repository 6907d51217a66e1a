/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Requests of Linux aio, as io_submit(2) is passed them: include/uapi/linux/aio_abi.h. */
#ifndef DENOBPF_AIO_H
#define DENOBPF_AIO_H

#include <bpf/bpf_helpers.h>
#include "kinds.h"
#include "losses.h"
#include "syscall.h"

/* Of a call, or of a vector, that has more of them, the rest is lost. */
#define AIO_REQUESTS 128
#define AIO_PARTS 128

struct aio_request {
	__u32 fd;
	bool writes;
	byte_count bytes; /* that are asked for */
};

/* The size of a pointer of the current program. */
static __always_inline __u32 word_size(void)
{
	return syscall_is_compat() ? sizeof(__u32) : sizeof(__u64);
}

/* The address of a request: the one at this place of the third argument. */
static __always_inline __u64 aio_request_at(__u64 requests, __u32 at)
{
	__u64 address = 0;
	__u32 word = word_size();

	bpf_probe_read_user(&address, word, (void *)requests + at * word);
	return address;
}

/* The bytes that the parts of a vector have together: each is an address and a length. */
static __always_inline __u64 vector_bytes(__u64 vector, __u64 parts)
{
	__u32 at, word = word_size();
	__u64 bytes = 0;

	if (parts > AIO_PARTS)
		count_lost_map();
	for (at = 0; at < AIO_PARTS && at < parts; at++) {
		__u64 part = 0;

		bpf_probe_read_user(&part, word, (void *)vector + (2 * at + 1) * word);
		bytes += part;
	}
	return bytes;
}

/* Returns whether it is a request to read or to write. 32-bit programs have the same struct. */
static __always_inline bool read_aio_request(__u64 address, struct aio_request *request)
{
	struct iocb iocb = {};

	if (bpf_probe_read_user(&iocb, sizeof(iocb), (void *)address))
		return false;
	request->fd = iocb.aio_fildes;
	request->bytes = iocb.aio_nbytes;
	switch (iocb.aio_lio_opcode) {
	case IOCB_CMD_PREAD:
		return true;
	case IOCB_CMD_PWRITE:
		request->writes = true;
		return true;
	case IOCB_CMD_PREADV:
		break;
	case IOCB_CMD_PWRITEV:
		request->writes = true;
		break;
	default:
		return false;
	}
	request->bytes = vector_bytes(iocb.aio_buf, iocb.aio_nbytes);
	return true;
}

#endif /* DENOBPF_AIO_H */
