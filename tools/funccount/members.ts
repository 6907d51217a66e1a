import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { groupMembers } from "#lib/tool/probes.ts";
import type { By, Calls } from "./counter.ts";

/** The option that readers of members need. */
export interface Shown {
  readonly by: readonly By[];
}

const { text, words, integer, decimal } = membersOf<Counted<Calls, Shown>>();

export const members = {
  ...groupMembers,
  /** With commas between the names of one address. Here it is always known. */
  func: text(
    { brief: groupMembers.func.brief, width: -36 },
    (r) => r.hook.names.join(","),
  ),
  count: integer({ brief: "How often it was passed", width: 8 }, (r) => r.count),
  per_second: decimal(
    { brief: "How often in a second", header: "PER_S", width: 10, decimals: 1 },
    (r) => r.count / r.$seconds,
  ),
  /** The innermost first. */
  kstack: words(
    { brief: "With --by kstack: functions of the kernel that led to it" },
    (r) => r.stack,
  ),
};

/** How often something was passed since the table before. */
export type FunctionCount = EventOf<typeof members>;

const table = membersOf<FunctionCount>();

/** What tables alone show. */
export const derived = {
  stack: table.words(
    { brief: "With --by kstack: a line for each function", header: " ", as: "lines" },
    ({ kstack = [] }) => ["", ...kstack.map((name) => `    ${name}`)],
  ),
};
