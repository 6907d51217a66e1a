#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** task_iter: every task there is, once. The program runs when its iterator is read. */
import { task_info, TaskIter } from "#skel/examples/task_iter.ts";
import { decodeAll } from "#lib/btf/codec.ts";
import { attachIter } from "#lib/objects/attach/iter.ts";
import { listTool, membersOf, toolMain } from "#lib/tool/mod.ts";

const member = membersOf<task_info>();

export const { tool, start: taskIter } = listTool({
  name: "task_iter",
  brief: "Show every thread on the host, its state and the depth of its kernel stack",
  examples: [["task_iter", "all of them, once"]],
  options: {},
  members: {
    pid: member.integer({ brief: "Process" }, (task) => task.pid),
    tid: member.integer({ brief: "Thread" }, (task) => task.tid),
    comm: member.text({ brief: "Name of the thread" }, (task) => task.comm),
    state: member.text({ brief: "What it is doing" }, (task) => stateName(task.state)),
    kstack_len: member.errno({ brief: "Depth of its kernel stack" }, (task) => task.kstack_len),
    info: member.text({ brief: "All of that", header: "TASKS", only: "table" }, info),
  },
  columns: () => ["info"],
  rows: tasks,
});

/** Every task there is. */
export function* tasks(): Generator<task_info, void, void> {
  using opened = TaskIter.open();
  const records = attachIter(opened.load().progs.get_tasks).read();
  for (let at = 0; at < records.length; at += task_info.size) {
    yield decodeAll(task_info, records.subarray(at, at + task_info.size));
  }
}

/** The common ones of include/linux/sched.h. */
const STATES = new Map([
  [0x000, "RUNNING"],
  [0x001, "INTERRUPTIBLE"],
  [0x002, "UNINTERRUPTIBLE"],
  [0x020, "ZOMBIE"],
  [0x200, "WAKING"],
  [0x400, "NOLOAD"],
  [0x402, "IDLE"],
  [0x800, "NEW"],
]);

/** Added to a state: a suspend may freeze the task. */
const TASK_FREEZABLE = 0x2000;

function stateName(state: number): string {
  return STATES.get(state & ~TASK_FREEZABLE) ?? "<unknown>";
}

function info({ pid, comm, kstack_len, state }: task_info): string {
  const [trouble, stack] = kstack_len > 0
    ? ["", `Kernel Stack Len: ${kstack_len}`]
    : ["Error getting kernel stack for task. ", `Kernel Stack Error: ${kstack_len}`];
  return `${trouble}Task Info. Pid: ${pid}. Process Name: ${comm}. ${stack}. State: ${
    stateName(state)
  }`;
}

if (import.meta.main) await toolMain(tool);
