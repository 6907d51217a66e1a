#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * writeback: when the kernel writes what is dirty in the page cache to devices, how much, and why.
 *
 * As a command: `sudo tools/writeback.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = writeback({ min: 10 });
 * for await (const { device, pages, reason, comm } of trace) console.log(device, pages, reason, comm);
 * ```
 */
import { event, type event_view, Writeback } from "#skel/writeback.ts";
import {
  decimal,
  deviceNumbers,
  DiskNames,
  enumNames,
  type EventOf,
  type InPlace,
  isTargeted,
  MAX_SECONDS,
  membersOf,
  option,
  pageSize,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";

const own = () => ({
  disks: new DiskNames(),
  reasons: enumNames(["wb_reason"], "WB_REASON_"),
  page_bytes: BigInt(pageSize()),
});
const { c, integer, boolean, text } = membersOf(event, own);

/** The members of a pass. */
export const members = {
  time: { ...c.time, brief: "When the pass ended" },
  device: text(
    { brief: "The disk, or what the kernel calls another device: sda, btrfs-1", width: -9 },
    (r) => deviceName(r.device, r.$own.disks),
  ),
  pages: integer({ brief: "Pages that were written", width: 8 }, (r) => r.pages),
  bytes: integer({ brief: "The same in bytes", width: 10 }, (r) => r.pages * r.$own.page_bytes),
  /** As the kernel's `enum wb_reason` has it. */
  reason: text(
    { brief: "Why: background, vmscan, sync, periodic, fs_free_space and others", width: -14 },
    (r) => r.$own.reasons.get(r.reason)?.toLowerCase() ?? String(r.reason),
  ),
  waits: boolean(
    { brief: "Whether the one who asked waits until all is on the device", width: -5 },
    (r) => r.waits !== 0,
  ),
  /** Undefined where the worker has begun by itself, or was asked before it was traced. */
  comm: text(
    { brief: "Name of the thread that asked for it", width: -16 },
    ifAsked((r) => r.$comm),
  ),
  pid: { ...c.pid, brief: "The process that asked for it", value: ifAsked(c.pid.value) },
  tid: { ...c.tid, brief: "The thread that asked for it", value: ifAsked(c.tid.value) },
  uid: { ...c.uid, brief: "Its user", value: ifAsked(c.uid.value) },
  /** Undefined where nobody is known to have asked. */
  queued_ns: integer(
    { brief: "From when it was asked for to the beginning of the pass, in nanoseconds", width: 12 },
    ifAsked((r) => r.queued_ns),
  ),
  duration_ns: { ...c.duration_ns, brief: "How long the pass took, in nanoseconds" },
  /** Undefined where the kernel does not write by cgroup. */
  cgroup_id: {
    ...c.cgroup_id,
    brief: "The cgroup whose pages they are, by its inode number",
    value: (r: event_view) => r.cgroup_id || undefined,
  },
  /** Undefined where all file systems of the device are written; so are the next two. */
  fs: text(
    { brief: "Type of the file system: ext4", width: -8 },
    (r) => r.dev === 0 ? undefined : r.$fs,
  ),
  dev: {
    ...c.dev,
    brief: "Number of the file system: 8:1",
    value: (r: event_view) => r.dev === 0 ? undefined : deviceNumbers(r.dev),
  },
};

/** A pass of writing back. */
export type WritebackPass = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  ms: table.integer(
    { brief: "duration_ns, in ms", header: "ms", width: 10, unit: 1e6, decimals: 3 },
    (e) => e.duration_ns,
  ),
};

export const { tool, start: writeback } = ringTool({
  name: "writeback",
  group: "disks",
  brief: "Trace when dirty pages are written to devices, and why",
  examples: [
    ["writeback", "each pass"],
    ["writeback -m 10", "only those that take 10 ms or more"],
    ["writeback --filter 'pages>0'", "only those in which something was written"],
    ["writeback --filter 'device==sda'", "one disk only"],
    ["writeback -c system.slice", "only what tasks in this cgroup ask for"],
    ["writeback --fields time,device,fs,bytes,reason,cgroup_id", "whose pages they are"],
  ],
  options: {
    min: option(
      "m",
      "MS",
      "Show only passes that take MS or more",
      decimal(0, MAX_SECONDS * 1e3),
      0,
    ),
    ...targetOptions,
  },
  members,
  derived,
  columns: () => ["time", "device", "pages", "reason", "ms", "comm"],
  own,
  open: () => Writeback.open(),
  prepare({ rodata }, options) {
    rodata.by_asker = isTargeted(options);
    rodata.min_ns = BigInt(Math.round(options.min * 1e6));
  },
});

if (import.meta.main) await toolMain(tool);

/** @param name of a backing device: a disk's is its number, 8:0 */
function deviceName(name: string, disks: DiskNames): string {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(name) ?? [];
  return major === undefined ? name : disks.name((Number(major) << 20 | Number(minor)) >>> 0);
}

function ifAsked<R extends event_view, T>(value: (record: R) => T): (record: R) => T | undefined {
  return (record) => record.asked === 0 ? undefined : value(record);
}
