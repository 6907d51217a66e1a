import { event, type event_view } from "#skel/biosnoop.ts";
import {
  bootTime,
  DiskNames,
  type EventOf,
  type InPlace,
  membersOf,
  requestError,
  RequestNames,
} from "#lib/tool/mod.ts";

/** `enum owner_kind` of bpf/include/block.h. */
const OWNERS = ["unknown", "task", "flush_of", "passthrough"];
const UNKNOWN = 0;
const FLUSH_OF = 2;

/** `enum pattern` of the kernel half. */
const PATTERNS = [undefined, "random", "sequential"];

/** What members are read by, besides the record. */
export function own() {
  return { start: bootTime(), disks: new DiskNames(), names: new RequestNames() };
}

const member = membersOf(event, own);
const { c } = member;

/** The members of a request. */
export const members = {
  time: { ...c.time, brief: "When the request ended", header: "TIMESTAMP", width: -12 },
  seconds: member.decimal({
    brief: "Seconds since the start of the trace",
    decimals: 6,
    header: "TIME(s)",
    width: -11,
    only: "table",
  }, (r) => Number(r.time - r.$own.start) / 1e9),
  /** The operation: `write`. */
  op: member.text(
    { brief: "Operation: read, write, flush, discard", width: -12 },
    (r) => r.$own.names.op(r.cmd_flags),
  ),
  /** The flags of the request: `sync`, `fua`. */
  flags: member.words(
    { brief: "Flags of the request: sync, fua" },
    (r) => r.$own.names.flags(r.cmd_flags),
  ),
  /** Undefined where nobody is known to have asked. */
  comm: member.text(
    { brief: "Name of the thread that asked for it", width: -14 },
    (r) => r.owner === UNKNOWN ? undefined : r.$comm,
  ),
  pid: { ...c.pid, brief: "The process that asked for it", value: ifKnown(c.pid.value) },
  tid: { ...c.tid, brief: "The thread that asked for it", value: ifKnown(c.tid.value) },
  /** How the task that asked is known: see docs/biosnoop.md. */
  owner: member.text(
    { brief: "How it is known: task, flush_of, passthrough, unknown", width: -11 },
    (r) => OWNERS[r.owner],
  ),
  cgroup_id: { ...c.cgroup_id, brief: "The cgroup that pays for it, by its inode number" },
  dev: c.dev,
  disk: member.text({ brief: "The disk: sda", width: -7 }, (r) => r.$own.disks.name(r.dev)),
  /** Undefined for a request to the whole disk. */
  partition: member.text(
    { brief: "The partition, if it is for one: sda1", width: -9 },
    (r) => r.partition === 0 ? undefined : r.$own.disks.name(r.partition),
  ),
  /** Where its data begins on the disk; undefined for what has no data. */
  sector: member.integer(
    { brief: "Where it begins, in sectors of 512 bytes", width: -10 },
    (r) => r.size_bytes === 0n ? undefined : r.sector,
  ),
  size_bytes: { ...c.size_bytes, brief: "Bytes, all parts of it", header: "BYTES", width: -7 },
  queue_ns: member.integer(
    { brief: "From when it was made to its issue to the disk, in nanoseconds", width: 12 },
    (r) => r.owner === UNKNOWN || r.owner === FLUSH_OF ? undefined : r.queue_ns,
  ),
  latency_ns: { ...c.latency_ns, brief: "From its first issue to its end, in nanoseconds" },
  total_ns: member.integer(
    { brief: "From when it was made to its end, in nanoseconds", width: 12 },
    (r) => r.owner === UNKNOWN || r.owner === FLUSH_OF ? undefined : r.queue_ns + r.latency_ns,
  ),
  /** Undefined if the request succeeded. */
  error: member.text(
    { brief: "Name of the errno if it failed: EIO", header: "ERR", width: -10 },
    (r) => requestError(r.status),
  ),
  requeues: member.integer(
    { brief: "How often the disk has handed it back", width: 8 },
    (r) => r.requeues,
  ),
  merges: member.integer(
    { brief: "How many others have been merged into it", width: 6 },
    (r) => r.merges,
  ),
  /** Undefined for the first request of a disk, and for what has no data. */
  pattern: member.text(
    { brief: "Whether it begins where the one before it ended: sequential, random", width: -10 },
    (r) => PATTERNS[r.pattern],
  ),
};

/** A request to a block device. */
export type BlockRequest = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  rwbs: table.text(
    {
      brief: "Operation and flags, in the letters of the kernel's own trace",
      header: "T",
      width: -4,
    },
    (e) => e.$record!.$own.names.rwbs(e.$record!.cmd_flags),
  ),
  p: table.text(
    { brief: "S or R: sequential or random", header: "P", width: -1 },
    (e) => e.pattern === undefined ? undefined : e.pattern === "random" ? "R" : "S",
  ),
  que_ms: table.integer(
    { brief: "queue_ns, in ms", header: "QUE(ms)", width: 7, unit: 1e6, decimals: 3 },
    (e) => e.queue_ns,
  ),
  lat_ms: table.integer(
    { brief: "latency_ns, in ms", header: "LAT(ms)", width: 7, unit: 1e6, decimals: 3 },
    (e) => e.latency_ns,
  ),
};

function ifKnown<R extends event_view, T>(value: (record: R) => T): (record: R) => T | undefined {
  return (record) => record.owner === UNKNOWN ? undefined : value(record);
}
