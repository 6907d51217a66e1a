import {
  type Counted,
  DiskNames,
  drawHistogram,
  escapeText,
  type EventOf,
  latencyMembers,
  membersOf,
  RequestNames,
} from "#lib/tool/mod.ts";
import {
  type FlameFrame,
  framePath,
  framesOf,
  type Marks,
  stackMembers,
  taskFrame,
} from "#lib/tool/stacks.ts";
import type { Requests } from "./counter.ts";

/** `enum owner_kind` of bpf/include/block.h. */
const OWNERS = ["unknown", "task", "flush_of", "passthrough"];
const UNKNOWN = 0;

/** What members are read by. */
export function own(
  { milliseconds, user }: { readonly milliseconds: boolean; readonly user: boolean },
) {
  return {
    unit: milliseconds ? "ms" : "us",
    kernel: true,
    user,
    disks: new DiskNames(),
    names: new RequestNames(),
  };
}

const member = membersOf<Counted<Requests, ReturnType<typeof own>>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined where nobody is known to have asked. */
  comm: member.text(
    { brief: "Name of the thread that asked", width: -16 },
    (r) => r.owner === UNKNOWN ? undefined : r.comm,
  ),
  pid: member.integer(
    { brief: "The process that asked", width: -7 },
    (r) => r.owner === UNKNOWN ? undefined : r.pid,
  ),
  /** How the task that asked is known: see docs/biostacks.md. */
  owner: member.text(
    { brief: "How it is known: task, flush_of, passthrough, unknown", width: -11 },
    (r) => OWNERS[r.owner],
  ),
  disk: member.text({ brief: "The disk: sda", width: -8 }, (r) => r.$own.disks.name(r.dev)),
  op: member.text(
    { brief: "Operation: read, write, flush, discard", width: -12 },
    (r) => r.$own.names.op(r.op),
  ),
  bytes: member.integer({ brief: "Their bytes", width: 12 }, (r) => r.bytes),
  /** Nanoseconds. */
  queue_ns: member.integer(
    { brief: "Part of total_ns until the issue to the disk", width: 16 },
    (r) => r.queue_ns,
  ),
  ...latencyMembers("Requests"),
  ...stackMembers,
};

/** Requests of one kind that were asked for with one stack, since the table before. */
export type StackRequests = EventOf<typeof members>;

/** In place of the name of a thread that is not known. */
const NOBODY = "[unknown]";

/** A row as the C tool prints it: who has asked and of which disk, the functions, the histogram. */
export function drawn(row: StackRequests, _: string, marks: Marks): string {
  const { comm = NOBODY, pid = 0, disk, op, unit, histogram } = row;
  const whose = `${comm.slice(0, 14).padEnd(14)} ${String(pid).padEnd(6)} ${disk.padEnd(7)} ${op}`;
  const lines = [whose, ...framesOf(row, "--", marks)].map((line) => `${escapeText(line)}\n`);
  return lines.join("") + drawHistogram(histogram, { unit: unit === "ms" ? "msecs" : "usecs" });
}

/** A row in flame graphs: the thread, and its stack from the outermost function on. */
export function path(row: StackRequests, marks: Marks): FlameFrame[] {
  return [taskFrame(row.comm ?? NOBODY), ...framePath(row, marks).reverse()];
}
