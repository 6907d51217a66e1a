#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * filelife: files that live for a short time: made while the tool runs, and removed.
 *
 * As a command: `sudo tools/filelife.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = filelife();
 * for await (const file of trace) console.log(file.comm, file.path, file.age_ns, file.creator_comm);
 * ```
 */
import { Filelife } from "#skel/filelife.ts";
import {
  decimal,
  flag,
  folder,
  MAX_SECONDS,
  option,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { attachFunctionHooks, loadFunctionHooks } from "#lib/tool/function_hooks.ts";
import { REMOVALS } from "#lib/tool/removals.ts";
import { derived, members } from "./filelife/members.ts";

export type { ShortLivedFile } from "./filelife/members.ts";

const { unlink, rename, deleted, moved } = REMOVALS;

/** The functions of the hooks of bpf/filelife.bpf.c. */
const HOOKS = {
  deleted,
  moved,
  unlink,
  rename,
  instantiate: "security_d_instantiate",
  mknod: "security_path_mknod",
  symlink: "security_path_symlink",
  open: "security_file_open",
};

export const { tool, start: filelife } = ringTool({
  name: "filelife",
  group: "files",
  brief: "Trace files that live for a short time",
  examples: [
    ["filelife", "all files that are made and removed from now on"],
    ["filelife -F", "include their paths"],
    ["filelife -p 181", "only files that process 181 makes or removes"],
    ["filelife -d /tmp", "only those that are removed from /tmp itself"],
    ["filelife --min-age 0.5", "only those that were there for half a second or more"],
    ["filelife --fields time,age_ns,path,creator_comm,comm", "who made them, and who removed them"],
  ],
  options: {
    full_path: flag("F", "Show whole paths"),
    directory: option("d", "DIR", "Show only files that are removed from this folder", folder),
    min_age: option(
      "",
      "SEC",
      "Show only files that were there for SEC seconds or more",
      decimal(0, MAX_SECONDS),
      0,
    ),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ full_path }) => ["time", "pid", "comm", "age_s", full_path ? "file" : "filename"],
  open: () => Filelife.open(),
  prepare({ rodata, progs }, { min_age, directory }, shown) {
    rodata.min_age_ns = BigInt(Math.round(min_age * 1e9));
    if (directory !== undefined) {
      rodata.targ_folder_ino = directory.ino;
      rodata.targ_folder_dev = directory.dev;
    }
    rodata.with_path = shown.has("path") || shown.has("file");
    rodata.with_fs = shown.has("fs");
    loadFunctionHooks(progs, HOOKS);
  },
  attach: ({ progs }) => attachFunctionHooks("filelife", progs, HOOKS),
});

if (import.meta.main) await toolMain(tool);
