import {
  type Counted,
  escapeText,
  type EventOf,
  type FlameFrame,
  membersOf,
} from "#lib/tool/mod.ts";
import { type GroupedBy, groupMembers } from "#lib/tool/probes.ts";
import {
  framePath,
  framesOf,
  type Marks,
  type Sides,
  stackMembers,
  taskFrame,
} from "#lib/tool/stacks.ts";
import type { StackCount } from "./counter.ts";

/** What readers of members need. */
export interface Shown extends Sides {
  readonly by: readonly GroupedBy[];
}

const { integer } = membersOf<Counted<StackCount, Shown>>();

/** The members of a row. */
export const members = {
  ...groupMembers,
  count: integer(
    { brief: "How often it was passed with these stacks", width: 8 },
    (r) => Number(r.count),
  ),
  ...stackMembers,
};

/** How often something was passed with one stack since the table before. */
export type StackTimes = EventOf<typeof members>;

/**
 * A row as the Python tool prints it: the functions, the innermost first, whose they are, the count.
 * @param several whether there are hooks that their stacks do not name
 */
export function drawn(row: StackTimes, value: string, marks: Marks, several: boolean): string {
  const names = [...several ? [row.func!] : [], ...framesOf(row, "--", marks)];
  const whose = groupOf(row);
  return [
    ...names.map((name) => `  ${name}`),
    ...whose === "" ? [] : [`    ${whose}`],
    `    ${value}`,
  ].map((line) => `${escapeText(line)}\n`).join("");
}

/** A row in flame graphs, which begins with whose it is. */
export function path(row: StackTimes, marks: Marks, several: boolean): FlameFrame[] {
  const whose = groupOf(row);
  return [
    ...whose === "" ? [] : [taskFrame(whose)],
    ...framePath(row, marks).reverse(),
    ...several ? [taskFrame(row.func!)] : [],
  ];
}

/** What distinguishes it, if anything: `sh [42]`, `sh [42] cpu 1`. */
function groupOf({ comm, pid, tid, cpu, cgroup_id }: StackTimes): string {
  return [
    comm,
    pid !== undefined && `[${pid}]`,
    tid !== undefined && `tid ${tid}`,
    cpu !== undefined && `cpu ${cpu}`,
    cgroup_id !== undefined && `cgroup ${cgroup_id}`,
  ].filter((part) => part !== undefined && part !== false).join(" ");
}
