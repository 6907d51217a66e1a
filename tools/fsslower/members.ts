import { event, type event_view } from "#skel/fsslower.ts";
import {
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  openFlagNames,
  partsOf,
} from "#lib/tool/mod.ts";
import { FILE_OP_LETTERS, FILE_OPS } from "#lib/tool/file_systems.ts";

/** A value that the kernel half does not know. */
const NOT_KNOWN = -1n;

const OP_FSYNC = FILE_OPS.indexOf("fsync");
const OP_WRITE = FILE_OPS.indexOf("write");

const { c, boolean, integer, text, words } = membersOf(event);
const parts = partsOf(event, "path", "fs");

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call ended" },
  comm: c.comm,
  pid: c.pid,
  tid: c.tid,
  op: text(
    { brief: `What was done: ${FILE_OPS.join(", ")}`, width: -7 },
    (r) => FILE_OPS[r.op],
  ),
  /** Undefined for other calls, for a sync of the whole file, and if the call failed. */
  bytes: integer(
    { brief: "Bytes that were read or written, or synced as a part of the file", width: -7 },
    bytesOf,
  ),
  /** Undefined if the call names no number, or several (preadv). */
  requested_bytes: integer(
    { brief: "Bytes that were asked for", width: 15 },
    (r) => known(r.requested),
  ),
  /** Undefined where there is no place in the file: open, getattr, pipes. */
  offset_bytes: integer({ brief: "Where in the file", width: 12 }, (r) => known(r.offset)),
  latency_ns: { ...c.latency_ns, brief: "How long it took, in nanoseconds" },
  name: text({ brief: "Name of the file", width: -24 }, parts.path.name),
  /** Undefined if the tool was not asked for it. */
  path: text({ brief: "Path of the file, as its process sees it" }, parts.path.path),
  fs: text({ brief: "Type of the file system: ext4", width: -8 }, parts.fs.text),
  dev: c.dev,
  ino: c.ino,
  /** Undefined for getattr, which needs no open file. */
  flags: words(
    { brief: "Flags of the open file: O_RDWR, O_DIRECT" },
    (r) => r.has_flags ? openFlagNames(r.flags) : undefined,
  ),
  /** Undefined if the call succeeded. */
  error: text(
    { brief: "Name of the errno if it failed: EIO", width: -8 },
    (r) => r.ret < 0n ? errnoName(Number(-r.ret)) : undefined,
  ),
  /** Asked for by aio or io_uring. */
  async: boolean(
    { brief: "Whether it went on when the call had returned", width: -5 },
    (r) => r.async !== 0,
  ),
};

/** A call of a file system. */
export type FileCall = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show, as the C tool has it. */
export const derived = {
  letter: table.text(
    { brief: "R, W, O, F: read, write, open, fsync; G, P: getattr, page fault", header: "T" },
    (e) => FILE_OP_LETTERS[e.$record!.op],
  ),
  off_kb: table.integer(
    { brief: "offset_bytes, in KiB", header: "OFF_KB", width: -8 },
    (e) => e.offset_bytes === undefined ? undefined : e.offset_bytes / 1024n,
  ),
  lat_ms: table.integer(
    { brief: "latency_ns, in ms", header: "LAT(ms)", width: 7, unit: 1e6, decimals: 2 },
    (e) => e.latency_ns,
  ),
  filename: table.text({ brief: "Name of the file", header: "FILENAME" }, (e) => e.name),
  file: table.text({ brief: "Path of the file", header: "FILENAME" }, (e) => e.path),
};

function known(value: bigint): bigint | undefined {
  return value === NOT_KNOWN ? undefined : value;
}

function bytesOf({ op, ret, requested }: event_view): bigint | undefined {
  if (ret < 0n) return undefined;
  if (op <= OP_WRITE) return ret;
  return op === OP_FSYNC ? known(requested) : undefined;
}
