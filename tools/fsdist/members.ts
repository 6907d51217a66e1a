import type { group, latencies } from "#skel/fsdist.ts";
import {
  type Counted,
  deviceNumbers,
  errnoName,
  type EventOf,
  latencyMembers,
  membersOf,
} from "#lib/tool/mod.ts";
import { FILE_OPS, MountPoints } from "#lib/tool/file_systems.ts";

/** What distinguishes histograms, by the options. */
export function own(
  options: {
    readonly by_mount: boolean;
    readonly by_process: boolean;
    readonly errors: boolean;
    readonly milliseconds: boolean;
  },
) {
  return { ...options, mounts: new MountPoints(), unit: options.milliseconds ? "ms" : "us" };
}

const member = membersOf<Counted<group & latencies, ReturnType<typeof own>>>();

/** The members of a histogram. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  op: member.text(
    { brief: `What was done: ${FILE_OPS.join(", ")}`, width: -9 },
    (r) => FILE_OPS[r.op],
  ),
  /** With the option `by_mount`; undefined if it is mounted no more. */
  mount: member.text(
    { brief: "Where the file system is mounted, with --by-mount", width: -24 },
    (r) => r.$own.by_mount ? r.$own.mounts.of(r.dev) : undefined,
  ),
  /** With the option `by_mount`: `8:1`. */
  dev: member.text(
    { brief: "Its device, with --by-mount", width: -7 },
    (r) => r.$own.by_mount ? deviceNumbers(r.dev) : undefined,
  ),
  /** With the option `by_process`. */
  pid: member.integer(
    { brief: "Process, with --by-process", width: -7 },
    (r) => r.$own.by_process ? r.pid : undefined,
  ),
  /** With the option `by_process`. */
  comm: member.text(
    { brief: "Name of its thread at the last call, with --by-process", width: -16 },
    (r) => r.$own.by_process ? r.comm : undefined,
  ),
  /** With the option `errors`: `EIO`. */
  error: member.text(
    { brief: "Name of the errno of calls that failed, with --errors", width: -8 },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  ...latencyMembers("Calls"),
};

/** A histogram: calls of one kind since the table before. */
export type FileLatency = EventOf<typeof members>;

const table = membersOf<FileLatency>();

/** What tables alone know. */
export const derived = {
  rank: table.integer(
    { brief: "Place of the operation among all, as the C tool orders them", width: 4 },
    (e) => FILE_OPS.findIndex((op) => op === e.op),
  ),
};

/** The line above a histogram: `operation = 'read'`, as the C tool has it, and what else it is of. */
export function headingOf(row: FileLatency, extension: boolean): string {
  const { op, mount, dev, pid, comm, error, count, avg_ns, max_ns, total_ns, unit } = row;
  const nanoseconds = unit === "ms" ? 1_000_000n : 1000n;
  return [
    `operation = '${op}'`,
    dev !== undefined && `mount = ${mount ?? dev}`,
    pid !== undefined && `pid = ${pid} ${comm}`,
    error !== undefined && `error = ${error}`,
    extension && `avg = ${avg_ns / nanoseconds} ${unit}, max = ${max_ns / nanoseconds} ${unit}, ` +
      `total: ${total_ns / nanoseconds} ${unit}, count: ${count}`,
  ].filter((part) => part !== false).join("  ");
}
