import { type Counted, type EventOf, membersOf, WAIT_KINDS } from "#lib/tool/mod.ts";
import {
  groupMembers,
  taskTimeHeading,
  type TaskTimeOptions,
  type TaskTimes,
  timeMembers,
} from "#lib/tool/task_times.ts";

/** The options that rows depend on. */
export interface Shown extends TaskTimeOptions {
  readonly kinds: boolean;
}

const member = membersOf<Counted<TaskTimes, Shown>>();

/** The members of a row. */
export const members = {
  ...groupMembers("CPU that the task got"),
  /** With the option `kinds`: `woken`, `new` or `preempted`. */
  kind: member.text(
    { brief: "Why the task waited, with --kinds: woken, new or preempted", width: -9 },
    (r) => r.$own.kinds ? WAIT_KINDS[r.kind] : undefined,
  ),
  ...timeMembers("wait"),
};

/** A row of a table: the waits of one group since the table before. */
export type RunQueueLatency = EventOf<typeof members>;

/** The line above a histogram, as the C tool has it: `pid = 42 sh`. */
export function heading({ pid, tid, comm, pidns, cgroup_id, cpu, kind }: RunQueueLatency): string {
  return taskTimeHeading({ pid, tid, pidns, cgroup: cgroup_id, cpu, kind, comm });
}
