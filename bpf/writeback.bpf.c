// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of writeback: an event for every pass in which the kernel writes what is dirty in the page cache to
 * a device, at its end. A pass belongs to a work, which takes as many passes as it needs: one that somebody has
 * queued, or one that the device's worker has begun by itself.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "calls.h"
#include "kinds.h"
#include "targets.h"

#define ASKERS 1024 /* of works that are queued or under way */
#define WORKERS 1024
#define NAME_SIZE 64 /* bdi->dev_name */
#define FS_SIZE 32

/* report passes only that targets have asked for */
const volatile bool by_asker;
/* report passes that take at least this long only */
const volatile __u64 min_ns;

struct event {
	boot_ns time; /* of the end of the pass */
	duration_ns duration_ns;
	duration_ns queued_ns; /* from when the work was queued to the beginning of the pass */
	cgroup_id cgroup_id; /* whose pages are written; 0: the kernel does not write by cgroup */
	__s64 pages;
	pid pid;
	tid tid;
	uid uid;
	dev dev; /* of the only file system that is written; 0: all of the device */
	__u32 reason; /* enum wb_reason */
	__u32 asked; /* whether it is known who has queued the work */
	__u32 waits; /* the one who queued it waits until all is on the device */
	comm comm;
	char device[NAME_SIZE];
	char fs[FS_SIZE];
};

#include "events.h"

struct asker {
	__u64 time;
	pid pid;
	tid tid;
	uid uid;
	__u32 is_target;
	comm comm;
};

/* by the work: nothing says when one is freed, and its address is used again */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ASKERS);
	__type(key, struct wb_writeback_work *);
	__type(value, struct asker);
} askers SEC(".maps");

struct pass {
	__u64 frame;
	__u64 start;
	__s64 pages; /* that the work may still write */
};

/* a lock is held */
CALLS(passes, struct pass, WORKERS, 0);

SEC("raw_tp/writeback_queue")
int BPF_PROG(btf_queue, struct bdi_writeback *wb, struct wb_writeback_work *work)
{
	struct asker asker = {
		.time = bpf_ktime_get_ns(),
		.pid = bpf_get_current_pid_tgid() >> 32,
		.tid = bpf_get_current_pid_tgid(),
		.uid = bpf_get_current_uid_gid(),
		.is_target = is_target(),
	};

	bpf_get_current_comm(asker.comm, sizeof(asker.comm));
	bpf_map_update_elem(&askers, &work, &asker, BPF_ANY);
	return 0;
}

SEC("raw_tp/writeback_start")
int BPF_PROG(btf_start, struct bdi_writeback *wb, struct wb_writeback_work *work)
{
	struct pass pass = {
		.start = bpf_ktime_get_ns(),
		.pages = BPF_CORE_READ(work, nr_pages),
	};

	call_begin(&passes, 0, &pass);
	return 0;
}

/* Who has queued a work. One that the worker began by itself is on its stack, and nobody waits to hear of its end. */
static __always_inline struct asker *asker_of(struct wb_writeback_work *work)
{
	return BPF_CORE_READ(work, done) ? bpf_map_lookup_elem(&askers, &work) : NULL;
}

static __always_inline __u64 cgroup_of(struct bdi_writeback *wb)
{
	if (!bpf_core_field_exists(wb->memcg_css))
		return 0;
	return BPF_CORE_READ(wb, memcg_css, cgroup, kn, id);
}

SEC("raw_tp/writeback_written")
int BPF_PROG(btf_written, struct bdi_writeback *wb, struct wb_writeback_work *work)
{
	struct asker *asker = asker_of(work);
	struct super_block *sb;
	struct pass pass = {};
	struct event *event;
	__u64 now = bpf_ktime_get_ns();

	if (!call_end(&passes, 0, &pass) || now - pass.start < min_ns)
		return 0;
	if (by_asker && !(asker && asker->is_target))
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	event->time = bpf_ktime_get_boot_ns();
	event->duration_ns = now - pass.start;
	event->cgroup_id = cgroup_of(wb);
	event->pages = pass.pages - BPF_CORE_READ(work, nr_pages);
	event->reason = BPF_CORE_READ(work, reason);
	event->waits = BPF_CORE_READ(work, sync_mode) == WB_SYNC_ALL;
	if (asker) {
		event->asked = true;
		event->queued_ns = pass.start - asker->time;
		event->pid = asker->pid;
		event->tid = asker->tid;
		event->uid = asker->uid;
		__builtin_memcpy(event->comm, asker->comm, sizeof(event->comm));
	}
	BPF_CORE_READ_STR_INTO(&event->device, wb, bdi, dev_name);
	sb = BPF_CORE_READ(work, sb);
	if (sb) {
		event->dev = BPF_CORE_READ(sb, s_dev);
		bpf_probe_read_kernel_str(event->fs, sizeof(event->fs),
					  BPF_CORE_READ(sb, s_type, name));
	}
	submit_event(event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
