#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** task_iter: every task there is, once. The program runs when its iterator is read. */
import { task_info, TaskIter } from "#skel/examples/task_iter.ts";
import { decodeAll } from "#lib/btf/codec.ts";
import { attachIter } from "#lib/objects/attach/iter.ts";
import { ListTrace } from "#lib/tool/list_trace.ts";
import { type Tool, toolMain } from "#lib/tool/mod.ts";

export const tool: Tool<unknown, task_info> = {
  name: "task_iter",
  brief: "Show every thread on the host, its state and the depth of its kernel stack",
  options: {},
  examples: [["task_iter", "all of them, once"]],
  fields: {
    pid: { type: "integer", brief: "Process", value: (task) => task.pid },
    tid: { type: "integer", brief: "Thread", value: (task) => task.tid },
    comm: { type: "text", brief: "Name of the thread", value: (task) => task.comm },
    state: { type: "text", brief: "What it is doing", value: (task) => stateName(task.state) },
    kstack_len: {
      type: "integer",
      brief: "Depth of its kernel stack; below 0 an errno",
      value: (task) => task.kstack_len,
    },
    info: { type: "text", header: "TASKS", only: "table", brief: "All of that", value: info },
  },
  columns: () => ["info"],
  trace: () => new ListTrace(tasks()),
};

/** Every task there is. */
export async function* tasks(): AsyncGenerator<task_info, void, void> {
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
