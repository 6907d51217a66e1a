#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * statsnoop: every system call that asks what a file or file system is.
 *
 * As a command: `sudo tools/statsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = statsnoop({ failed: true });
 * for await (const stat of trace) console.log(stat.comm, stat.full_path, stat.error);
 * ```
 */
import { stat_form, Statsnoop } from "#skel/statsnoop.ts";
import { flag, loadHooks, ringTool, syscallForms, targetOptions, toolMain } from "#lib/tool/mod.ts";
import { derived, members } from "./statsnoop/members.ts";
import { Paths } from "./statsnoop/paths.ts";

export type { Stat } from "./statsnoop/members.ts";

const { STAT_NAME, STAT_FD, STAT_AT, STAT_AT_THIRD, STAT_AT_FOURTH, STAT_DEVICE, STAT_MOUNT } =
  stat_form;

/** How calls pass their arguments; those of 32-bit programs among them. */
const CALLS = {
  stat: STAT_NAME,
  lstat: STAT_NAME,
  fstat: STAT_FD,
  newfstatat: STAT_AT_FOURTH,
  statx: STAT_AT_THIRD,
  statfs: STAT_NAME,
  fstatfs: STAT_FD,
  ustat: STAT_DEVICE,
  statmount: STAT_MOUNT,
  listmount: STAT_MOUNT,
  oldstat: STAT_NAME,
  oldlstat: STAT_NAME,
  oldfstat: STAT_FD,
  stat64: STAT_NAME,
  lstat64: STAT_NAME,
  fstat64: STAT_FD,
  fstatat64: STAT_AT_FOURTH,
  statfs64: STAT_NAME,
  fstatfs64: STAT_FD,
};

/** With --access. */
const ACCESS_CALLS = {
  access: STAT_NAME,
  faccessat: STAT_AT,
  faccessat2: STAT_AT_FOURTH,
  readlink: STAT_NAME,
  readlinkat: STAT_AT,
};

export const { tool, start: statsnoop } = ringTool({
  name: "statsnoop",
  group: "files",
  brief: "Trace system calls that ask about files and file systems",
  examples: [
    ["statsnoop", "all of them"],
    ["statsnoop -t", "include the time, in seconds since boot"],
    ["statsnoop -s", "include the name of the system call"],
    ["statsnoop -x", "only those that fail"],
    ["statsnoop -p 181", "only those of process 181"],
    ["statsnoop --access", "include access(2) and readlink(2)"],
    ["statsnoop -x --access --summary", "which files are looked for in vain, and how often"],
  ],
  options: {
    failed: flag("x", "Show only calls that fail"),
    timestamp: flag("t", "Show the time, in seconds since boot"),
    sysname: flag("s", "Show the name of the system call"),
    access: flag("", "Include access, faccessat, faccessat2, readlink and readlinkat"),
    summary: flag("", "Show at the end how often each path was asked about"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ timestamp, sysname, summary }) =>
    summary ? ["count", "err", "full_path"] : [
      timestamp && "uptime",
      "pid",
      "comm",
      "ret",
      "err",
      sysname && "syscall",
      "about",
    ],
  failed: (e) => e.error !== undefined,
  join: ({ summary }) => summary ? new Paths() : undefined,
  open: () => Statsnoop.open(),
  prepare({ rodata, progs }, { failed, access, summary }, shown) {
    const calls = access ? { ...CALLS, ...ACCESS_CALLS } : CALLS;
    rodata.forms = syscallForms(rodata.forms.length, calls);
    rodata.failures_only = failed;
    rodata.with_cwd = summary || shown.has("full_path");
    rodata.with_fd_path = rodata.with_cwd || shown.has("about");
    loadHooks(progs, { exit: true });
  },
});

if (import.meta.main) await toolMain(tool);
