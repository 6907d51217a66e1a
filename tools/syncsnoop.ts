#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * syncsnoop: system calls that write what is in memory to disks: sync, fsync, fdatasync, msync and others.
 *
 * As a command: `sudo tools/syncsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = syncsnoop({ min: 10 });
 * for await (const { comm, syscall, path, latency_ns } of trace) console.log(comm, syscall, path, latency_ns);
 * ```
 */
import { Syncsnoop } from "#skel/syncsnoop.ts";
import {
  decimal,
  flag,
  loadHooks,
  MAX_SECONDS,
  option,
  ringTool,
  syscallForms,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, members } from "./syncsnoop/members.ts";

export type { Sync } from "./syncsnoop/members.ts";

/** How calls that sync pass their arguments: `enum sync_form` of the kernel half. */
const SYNC_ALL = 1;
const SYNC_FD = 2;
const SYNC_MEMORY = 3;
const SYNC_RANGE = 4;
const SYNC_RANGE_HALVES = 5;
const SYNC_RANGE_FLAGS = 6;

const CALLS = {
  sync: SYNC_ALL,
  fsync: SYNC_FD,
  fdatasync: SYNC_FD,
  syncfs: SYNC_FD,
  msync: SYNC_MEMORY,
  sync_file_range: SYNC_RANGE,
};

/** Those of 32-bit programs, which pass 64 bits in two registers. */
const COMPAT_CALLS = {
  ...CALLS,
  sync_file_range: SYNC_RANGE_HALVES,
  arm_sync_file_range: SYNC_RANGE_FLAGS,
};

export const { tool, start: syncsnoop } = ringTool({
  name: "syncsnoop",
  group: "files",
  brief: "Trace system calls that sync files and file systems",
  examples: [
    ["syncsnoop", "all of them"],
    ["syncsnoop -m 10", "only those that take 10 ms or more"],
    ["syncsnoop -x", "only those that fail"],
    ["syncsnoop -p 181", "only those of process 181"],
    ["syncsnoop --filter 'syscall==sync'", "who syncs all file systems"],
  ],
  options: {
    failed: flag("x", "Show only calls that fail"),
    min: option(
      "m",
      "MS",
      "Show only calls that take MS or more",
      decimal(0, MAX_SECONDS * 1e3),
      0,
    ),
    ...targetOptions,
  },
  members,
  derived,
  columns: () => ["uptime", "comm", "syscall", "pid", "lat_ms", "error", "path"],
  failed: (e) => e.error !== undefined,
  open: () => Syncsnoop.open(),
  prepare({ rodata, progs }, { failed, min }, shown) {
    rodata.forms = syscallForms(rodata.forms.length, CALLS, COMPAT_CALLS);
    rodata.failures_only = failed;
    rodata.min_ns = BigInt(Math.round(min * 1e6));
    rodata.with_path = shown.has("path");
    rodata.with_fs = shown.has("fs");
    loadHooks(progs, { enter: true, exit: true });
  },
});

if (import.meta.main) await toolMain(tool);
