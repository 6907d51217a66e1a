import type { group, sizes } from "#skel/bitesize.ts";
import {
  type Counted,
  type EventOf,
  membersOf,
  RequestNames,
  titleOf,
  usedSlots,
} from "#lib/tool/mod.ts";

/** OWNER_UNKNOWN of bpf/include/block.h. */
const UNKNOWN = 0;

/** What members are read by. */
export function own() {
  return { names: new RequestNames() };
}

const member = membersOf<Counted<group & sizes, ReturnType<typeof own>>>();

/** The members of a histogram. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined where nobody is known to have asked. */
  comm: member.text(
    { brief: "Name of the thread that asked", width: -16 },
    (r) => r.owner === UNKNOWN ? undefined : r.comm,
  ),
  op: member.text(
    { brief: "Operation: read, write, discard", width: -12 },
    (r) => r.$own.names.op(r.op),
  ),
  count: member.integer({ brief: "Requests", width: 8 }, (r) => Number(r.count)),
  bytes: member.integer({ brief: "Their bytes", width: 12 }, (r) => r.bytes),
  avg_bytes: member.integer({ brief: "Average", width: 12 }, (r) => r.bytes / r.count),
  min_bytes: member.integer({ brief: "Smallest", width: 12 }, (r) => r.min_bytes),
  max_bytes: member.integer({ brief: "Largest", width: 12 }, (r) => r.max_bytes),
  histogram: member.integers(
    { brief: "Requests of 2^i to 2^(i+1) - 1 sectors of 512 bytes" },
    (r) => usedSlots(r.slots),
  ),
};

/** A histogram: requests of one name and operation since the table before. */
export type RequestSizes = EventOf<typeof members>;

/** The line above a histogram: as the C tool has it, and the operation. */
export function headingOf({ comm, op }: RequestSizes): string {
  return `Process Name = ${comm ?? "?"}  op = ${titleOf(op)}`;
}
