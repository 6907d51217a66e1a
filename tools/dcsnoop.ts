#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * dcsnoop: names that are not in the kernel's cache of names, so that a file system is asked for them.
 *
 * As a command: `sudo tools/dcsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = dcsnoop({ negative: true });
 * for await (const { comm, dir, name } of trace) console.log(comm, dir, name);
 * ```
 */
import { Dcsnoop } from "#skel/dcsnoop.ts";
import { durationOperand, flag, ringTool, targetOptions, toolMain } from "#lib/tool/mod.ts";
import { attachLookupHooks, loadLookupHooks, lookupArguments } from "#lib/tool/name_lookups.ts";
import { derived, members, own } from "./dcsnoop/members.ts";

export type { NameLookup } from "./dcsnoop/members.ts";

export const { tool, start: dcsnoop } = ringTool({
  name: "dcsnoop",
  group: "files",
  brief: "Trace names that are looked up, and not in the kernel's cache of names",
  examples: [
    ["dcsnoop", "names that file systems are asked for"],
    ["dcsnoop -F", "include the paths of their folders"],
    ["dcsnoop -a", "include names that the cache has: many"],
    ["dcsnoop -a --negative", "only names that do not exist, by cache or file system"],
    ["dcsnoop -p 181", "only what process 181 looks for"],
    ["dcsnoop --fields comm,fs,latency_ns,file", "how long the file system took to answer"],
  ],
  options: {
    all: flag("a", "Include names that the cache has"),
    full_path: flag("F", "Show the path of the folder, too"),
    negative: flag("", "Show only names that do not exist"),
    ...targetOptions,
  },
  operands: durationOperand,
  demanding: [{ all: true }],
  members,
  derived,
  columns: ({ full_path }) => ["seconds", "pid", "comm", "t", full_path ? "file" : "filename"],
  failed: (e) => e.negative,
  own,
  open: () => Dcsnoop.open(),
  prepare({ rodata, progs }, { all, negative }, shown) {
    Object.assign(rodata, lookupArguments(!all));
    rodata.negative_only = negative;
    rodata.with_folder = shown.has("dir") || shown.has("file");
    rodata.with_fs = shown.has("fs");
    loadLookupHooks(progs, !all);
  },
  attach: ({ progs }, { all }) => attachLookupHooks("dcsnoop", progs, !all),
});

if (import.meta.main) await toolMain(tool);
