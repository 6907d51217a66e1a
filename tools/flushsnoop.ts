#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * flushsnoop: flushes of the caches of disks, with the task that asked for each.
 *
 * As a command: `sudo tools/flushsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = flushsnoop({ min: 10 });
 * for await (const flush of trace) console.log(flush.comm, flush.disk, flush.latency_ns);
 * ```
 */
import { event, Flushsnoop } from "#skel/flushsnoop.ts";
import {
  bioArguments,
  decimal,
  disk,
  DiskNames,
  type EventOf,
  flag,
  type InPlace,
  MAX_SECONDS,
  membersOf,
  option,
  requestError,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";

const own = () => ({ disks: new DiskNames() });
const { c, integer, boolean, text } = membersOf(event, own);

/** The members of a flush. */
export const members = {
  time: { ...c.time, brief: "When the flush ended" },
  pid: { ...c.pid, brief: "The process that asked for it" },
  tid: { ...c.tid, brief: "The thread that asked for it" },
  uid: c.uid,
  comm: { ...c.comm, brief: "Name of the thread" },
  cgroup_id: c.cgroup_id,
  dev: c.dev,
  disk: text(
    { brief: "The disk: sda", header: "DEVICE", width: -9 },
    (r) => r.$own.disks.name(r.dev),
  ),
  /** 0: it is a flush and nothing else. */
  data_bytes: {
    ...c.data_bytes,
    brief: "Bytes that are written behind the flush",
    header: "BYTES",
  },
  /** Undefined where it has no data. */
  sector: integer(
    { brief: "Where these begin on the disk, in sectors of 512 bytes", width: -10 },
    (r) => r.data_bytes === 0n ? undefined : r.sector,
  ),
  fua: boolean(
    { brief: "Whether these go past the cache (FUA)", width: -5 },
    (r) => r.fua !== 0,
  ),
  latency_ns: { ...c.latency_ns, brief: "How long it took, with its data, in nanoseconds" },
  /** Undefined if it succeeded. */
  error: text(
    { brief: "Name of the errno if it failed: EIO", header: "ERR", width: -6 },
    (r) => requestError(r.status),
  ),
};

/** A flush of a disk's cache. */
export type Flush = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  lat_ms: table.integer(
    { brief: "latency_ns, in ms", header: "LAT(ms)", width: 9, unit: 1e6, decimals: 3 },
    (e) => e.latency_ns,
  ),
};

export const { tool, start: flushsnoop } = ringTool({
  name: "flushsnoop",
  group: "disks",
  brief: "Trace flushes of the caches of disks",
  aliases: { mdflush: ["--md"] },
  examples: [
    ["flushsnoop", "those of all disks"],
    ["flushsnoop --md", "only those of software RAID; so does mdflush"],
    ["flushsnoop -d sda", "one disk only"],
    ["flushsnoop -m 10", "only those that take 10 ms or more"],
    ["flushsnoop -x", "only those that fail"],
    ["flushsnoop --filter 'data_bytes==0'", "only those that are no more than a flush"],
  ],
  options: {
    disk: option("d", "DISK", "Trace this disk only", disk),
    md: flag("", "Trace arrays of software RAID (md) only"),
    min: option(
      "m",
      "MS",
      "Show only flushes that take MS or more",
      decimal(0, MAX_SECONDS * 1e3),
      0,
    ),
    failed: flag("x", "Show only flushes that fail"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ failed }) => [
    "time",
    "pid",
    "comm",
    "disk",
    "data_bytes",
    "lat_ms",
    failed && "error",
  ],
  failed: (e) => e.error !== undefined,
  own,
  open: () => Flushsnoop.open(),
  prepare({ rodata }, { disk, md, min, failed }) {
    Object.assign(rodata, bioArguments());
    if (disk !== undefined) rodata.targ_dev = disk;
    rodata.md_only = md;
    rodata.min_ns = BigInt(Math.round(min * 1e6));
    rodata.failures_only = failed;
  },
});

if (import.meta.main) await toolMain(tool);
