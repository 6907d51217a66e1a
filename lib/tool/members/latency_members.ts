import type { Counted } from "../shapes/counts.ts";
import { usedSlots } from "../text/histogram.ts";
import type { Member } from "./member.ts";
import { membersOf } from "./members_of.ts";

/** Times that a kernel half adds up, and counts in slots. */
export interface Latencies {
  /** How many ended. */
  readonly count: bigint;
  /** How many of them failed. */
  readonly errors: bigint;
  /** The time of all of them, in nanoseconds. */
  readonly total_ns: bigint;
  /** The shortest. */
  readonly min_ns: bigint;
  /** The longest. */
  readonly max_ns: bigint;
  /** How many took 2^i to 2^(i+1) - 1 of the unit. */
  readonly slots: readonly (number | bigint)[];
}

/** What the members are read from; the tool's `own` names the unit. */
export type LatencyRow = Counted<Latencies, { readonly unit: string }>;

/** The members that say how long something took. */
export interface LatencyMembers {
  /** How many ended. */
  readonly count: Member<LatencyRow, number>;
  /** How many of them failed. */
  readonly errors: Member<LatencyRow, number>;
  /** Nanoseconds in all. */
  readonly total_ns: Member<LatencyRow, bigint>;
  /** Nanoseconds. */
  readonly avg_ns: Member<LatencyRow, bigint>;
  /** Nanoseconds. */
  readonly min_ns: Member<LatencyRow, bigint>;
  /** Nanoseconds. */
  readonly max_ns: Member<LatencyRow, bigint>;
  /** What the histogram counts in: `us`, with the option `milliseconds` `ms`. */
  readonly unit: Member<LatencyRow, string>;
  /** How many of them took 2^i to 2^(i+1) - 1 of this unit; the first also those of 0. */
  readonly histogram: Member<LatencyRow, readonly number[]>;
}

const member = membersOf<LatencyRow>();

/**
 * Declares the members that say how long what a tool counts took, failed or not, and their histogram.
 * @param many what is counted: `Requests`
 *
 * @example
 * ```ts
 * import { latencyMembers } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(latencyMembers("Requests").count.brief, "Requests that ended");
 * ```
 */
export function latencyMembers(many: string): LatencyMembers {
  return {
    count: member.integer({ brief: `${many} that ended`, width: 8 }, (r) => Number(r.count)),
    errors: member.integer({ brief: "Those that failed", width: 8 }, (r) => Number(r.errors)),
    total_ns: member.integer(
      { brief: "Time that all of them took, in nanoseconds", width: 16 },
      (r) => r.total_ns,
    ),
    avg_ns: member.integer({ brief: "Average", width: 12 }, (r) => r.total_ns / r.count),
    min_ns: member.integer({ brief: "Shortest", width: 12 }, (r) => r.min_ns),
    max_ns: member.integer({ brief: "Longest", width: 12 }, (r) => r.max_ns),
    unit: member.text({ brief: "Unit of the histogram: us or ms", width: -4 }, (r) => r.$own.unit),
    histogram: member.integers(
      { brief: `${many} that took 2^i to 2^(i+1) - 1 of the unit` },
      (r) => usedSlots(r.slots),
    ),
  };
}
