import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import {
  groupMembers,
  taskTimeHeading,
  type TaskTimeOptions,
  type TaskTimes,
  timeMembers,
} from "#lib/tool/task_times.ts";

/** The options that rows depend on. */
export interface Shown extends TaskTimeOptions {
  readonly states: boolean;
}

/** Kinds of times by their letters, where they have other names than these: see bpf/cpudist.bpf.c. */
const KINDS: Readonly<Record<string, string>> = { R: "preempted", d: "iowait", X: "ended" };

/** Kinds of times that there are at most: those of state_letter() in bpf/include/sched.h, and `iowait`. */
export const MOST_KINDS = 11;

const member = membersOf<Counted<TaskTimes, Shown>>();

function stateOf(kind: number): string {
  const letter = String.fromCharCode(kind);
  return KINDS[letter] ?? letter;
}

/** The members of a row. */
export const members = {
  ...groupMembers("CPU on which the time ended"),
  /** With the option `states`: `preempted`, `iowait`, `ended`, or a letter as ps(1) has it. */
  state: member.text(
    { brief: "State in which the task left its CPU, with --states", width: -9 },
    (r) => r.$own.states ? stateOf(r.kind) : undefined,
  ),
  ...timeMembers("time"),
};

/** A row of a table: the times of one group since the table before. */
export type CpuTimes = EventOf<typeof members>;

/** The line above a histogram, as the C tool has it: `pid = 42 sh`. */
export function heading({ pid, tid, comm, pidns, cgroup_id, cpu, state }: CpuTimes): string {
  return taskTimeHeading({ pid, tid, pidns, cgroup: cgroup_id, cpu, state, comm });
}
