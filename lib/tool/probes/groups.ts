/** What distinguishes counts of a tool whose user names hooks: the user half of bpf/include/hook_groups.h. */
import { membersOf } from "../members/members_of.ts";
import { list } from "../options/declarations.ts";
import { choice } from "../options/parsers.ts";
import type { Counted } from "../shapes/counts.ts";
import type { Hook } from "./hook.ts";

/** What may distinguish counts, besides the hook and a stack. */
export const GROUPED_BY = ["pid", "tid", "comm", "cpu", "cgroup"] as const;

/** One of {@link GROUPED_BY}. */
export type GroupedBy = typeof GROUPED_BY[number];

/**
 * The option `--by`.
 * @param does what the tool does by these, as help has it: `Count by`
 * @param more what else there is
 */
export function byOption<const More extends string>(does: string, more: readonly More[]) {
  const all = [...GROUPED_BY, ...more];
  const names = `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
  return list("", "WHAT,...", `${does} ${names} as well`, choice(...all));
}

/** Sets before load what distinguishes counts. */
export function setGroups(
  rodata: Record<`by_${GroupedBy}`, boolean>,
  by: readonly string[],
): void {
  for (const one of GROUPED_BY) rodata[`by_${one}`] = by.includes(one);
}

/** A count of hook_groups.h, as members read it. */
export interface Grouped {
  /** None where hooks are not distinguished. */
  readonly hook: Hook | undefined;
  readonly pid?: number;
  readonly tid?: number;
  readonly comm?: string;
  readonly cpu?: number;
  readonly cgroup?: bigint;
}

type Row = Counted<Grouped, { readonly by: readonly string[] }>;

const { time, text, integer } = membersOf<Row>();

/** A value that only the option brings. */
const asked = <V>({ $own }: Row, by: GroupedBy, value: V) =>
  $own.by.includes(by) ? value : undefined;

/** The members that say what was counted. */
export const groupMembers = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With commas between the names of one address. */
  func: text(
    { brief: "Function, USDT probe or tracepoint, with all names of its address", width: -36 },
    (r) => r.hook?.names.join(","),
  ),
  /** Undefined for what is of the kernel itself. */
  owner: text({ brief: "Its file, or its module of the kernel", width: -24 }, (r) => r.hook?.owner),
  pid: integer({ brief: "Process, with --by pid", width: 7 }, (r) => asked(r, "pid", r.pid)),
  tid: integer({ brief: "Thread, with --by tid", width: 7 }, (r) => asked(r, "tid", r.tid)),
  comm: text({ brief: "Its name, with --by comm", width: -16 }, (r) => asked(r, "comm", r.comm)),
  cpu: integer({ brief: "CPU, with --by cpu", width: 3 }, (r) => asked(r, "cpu", r.cpu)),
  /** The inode number of its folder. */
  cgroup_id: integer(
    { brief: "Cgroup (v2), with --by cgroup", header: "CGROUP", width: 10 },
    (r) => asked(r, "cgroup", r.cgroup),
  ),
};

/** The columns of what distinguishes counts, besides the hook. */
export function groupColumns(by: readonly string[]) {
  return [
    by.includes("pid") && "pid",
    by.includes("tid") && "tid",
    by.includes("comm") && "comm",
    by.includes("cpu") && "cpu",
    by.includes("cgroup") && "cgroup_id",
  ] as const;
}
