/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* io_uring without its library: one request at a time. */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd;
	unsigned *head, *tail, *array, *cq_head, cq_mask;
	struct io_uring_cqe *cqes;
	struct io_uring_sqe *sqe;
} uring;

static void uring_open(void)
{
	struct io_uring_params params = {};
	int access = PROT_READ | PROT_WRITE, flags = MAP_SHARED;
	char *sq, *cq;

	uring.fd = syscall(SYS_io_uring_setup, 1, &params);
	check(uring.fd >= 0, "io_uring_setup");
	sq = mmap(NULL, params.sq_off.array + sizeof(unsigned), access, flags, uring.fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(*uring.cqes), access, flags,
		  uring.fd, IORING_OFF_CQ_RING);
	uring.sqe = mmap(NULL, sizeof(*uring.sqe), access, flags, uring.fd, IORING_OFF_SQES);
	check(sq != MAP_FAILED && cq != MAP_FAILED && uring.sqe != MAP_FAILED, "mmap");
	uring.head = (void *)(sq + params.sq_off.head);
	uring.tail = (void *)(sq + params.sq_off.tail);
	uring.array = (void *)(sq + params.sq_off.array);
	uring.cq_head = (void *)(cq + params.cq_off.head);
	uring.cqes = (void *)(cq + params.cq_off.cqes);
	uring.cq_mask = params.cq_entries - 1;
}

/* Does this request and waits for it. Returns its result. */
static int uring_do(struct io_uring_sqe request)
{
	int result;

	*uring.sqe = request;
	*uring.array = 0;
	__atomic_store_n(uring.tail, *uring.head + 1, __ATOMIC_RELEASE);
	check(syscall(SYS_io_uring_enter, uring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1,
	      "io_uring_enter");
	result = uring.cqes[*uring.cq_head & uring.cq_mask].res;
	__atomic_store_n(uring.cq_head, *uring.cq_head + 1, __ATOMIC_RELEASE);
	return result;
}
