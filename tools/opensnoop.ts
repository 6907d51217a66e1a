#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * opensnoop: every system call that opens a file.
 *
 * As a command: `sudo tools/opensnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = opensnoop({ failed: true });
 * for await (const open of trace) console.log(open.pid, open.path, open.error);
 * ```
 */
import { Opensnoop } from "#skel/opensnoop.ts";
import {
  choice,
  flag,
  integer,
  list,
  loadHooks,
  MAX_PID,
  OPEN_FLAGS,
  option,
  plainWords,
  ringTool,
  syscallForms,
  targetOptions,
  text,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./opensnoop/members.ts";

export type { Open } from "./opensnoop/members.ts";

/** The calls that open files, with `enum form` of the kernel half. */
const CALLS = { open: 1, creat: 2, openat: 3, openat2: 4, open_by_handle_at: 5 };

export const { tool, start: opensnoop } = ringTool({
  name: "opensnoop",
  group: "files",
  brief: "Trace system calls that open files",
  examples: [
    ["opensnoop", "trace all of them"],
    ["opensnoop -T", "include the time of day"],
    ["opensnoop -U", "include the user id"],
    ["opensnoop -p 181", "only those of one process"],
    ["opensnoop -t 123", "only those of one thread"],
    ["opensnoop -u 1000", "only those of one user"],
    ["opensnoop -d 10", "for 10 seconds"],
    ["opensnoop -x", "only those that fail"],
    ["opensnoop -n main", "only processes with main in their name"],
    ["opensnoop -e", "show flags and mode as well"],
    ["opensnoop -F", "show the whole path of what was opened, all links followed"],
    ["opensnoop -f O_WRONLY,O_RDWR", "only those that open files to write"],
    ["opensnoop --created -F", "only new files"],
  ],
  options: {
    extended_fields: flag("e", "Show the flags, and the mode of new files"),
    name: option("n", "NAME", "Trace only processes with NAME in their name", text),
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    timestamp: flag("T", "Show the time of day"),
    print_uid: flag("U", "Show the user id"),
    failed: flag("x", "Show only calls that fail"),
    full_path: flag("F", "Show the path of the opened file, all links followed"),
    flags: list("f", "FLAG,...", "Show only calls with one of these flags", choice(...OPEN_FLAGS)),
    created: flag("", "Show only calls that made the file"),
    ...withLetters(targetOptions, { cgroup: "" }),
  },
  frame: { seconds: { letter: "d", alias: "duration" } },
  members,
  derived,
  columns: (options) => [
    options.timestamp && "time",
    options.print_uid && "uid",
    "pid",
    "comm",
    "fd_or_none",
    "err",
    ...(options.extended_fields ? ["flags_octal", "mode"] as const : []),
    options.full_path ? "opened" : "path",
  ],
  failed: (e) => e.error !== undefined,
  passes: (e, { name, flags, created }) =>
    (name === undefined || String(e.comm).includes(name)) &&
    (flags.length === 0 || plainWords(e.flags).some((flag) => flags.includes(flag))) &&
    (!created || e.created),
  own,
  open: () => Opensnoop.open(),
  prepare({ rodata, progs, maps }, { failed, tid }, shown) {
    rodata.forms = syscallForms(rodata.forms.length, CALLS);
    rodata.failures_only = failed;
    if (tid !== undefined) rodata.targ_tid = tid;
    rodata.with_full_path = shown.has("full_path") || shown.has("opened");
    rodata.with_file = ["ino", "dev", "fs", "size_bytes"].some((name) => shown.has(name));
    loadHooks(progs, { enter: shown.has("latency_ns"), exit: true });
    if (!shown.has("latency_ns")) maps.openings.maxEntries = 1;
  },
});

if (import.meta.main) await toolMain(tool);
