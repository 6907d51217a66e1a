import { event, type event_view } from "#skel/syncsnoop.ts";
import {
  COMPAT_ABI,
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  NATIVE_ABI,
  partsOf,
  syscallName,
} from "#lib/tool/mod.ts";

const { c, integer, text } = membersOf(event);
const parts = partsOf(event, "path", "fs");

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  pid: c.pid,
  tid: c.tid,
  uid: c.uid,
  comm: c.comm,
  syscall: text(
    { brief: "System call: fsync", header: "CALL", width: -16 },
    (r) => syscallName(r.compat ? COMPAT_ABI : NATIVE_ABI, r.nr & 0xffff),
  ),
  /** Undefined for sync and msync. */
  fd: integer(
    { brief: "Descriptor of the file", width: 3 },
    (r) => r.has_fd ? r.fd : undefined,
  ),
  /** Undefined where there is no file, or it was closed meanwhile. */
  path: text({ brief: "Path of the file, as its process sees it" }, parts.path.path),
  fs: text({ brief: "Type of the file system: ext4", width: -8 }, parts.fs.text),
  dev: { ...c.dev, value: (r: Parameters<typeof c.dev.value>[0]) => ofFile(r, c.dev.value(r)) },
  ino: { ...c.ino, value: (r: Parameters<typeof c.ino.value>[0]) => ofFile(r, c.ino.value(r)) },
  /** Of sync_file_range. */
  offset_bytes: integer({ brief: "Where in the file", width: 12 }, (r) => known(r.offset)),
  /** Of sync_file_range, where 0 is up to the end, and of msync. */
  length_bytes: integer(
    { brief: "How much of it, or of memory", width: 12 },
    (r) => known(r.length),
  ),
  error: text(
    { brief: "Name of the errno if it failed: EIO", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** Undefined if the call began before it was traced. */
  latency_ns: integer(
    { brief: "How long it took, in nanoseconds", width: 12 },
    (r) => r.latency_ns || undefined,
  ),
};

/** A call that syncs. */
export type Sync = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  uptime: table.decimal(
    { brief: "time, in seconds since boot", header: "TIME(s)", width: -18, decimals: 6 },
    (e) => Number(e.$record!.time) / 1e9,
  ),
  lat_ms: table.integer(
    { brief: "latency_ns, in ms", header: "LAT(ms)", width: 9, unit: 1e6, decimals: 3 },
    (e) => e.latency_ns,
  ),
};

function ofFile<T>(r: event_view, value: T): T | undefined {
  return r.has_file ? value : undefined;
}

function known(value: bigint): bigint | undefined {
  return value === -1n ? undefined : value;
}
