#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * filegone: files that are deleted, renamed, or replaced by another one.
 *
 * As a command: `sudo tools/filegone.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = filegone({ replaced: true });
 * for await (const gone of trace) console.log(gone.comm, gone.action, gone.path, gone.new_path);
 * ```
 */
import { Filegone } from "#skel/filegone.ts";
import { flag, ringTool, targetOptions, toolMain } from "#lib/tool/mod.ts";
import { attachFunctionHooks, loadFunctionHooks } from "#lib/tool/function_hooks.ts";
import { REMOVALS } from "#lib/tool/removals.ts";
import { derived, members } from "./filegone/members.ts";

export type { GoneFile } from "./filegone/members.ts";

export const { tool, start: filegone } = ringTool({
  name: "filegone",
  group: "files",
  brief: "Trace files that are deleted, renamed or replaced",
  examples: [
    ["filegone", "all of them"],
    ["filegone -F", "include their paths"],
    ["filegone -p 181", "only those that process 181 removes or renames"],
    ["filegone --replaced", "no renames but those that take the name of another file"],
    ["filegone --filter 'nlink==0 && size_bytes>1000000'", "large files that have no name left"],
  ],
  options: {
    full_path: flag("F", "Show whole paths"),
    replaced: flag("", "Leave out renames that replace no other file"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ full_path }) => ["time", "pid", "comm", "act", full_path ? "paths" : "names"],
  open: () => Filegone.open(),
  prepare({ rodata, progs }, { replaced }, shown) {
    rodata.replaced_only = replaced;
    rodata.with_path = shown.has("path") || shown.has("new_path") || shown.has("paths");
    rodata.with_fs = shown.has("fs");
    loadFunctionHooks(progs, REMOVALS);
  },
  attach: ({ progs }) => attachFunctionHooks("filegone", progs, REMOVALS),
});

if (import.meta.main) await toolMain(tool);
