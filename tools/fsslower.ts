#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * fsslower: calls of file systems that take long: reads, writes, opens, syncs, page faults.
 *
 * As a command: `sudo tools/fsslower.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = fsslower({ type: ["ext4"], min: 1 });
 * for await (const call of trace) console.log(call.comm, call.op, call.path, call.latency_ns);
 * ```
 */
import { Fsslower } from "#skel/fsslower.ts";
import {
  decimal,
  flag,
  MAX_SECONDS,
  option,
  optional,
  ringTool,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import {
  attachFileCalls,
  fileCallOptions,
  mountOf,
  prepareFileCalls,
} from "#lib/tool/file_systems.ts";
import { derived, members } from "./fsslower/members.ts";

export type { FileCall } from "./fsslower/members.ts";

const milliseconds = decimal(0, MAX_SECONDS * 1e3);

export const { tool, start: fsslower } = ringTool({
  name: "fsslower",
  group: "files",
  brief: "Trace calls of file systems that take long",
  aliases: {
    bcachefsslower: ["-t", "bcachefs"],
    btrfsslower: ["-t", "btrfs"],
    ext4slower: ["-t", "ext4"],
    f2fsslower: ["-t", "f2fs"],
    fileslower: ["-t", "any", "--op", "R,W"],
    fuseslower: ["-t", "fuse"],
    nfsslower: ["-t", "nfs"],
    xfsslower: ["-t", "xfs"],
    zfsslower: ["-t", "zfs"],
  },
  examples: [
    ["fsslower", "what takes 10 ms or more, on any file system"],
    ["fsslower -t ext4", "on ext4; ext4slower is the same"],
    ["fsslower -t ext4 -m 0.5", "what takes half a millisecond or more"],
    ["fsslower -t ext4,xfs 1", "on both of them, 1 ms or more"],
    ["fsslower -t xfs -p 181", "only calls of process 181"],
    ["fsslower -t ext4 -d 10", "for 10 seconds"],
    ["fsslower -t ext4 --op W,F", "only writes and syncs"],
    ["fsslower -F --mount /var", "on the file system of /var, with the paths"],
  ],
  options: {
    type: fileCallOptions.type,
    min: option("m", "MS", "Show only calls that take MS or more; 10 if not given", milliseconds),
    op: fileCallOptions.op,
    mount: option("", "PATH", "Show only files on the file system that PATH is on", mountOf),
    full_path: flag("F", "Show the whole path of the file"),
    all_files: flag("a", "Show pipes, sockets and devices too, where any file system is traced"),
    ...withLetters(targetOptions, { cgroup: "" }),
  },
  operands: { min_ms: optional("MIN_MS", "Show only calls that take this long", milliseconds) },
  frame: { seconds: { letter: "d", alias: "duration" } },
  demanding: [{ type: ["ext4"] }],
  members,
  derived,
  columns: ({ full_path }) => [
    "time",
    "comm",
    "pid",
    "letter",
    "bytes",
    "off_kb",
    "lat_ms",
    full_path ? "file" : "filename",
  ],
  failed: (e) => e.error !== undefined,
  open: () => Fsslower.open(),
  prepare(opened, options, shown) {
    const { rodata } = opened;
    const { min_ms, min = 10 } = options;
    rodata.min_ns = BigInt(Math.round((min_ms ?? min) * 1e6));
    rodata.with_path = shown.has("path") || shown.has("file");
    rodata.with_fs = shown.has("fs");
    prepareFileCalls(opened, options);
  },
  attach: (skeleton, options) => attachFileCalls("fsslower", skeleton, options),
});

if (import.meta.main) await toolMain(tool);
