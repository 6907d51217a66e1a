/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* How many tasks are in a CPU's run queue, and of which class of scheduling they are. */
#ifndef DENOBPF_QUEUED_H
#define DENOBPF_QUEUED_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MAX_RT_PRIO 100 /* include/linux/sched/prio.h */

enum queue_class {
	CLASS_FAIR,
	CLASS_RT,
	CLASS_DEADLINE, /* and the kernel's own tasks that come before all others */
	CLASS_EXT,
	CLASSES,
};

/* What kernels call the number of queued tasks of the fair class, and how they count those that sleep. */
struct cfs_rq___queued {
	unsigned int h_nr_running; /* until Linux 6.13, */
	unsigned int h_nr_queued; /* and since then, and in some that took this over */
	unsigned int h_nr_runnable; /* of these, those that do not sleep: since Linux 6.14 */
	unsigned int h_nr_delayed; /* those that do: in Linux 6.12 and 6.13 */
	int throttle_count; /* with bandwidth control */
} __attribute__((preserve_access_index));

struct sched_entity___delayed {
	unsigned char sched_delayed;
} __attribute__((preserve_access_index));

struct scx_rq___any {
	__u32 nr_running;
} __attribute__((preserve_access_index));

/* with the class of schedulers that programs are */
struct rq___scx {
	struct scx_rq___any scx;
} __attribute__((preserve_access_index));

/* What is seen of a run queue. */
struct queued {
	/* tasks that could run but do not */
	__u32 waiting;
	__u32 of_class[CLASSES];
	/* it has nothing to do */
	bool idle;
};

static __always_inline __u32 less(__u32 from, __u32 number)
{
	return from > number ? from - number : 0;
}

static __always_inline __u32 fair_tasks(struct cfs_rq___queued *cfs)
{
	if (bpf_core_field_exists(cfs->h_nr_queued))
		return BPF_CORE_READ(cfs, h_nr_queued);
	return BPF_CORE_READ(cfs, h_nr_running);
}

/* Tasks that sleep, and are left in the queue until it is their turn: since Linux 6.12. */
static __always_inline __u32 delayed_tasks(struct cfs_rq___queued *cfs)
{
	if (bpf_core_field_exists(cfs->h_nr_runnable))
		return less(fair_tasks(cfs), BPF_CORE_READ(cfs, h_nr_runnable));
	if (bpf_core_field_exists(cfs->h_nr_delayed))
		return BPF_CORE_READ(cfs, h_nr_delayed);
	return 0;
}

/* Tasks of a scheduler that was loaded. */
static __always_inline __u32 ext_tasks(struct rq *rq)
{
	struct rq___scx *queue = (void *)rq;

	if (!bpf_core_field_exists(queue->scx))
		return 0;
	return BPF_CORE_READ(queue, scx.nr_running);
}

/* The class of the task that has the CPU: where others lend it a priority, that of this one. */
static __always_inline enum queue_class class_on_cpu(struct rq *rq, struct task_struct *task)
{
	int prio = BPF_CORE_READ(task, prio);

	if (prio < 0 || task == BPF_CORE_READ(rq, stop))
		return CLASS_DEADLINE;
	if (prio < MAX_RT_PRIO)
		return CLASS_RT;
	return ext_tasks(rq) && !BPF_CORE_READ(rq, cfs.curr) ? CLASS_EXT : CLASS_FAIR;
}

/*
 * Looks at a run queue. Its CPU may change it meanwhile.
 * @task: what the CPU runs
 * @by_class: whether the members of `of_class` are wanted
 */
static __always_inline void look_at_queue(struct rq *rq, struct task_struct *task, bool by_class,
					  struct queued *queued)
{
	struct cfs_rq___queued *cfs = (void *)rq + bpf_core_field_offset(rq->cfs);
	__u32 all = BPF_CORE_READ(rq, nr_running), delayed = delayed_tasks(cfs);
	bool runs = BPF_CORE_READ(task, pid);
	__u32 fair, rt, ext;

	queued->waiting = less(all, delayed + runs);
	queued->idle = !runs && all <= delayed;
	if (!by_class)
		return;
	fair = fair_tasks(cfs);
	rt = BPF_CORE_READ(rq, rt.rt_nr_running);
	ext = ext_tasks(rq);
	queued->of_class[CLASS_FAIR] = less(fair, delayed);
	queued->of_class[CLASS_RT] = rt;
	queued->of_class[CLASS_EXT] = ext;
	/* the kernel's own number of these has its servers in it, which are no tasks */
	queued->of_class[CLASS_DEADLINE] = less(all, fair + rt + ext);
	if (runs) {
		__u32 class = class_on_cpu(rq, task);

		if (class < CLASSES)
			queued->of_class[class] = less(queued->of_class[class], 1);
	}
}

/* Whether a task of a list of the fair class could run: it may sleep, or its cgroup have used up its time. */
static __always_inline bool is_runnable(struct task_struct *task)
{
	struct sched_entity___delayed *entity = (void *)task + bpf_core_field_offset(task->se);
	struct cfs_rq___queued *cfs = (void *)BPF_CORE_READ(task, se.cfs_rq);

	if (bpf_core_field_exists(entity->sched_delayed) && BPF_CORE_READ(entity, sched_delayed))
		return false;
	return !bpf_core_field_exists(cfs->throttle_count) || !BPF_CORE_READ(cfs, throttle_count);
}

#endif /* DENOBPF_QUEUED_H */
