#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * mountsnoop: system calls that mount, unmount, or change or prepare a mount.
 *
 * As a command: `sudo tools/mountsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = mountsnoop();
 * for await (const { comm, op, fs, target_path, error } of trace) console.log(comm, op, fs, target_path, error);
 * ```
 */
import { mount_op, Mountsnoop } from "#skel/mountsnoop.ts";
import {
  flag,
  list,
  loadHooks,
  ringTool,
  syscallForms,
  targetOptions,
  text,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./mountsnoop/members.ts";

export type { Mount } from "./mountsnoop/members.ts";

const CALLS = {
  mount: mount_op.CALL_MOUNT,
  umount2: mount_op.CALL_UMOUNT,
  fsopen: mount_op.CALL_FSOPEN,
  fsconfig: mount_op.CALL_FSCONFIG,
  fsmount: mount_op.CALL_FSMOUNT,
  move_mount: mount_op.CALL_MOVE_MOUNT,
  open_tree: mount_op.CALL_OPEN_TREE,
  open_tree_attr: mount_op.CALL_OPEN_TREE_ATTR,
  fspick: mount_op.CALL_FSPICK,
  mount_setattr: mount_op.CALL_MOUNT_SETATTR,
  pivot_root: mount_op.CALL_PIVOT_ROOT,
};

/** Those of 32-bit programs: umount is without flags. */
const COMPAT_CALLS = { ...CALLS, umount: mount_op.CALL_UMOUNT_PLAIN };

/** Members that need where a name starts from, or what a descriptor stands for. */
const PATHS = ["source_path", "target_path", "value", "details"];

export const { tool, start: mountsnoop } = ringTool({
  name: "mountsnoop",
  group: "files",
  brief: "Trace system calls that mount and unmount",
  examples: [
    ["mountsnoop", "all of them"],
    ["mountsnoop -t", "include the time of day"],
    ["mountsnoop -d", "a line for each member, with whole paths and how long it took"],
    ["mountsnoop -x", "only those that fail"],
    ["mountsnoop -p 181", "only those of process 181"],
    ["mountsnoop --fs overlay,tmpfs", "only these types of file systems"],
    ["mountsnoop --mntns 4026532254", "only those in this mount namespace"],
  ],
  options: {
    timestamp: flag("t", "Show the time of day"),
    detailed: flag("d", "Show a line for each member, with whole paths"),
    failed: flag("x", "Show only calls that fail"),
    fs: list("", "TYPE,...", "Show only calls about these types of file systems", text),
    ...targetOptions,
  },
  demanding: [{ detailed: true }],
  members,
  derived,
  columns: ({ timestamp, detailed }) =>
    detailed
      ? [timestamp && "time", "details"]
      : [timestamp && "time", "comm", "pid", "tid", "mntns", "call"],
  failed: (e) => e.error !== undefined,
  passes: (e, { fs }) => fs.length === 0 || (e.fs !== undefined && fs.includes(String(e.fs))),
  own,
  open: () => Mountsnoop.open(),
  prepare({ rodata, progs, maps }, { failed, detailed }, shown) {
    const enter = detailed || shown.has("latency_ns");
    rodata.forms = syscallForms(rodata.forms.length, CALLS, COMPAT_CALLS);
    rodata.failures_only = failed;
    rodata.with_paths = PATHS.some((name) => shown.has(name));
    loadHooks(progs, { enter, exit: true });
    if (!enter) maps.mountings.maxEntries = 1;
  },
});

if (import.meta.main) await toolMain(tool);
