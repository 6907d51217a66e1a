// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of runqlen: how many tasks wait for each CPU, at each tick of a clock.
 *
 * Where the kernel lets programs find the run queues of all CPUs, one clock looks at all of them at once. So no
 * CPU is woken up to be looked at, and what one has to do can be compared with what others have not. Elsewhere
 * each CPU has a clock, and finds its own queue from the task that it runs.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "counts.h"
#include "idle_cpus.h"
#include "queued.h"

#define MAX_LENGTH 65535 /* a longer queue is counted as one of this length */

/* count what waits by the class of its scheduling too */
const volatile bool by_class;
/* count CPUs that are idle while tasks wait that could have them */
const volatile bool with_unclaimed;
/* how many groups of CPUs there may be: more than one if nodes are distinguished */
const volatile __u32 nr_nodes = 1;

/* what is counted: MEASURES of tools/runqlen/counter.ts has the same */
enum measure {
	MEASURE_WAITING, /* tasks that wait for a CPU; of each class from the next one on */
	MEASURE_OF_CLASS,
	MEASURE_IDLE = MEASURE_OF_CLASS + CLASSES, /* CPUs of a node that have nothing to do */
	MEASURE_WANTED, /* as many of these as tasks wait */
	MEASURE_UNCLAIMED, /* as many of these as tasks wait that may run there */
};

struct group {
	__u32 set;
	__u32 measure;
	__u32 of; /* a CPU, or a node */
	__u32 value;
};

struct count {
	__u64 samples;
};

/* More before load. One program at a time counts a CPU or a node. */
COUNTS(counts, struct group, struct count, 1024, 0);

/* the node of each CPU, if nodes are distinguished */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* as many as there are CPUs, before load */
	__type(key, __u32);
	__type(value, __u32);
} nodes SEC(".maps");

/* The run queue of each CPU. Not all kernels let programs find it. */
extern const struct rq runqueues __ksym __weak;

static __always_inline void count_value(enum measure measure, __u32 of, __u32 value)
{
	struct group group = {
		.set = set,
		.measure = measure,
		.of = of,
		.value = value < MAX_LENGTH ? value : MAX_LENGTH,
	};
	struct count empty = {}, *count = count_at(&counts, &group, &empty);

	if (count)
		count->samples++;
}

/* The classes in which nothing waits are not counted: that is all samples less those that are. */
static __always_inline void count_queue(__u32 cpu, const struct queued *queued)
{
	__u32 class;

	count_value(MEASURE_WAITING, cpu, queued->waiting);
	if (!by_class)
		return;
	for (class = 0; class < CLASSES; class ++) {
		if (queued->of_class[class])
			count_value(MEASURE_OF_CLASS + class, cpu, queued->of_class[class]);
	}
}

SEC("perf_event")
int sample(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct queued queued = {};

	/* each CPU has a queue in each cgroup; an idle task is in that of the root */
	look_at_queue(BPF_CORE_READ(task, se.cfs_rq, rq), task, by_class, &queued);
	count_queue(bpf_get_smp_processor_id(), &queued);
	return 0;
}

/* what was seen of a node */
struct seen {
	__u32 node;
	__u32 idle;
	__u32 waiting;
	__u32 placed; /* tasks that wait, and for which an idle CPU was found */
};

/* Its run queue, if a CPU is online and in this node. */
static __always_inline struct rq *queue_of(__u32 cpu, __u32 node)
{
	__u32 *known = nr_nodes > 1 ? bpf_map_lookup_elem(&nodes, &cpu) : NULL;
	struct rq *rq;

	if (nr_nodes > 1 && (!known || *known != node))
		return NULL;
	rq = (void *)bpf_per_cpu_ptr(&runqueues, cpu);
	return rq && BPF_CORE_READ(rq, online) ? rq : NULL;
}

/* Counts what waits for a CPU, and records whether it is one of this node's that are idle. */
static long look_at_cpu(__u32 cpu, void *ctx)
{
	struct seen *seen = ctx;
	struct rq *rq = queue_of(cpu, seen->node);
	struct queued queued = {};

	set_idle(cpu, false);
	if (!rq)
		return 0;
	look_at_queue(rq, BPF_CORE_READ(rq, curr), by_class, &queued);
	count_queue(cpu, &queued);
	seen->waiting += queued.waiting;
	if (queued.idle) {
		set_idle(cpu, true);
		seen->idle++;
	}
	return 0;
}

/* Looks for idle CPUs for the tasks that wait for this one. */
static long place_tasks(__u32 cpu, void *ctx)
{
	struct seen *seen = ctx;
	struct rq *rq = queue_of(cpu, seen->node);
	struct queued queued = {};
	struct task_struct *task;

	if (!rq)
		return 0;
	task = BPF_CORE_READ(rq, curr);
	look_at_queue(rq, task, true, &queued);
	/* where tasks of a scheduler that was loaded may run, is for that to say */
	seen->placed += queued.of_class[CLASS_EXT];
	/*
	 * The kernel itself moves tasks with deadlines and of real time as soon as there is a CPU for them: those that
	 * wait may run nowhere else.
	 */
	if (queued.of_class[CLASS_FAIR] && seen->placed < seen->idle)
		seen->placed += idle_cpus_for(rq, task);
	return seen->placed >= seen->idle;
}

static __always_inline __u32 least(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static long look_at_node(__u32 node, void *ctx)
{
	struct seen seen = { .node = node };

	bpf_loop(nr_cpus, look_at_cpu, &seen, 0);
	if (!with_unclaimed || !seen.idle)
		return 0;
	if (seen.waiting)
		bpf_loop(nr_cpus, place_tasks, &seen, 0);
	count_value(MEASURE_IDLE, node, seen.idle);
	count_value(MEASURE_WANTED, node, least(seen.waiting, seen.idle));
	count_value(MEASURE_UNCLAIMED, node, least(least(seen.placed, seen.waiting), seen.idle));
	return 0;
}

SEC("perf_event")
int snapshot(void *ctx)
{
	bpf_loop(nr_nodes, look_at_node, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
