import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { type GroupedBy, groupMembers } from "#lib/tool/probes.ts";
import { taskTimeHeading, timeMembers, type UnitOptions } from "#lib/tool/task_times.ts";
import type { CallTimes } from "./counter.ts";
import type { Plan } from "./plan.ts";

/** What rows depend on, besides what was counted. */
export interface Shown extends UnitOptions {
  readonly by: readonly GroupedBy[];
  readonly plan: Plan;
}

/** What histograms count in: nanoseconds, unless the options say otherwise. */
export function shownBy(
  { milliseconds, microseconds }: { milliseconds: boolean; microseconds: boolean },
): UnitOptions {
  return { milliseconds, nanoseconds: !milliseconds && !microseconds };
}

const { integer } = membersOf<Counted<CallTimes, Shown>>();

/** The members of a row. */
export const members = {
  ...groupMembers,
  ...timeMembers("call"),
  /** Undefined where that could not be measured. */
  probe_ns: integer(
    { brief: "What the probes themselves take of a call, about", width: 10 },
    (r) => r.$own.plan.probe_ns,
  ),
};

/** A row of a table: the calls of one group that returned since the table before. */
export type FunctionTimes = EventOf<typeof members>;

/** The line above a histogram: `func = vfs_read, pid = 42 sh`. */
export function heading({ func, pid, tid, cpu, cgroup_id, comm }: FunctionTimes): string {
  return taskTimeHeading({ func, pid, tid, cpu, cgroup: cgroup_id, comm });
}
