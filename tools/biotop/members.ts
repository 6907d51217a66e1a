import type { group, usage } from "#skel/biotop.ts";
import {
  type Counted,
  deviceNumbers,
  diskName,
  type EventOf,
  membersOf,
  RequestNames,
} from "#lib/tool/mod.ts";

/** OWNER_UNKNOWN of bpf/include/block.h. */
const UNKNOWN = 0;

/** What distinguishes rows, and what members are read by. */
export function own({ by }: { readonly by: string }) {
  return { by, names: new RequestNames() };
}

const member = membersOf<Counted<group & usage, ReturnType<typeof own>>>();

const hasOwner = (r: Counted<group, ReturnType<typeof own>>) =>
  r.$own.by === "process" && r.owner !== UNKNOWN;

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined where nobody is known to have asked, and unless rows are of processes. */
  pid: member.integer(
    { brief: "The process that asked", width: -7 },
    (r) => hasOwner(r) ? r.pid : undefined,
  ),
  comm: member.text(
    { brief: "Name of the thread that asked", width: -16 },
    (r) => hasOwner(r) ? r.comm : undefined,
  ),
  /** With `--by cgroup`. */
  cgroup_id: member.integer(
    { brief: "The cgroup that pays, by its inode number, with --by cgroup", width: -10 },
    (r) => r.$own.by === "cgroup" ? r.cgroup_id : undefined,
  ),
  dev: member.text(
    { brief: "Numbers of the disk: 8:0", width: -7 },
    (r) => deviceNumbers(r.dev),
  ),
  disk: member.text({ brief: "The disk: sda", width: -8 }, (r) => diskName(r.dev)),
  op: member.text(
    { brief: "Operation: read, write, flush, discard", width: -12 },
    (r) => r.$own.names.op(r.op),
  ),
  io: member.integer({ brief: "Requests that ended", header: "I/O", width: 5 }, (r) => r.io),
  bytes: member.integer({ brief: "Their bytes", width: 12 }, (r) => r.bytes),
  total_ns: member.integer(
    { brief: "Time from issue to end of all of them, in nanoseconds", width: 16 },
    (r) => r.total_ns,
  ),
  avg_ns: member.integer({ brief: "Average", width: 12 }, (r) => r.total_ns / r.io),
  max_ns: member.integer({ brief: "Longest", width: 12 }, (r) => r.max_ns),
  errors: member.integer({ brief: "Those that failed", width: 6 }, (r) => r.errors),
};

/** Requests of one kind since the table before. */
export type DiskUsage = EventOf<typeof members>;

const table = membersOf<DiskUsage>();

/** The letter of an operation as the kernel's own trace has it. */
const LETTERS: Readonly<Record<string, string>> = {
  read: "R",
  write: "W",
  write_same: "W",
  write_zeroes: "W",
  flush: "F",
  discard: "D",
  secure_erase: "D",
};

/** What tables alone show. */
export const derived = {
  d: table.text(
    { brief: "R read, W write, F flush, D discard, N other", header: "D", width: -1 },
    (e) => LETTERS[e.op] ?? "N",
  ),
  maj: table.text({ brief: "Major number", width: -3 }, (e) => e.dev.split(":")[0]),
  min: table.text({ brief: "Minor number", width: -3 }, (e) => e.dev.split(":")[1]),
  kbytes: table.integer(
    { brief: "bytes, in KiB", header: "Kbytes", width: 7, unit: 1024 },
    (e) => e.bytes,
  ),
  avg_ms: table.integer(
    { brief: "avg_ns, in ms", header: "AVGms", width: 6, unit: 1e6, decimals: 2 },
    (e) => e.avg_ns,
  ),
  all: table.integer(
    { brief: "io + bytes + microseconds: what the C tool sorts by", width: 12 },
    (e) => e.io + e.bytes + e.total_ns / 1000n,
  ),
};
