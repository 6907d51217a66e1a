import type { Member } from "./member.ts";
import type { MemberKinds } from "./members_of.ts";

/** The units that C tools show durations in, in nanoseconds. */
const UNITS = { us: 1e3, ms: 1e6 } as const;

/** The names of columns for durations, one for each unit: `time_us` and `time_ms`. */
export type InUnits<Names extends string> = `${Names}_${"us" | "ms"}`;

/**
 * Columns of a table for durations in the unit that an option chooses: of `time` these are `time_us` and
 * `time_ms`, with the headers `TIME (us)` and `TIME (ms)`.
 * @param durations for each column the member in nanoseconds, and the width
 *
 * @example
 * ```ts
 * import { durationsIn, membersOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const table = membersOf<{ total_ns: bigint }>();
 * const columns = durationsIn(table, { time: ["total_ns", 12] });
 * assertEquals(Object.keys(columns), ["time_us", "time_ms"]);
 * ```
 */
export function durationsIn<E, Names extends string>(
  table: MemberKinds<E>,
  durations: Readonly<Record<Names, readonly [member: keyof E & `${string}_ns`, width: number]>>,
): Record<InUnits<Names>, Member<E, bigint | undefined>> {
  const named = Object.entries<readonly [keyof E & string, number]>(durations);
  const columns = Object.entries(UNITS).flatMap(([unit, nanoseconds]) =>
    named.map(([name, [of, width]]) => [
      `${name}_${unit}`,
      table.integer({
        brief: `${of}, in ${unit}`,
        header: `${name.toUpperCase()} (${unit})`,
        width,
        unit: nanoseconds,
        decimals: 3,
      }, (event) => event[of] as bigint | undefined),
    ])
  );
  return Object.fromEntries(columns);
}
