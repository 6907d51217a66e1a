#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * vfsstat: how often files are read, written, opened, created and removed.
 *
 * As a command: `sudo tools/vfsstat.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = vfsstat({ interval: 5 });
 * for await (const { reads, writes } of trace) console.log(reads, writes);
 * ```
 */
import { Vfsstat } from "#skel/vfsstat.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  optional,
  orNothing,
  possibleCpus,
  seconds,
  syscallForms,
  targetOptions,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import {
  attachFunctionHooks,
  type FunctionHooks,
  loadFunctionHooks,
} from "#lib/tool/function_hooks.ts";
import { wayToTrace } from "#lib/tool/functions.ts";
import { attachUringIo, loadUringIo } from "#lib/tool/uring_io.ts";
import { derived, members, NOTHING } from "./vfsstat/members.ts";

export type { FileSystemCalls } from "./vfsstat/members.ts";

type Progs = Readonly<Record<string, { readonly autoload: boolean }>>;

/** Processes, cgroups or file systems in both sets of counters, on all CPUs. */
const MAX_GROUPS = 10_240;

/** The functions that are counted, by the hooks of bpf/vfsstat.bpf.c. */
const HOOKS = {
  read: "vfs_read",
  readv: "vfs_readv",
  write: "vfs_write",
  writev: "vfs_writev",
  fsync_range: "vfs_fsync_range",
  open: "vfs_open",
  create: "security_inode_create",
  unlink: "security_inode_unlink",
  mkdir: "security_inode_mkdir",
  rmdir: "security_inode_rmdir",
};

/** Where fsync(2) calls this function, vfs_fsync_range() may be a part of it. */
const FSYNC = { fsync: "do_fsync" };

/** The system calls in which vfs_fsync_range() counts no more, if that function is hooked. */
const FSYNCS = { fsync: 1, fdatasync: 1 };

const hasDoFsync = () => wayToTrace(FSYNC.fsync) !== undefined;

/** Those that C's columns do not have, by the fields that they are for. */
const MORE = {
  renames: { rename: "security_inode_rename" },
  getattrs: { getattr: "security_inode_getattr" },
  statfses: { statfs: "security_sb_statfs" },
};

/** The hooks of fields that are looked at, and those that are always there. */
function hooksFor(shown: ReadonlySet<string>): FunctionHooks {
  const more = Object.entries(MORE)
    .filter(([field]) => shown.has(field) || shown.has(`${field}_rate`))
    .map(([, hooks]) => hooks);
  return Object.assign({}, HOOKS, hasDoFsync() && FSYNC, ...more);
}

/** The same of a skeleton that is loaded. */
function hooksOf(progs: Progs): FunctionHooks {
  const more = Object.values(MORE).flatMap((hooks) => Object.entries(hooks))
    .filter(([hook]) => progs[`fentry_${hook}`].autoload || progs[`kprobe_${hook}`].autoload);
  return { ...HOOKS, ...hasDoFsync() && FSYNC, ...Object.fromEntries(more) };
}

export const { tool, start: vfsstat } = countTool({
  name: "vfsstat",
  group: "files",
  brief: "Show how often files are read, written, opened, created and removed",
  examples: [
    ["vfsstat", "a row each second"],
    ["vfsstat 5 10", "each 5 seconds, ten times"],
    ["vfsstat --all", "renames, looks at attributes and at file systems as well"],
    ["vfsstat -p 181", "what process 181 does"],
    ["vfsstat -P 5", "a row for each process"],
    ["vfsstat --fs 5", "a row for each type of file system"],
    ["vfsstat --cgroups --top", "a row for each cgroup, in place"],
  ],
  options: {
    all: flag("", "Include renames, looks at attributes and at file systems"),
    pids: flag("P", "Show a row for each process"),
    cgroups: flag("", "Show a row for each cgroup (v2)"),
    fs: flag("", "Show a row for each type of file system"),
    ...topOptions,
    ...targetOptions,
  },
  operands: {
    ...intervalOperands,
    interval: optional("INTERVAL", "Show rows every INTERVAL seconds", seconds, 1),
  },
  demanding: [{ all: true }],
  members,
  derived,
  runs_on: () => true,
  columns: ({ all, pids, cgroups, fs }) => [
    "at",
    ...pids ? ["pid", "comm"] as const : [],
    cgroups && "cgroup_id",
    fs && "fs",
    "reads_rate",
    "writes_rate",
    "fsyncs_rate",
    "opens_rate",
    "creates_rate",
    "unlinks_rate",
    "mkdirs_rate",
    "rmdirs_rate",
    ...all ? ["renames_rate", "getattrs_rate", "statfses_rate"] as const : [],
  ],
  order: () => "-reads",
  own: ({ pids, cgroups, fs }) => ({ pids, cgroups, fs }),
  open: () => Vfsstat.open(),
  prepare({ rodata, progs, maps }, { pids, cgroups, fs }, shown) {
    rodata.by_process = pids;
    rodata.by_cgroup = cgroups;
    rodata.by_fs = fs;
    if (hasDoFsync()) rodata.forms = syscallForms(rodata.forms.length, FSYNCS);
    maps.counts.maxEntries = pids || cgroups || fs ? MAX_GROUPS : 2 * possibleCpus();
    loadFunctionHooks(progs, hooksFor(shown));
    loadUringIo(progs.uring_complete);
  },
  attach({ progs }) {
    attachFunctionHooks("vfsstat", progs, hooksOf(progs));
    attachUringIo(progs.uring_complete);
  },
  counter(skeleton, { pids, cgroups, fs }) {
    const counts = new CounterSets(skeleton, skeleton.maps.counts);
    return pids || cgroups || fs ? counts : orNothing(counts, NOTHING);
  },
  fills: ({ pids, cgroups, fs }) => pids || cgroups || fs,
});

if (import.meta.main) await toolMain(tool);
