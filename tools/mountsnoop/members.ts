import { event, type event_view, mount_op } from "#skel/mountsnoop.ts";
import {
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  partsOf,
  plainWords,
} from "#lib/tool/mod.ts";
import { attributeNames, commandName, flagNamesOf, mountFlagNames } from "./flags.ts";
import { callText } from "./call.ts";

const AT_FDCWD = -100;
const MS_REMOUNT = 1 << 5;
const MS_BIND = 1 << 12;
const MS_MOVE = 1 << 13;

const NAMES: readonly string[] = [
  "",
  "mount",
  "umount",
  "umount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "move_mount",
  "open_tree",
  "open_tree_attr",
  "fspick",
  "mount_setattr",
  "pivot_root",
];

/** What members are read by, besides the record. */
export function own({ timestamp }: { readonly timestamp: boolean }) {
  return { timestamp };
}

const { c, integer, text, words, boolean } = membersOf(event, own);
const parts = partsOf(
  event,
  "source",
  "target",
  "fs",
  "key",
  "data",
  "source_base",
  "target_base",
);

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  comm: c.comm,
  pid: { ...c.pid, width: -7 },
  tid: { ...c.tid, width: -7 },
  ppid: c.ppid,
  uid: c.uid,
  mntns: {
    ...c.mntns,
    brief: "Mount namespace, by its inode number",
    header: "MNT_NS",
    width: -11,
  },
  op: text({ brief: "System call: mount", width: -14 }, (r) => NAMES[r.op]),
  fs: text({ brief: "Type of the file system: ext4", width: -10 }, parts.fs.text),
  source: text({ brief: "What is mounted, as it was passed", width: -20 }, parts.source.text),
  /** Of mount only where it is bound or moved: it is a path of files then. */
  source_path: text({ brief: "Its path, where it is one" }, sourcePath),
  target: text({ brief: "Where it is mounted, as it was passed", width: -20 }, parts.target.text),
  target_path: text({ brief: "Its path from the root of the process on" }, targetPath),
  source_fd: integer({ brief: "Descriptor that source starts from" }, (r) => ifFd(r.source_fd)),
  target_fd: integer({ brief: "Descriptor that target starts from" }, (r) => ifFd(r.target_fd)),
  /** Undefined if NULL was passed. */
  data: text(
    { brief: "Options of the file system" },
    (r) => r.op === mount_op.CALL_MOUNT ? parts.data.text(r) : undefined,
  ),
  flags: words({ brief: "Flags: MS_BIND, MS_REC" }, (r) => flagNamesOf(r.op, r.flags)),
  attr_flags: words(
    { brief: "Attributes that are set: MOUNT_ATTR_RDONLY" },
    (r) =>
      r.op === mount_op.CALL_FSMOUNT || hasAttributes(r)
        ? attributeNames(low(r.attr_set))
        : undefined,
  ),
  attr_clear: words(
    { brief: "Attributes that are cleared" },
    (r) => hasAttributes(r) ? attributeNames(low(r.attr_clr)) : undefined,
  ),
  propagation: words(
    { brief: "Propagation that is set: MS_PRIVATE" },
    (r) => hasAttributes(r) ? mountFlagNames(low(r.propagation)) : undefined,
  ),
  cmd: text(
    { brief: "What fsconfig does: FSCONFIG_SET_STRING" },
    (r) => r.op === mount_op.CALL_FSCONFIG ? commandName(r.cmd) : undefined,
  ),
  key: text({ brief: "Option that fsconfig sets" }, parts.key.text),
  /** Undefined for flags and binary values. */
  value: text(
    { brief: "Its value; the path of a descriptor" },
    (r) =>
      r.op === mount_op.CALL_FSCONFIG ? parts.data.text(r) ?? parts.target_base.path(r) : undefined,
  ),
  truncated: boolean({ brief: "Whether one of the strings is longer" }, (r) => r.cut !== 0),
  fd: integer(
    { brief: "Descriptor that fsconfig and fsmount are passed" },
    (r) => r.op === mount_op.CALL_FSCONFIG || r.op === mount_op.CALL_FSMOUNT ? r.fd : undefined,
  ),
  /** Undefined if the call failed, or returns none. */
  new_fd: integer({ brief: "Descriptor that it returns" }, (r) => r.ret > 0 ? r.ret : undefined),
  mnt_id: integer(
    { brief: "Number of the mount that this stands for" },
    (r) => r.mnt_id || undefined,
  ),
  error: text(
    { brief: "Name of the errno: ENOENT", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** Undefined if the call began before it was traced. */
  latency_ns: integer(
    { brief: "How long it took, in nanoseconds", width: 12 },
    (r) => r.latency_ns || undefined,
  ),
};

/** A system call that mounts, unmounts, or changes or prepares a mount. */
export type Mount = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  call: table.text(
    { brief: "The call, as strace(1) writes it", header: "CALL" },
    (e) => callText(e, e.$record!),
  ),
  details: table.words(
    { brief: "With -d: a line for each member", header: "CALL", as: "lines" },
    (e) => detailLines(e, e.$record!.$own.timestamp),
  ),
};

function hasAttributes({ op }: event_view): boolean {
  return op === mount_op.CALL_MOUNT_SETATTR || op === mount_op.CALL_OPEN_TREE_ATTR;
}

/** The lower half, which has all flags that there are. */
function low(flags: bigint): number {
  return Number(BigInt.asIntN(32, flags));
}

function ifFd(fd: number): number | undefined {
  return fd === AT_FDCWD ? undefined : fd;
}

/** A name that a descriptor is passed by: what bpf/mountsnoop.bpf.c takes for one. */
const BY_FD = /^\/proc\/(?:self|thread-self)\/fd\/\d+/;

function joined(base: string | undefined, name: string | undefined): string | undefined {
  if (base === undefined || name === undefined) return name?.startsWith("/") ? name : undefined;
  if (BY_FD.test(name)) return base + name.replace(BY_FD, "");
  if (name.startsWith("/")) return name;
  return name === "" || name === "." ? base : `${base === "/" ? "" : base}/${name}`;
}

function targetPath(r: event_view): string | undefined {
  return joined(parts.target_base.path(r), parts.target.text(r)?.toString());
}

function sourcePath(r: event_view): string | undefined {
  if (r.op === mount_op.CALL_MOUNT && !namesFiles(r.flags)) return undefined;
  return joined(parts.source_base.path(r), parts.source.text(r)?.toString());
}

/** Whether the source of a mount is a path of files, and not a device or any name. */
function namesFiles(flags: number): boolean {
  return (flags & (MS_BIND | MS_MOVE)) !== 0 && !(flags & MS_REMOUNT);
}

function detailLines(e: InPlace<typeof members>, indented: boolean): string[] {
  const lines = [
    `PID:    ${e.pid}`,
    `TID:    ${e.tid}`,
    `COMM:   ${e.comm}`,
    `OP:     ${String(e.op).toUpperCase()}`,
    `RET:    ${e.error === undefined ? e.new_fd ?? 0 : `-${e.error}`}`,
    e.latency_ns !== undefined && `LAT:    ${Number(e.latency_ns / 1000n)}us`,
    `MNT_NS: ${e.mntns}`,
    e.fs !== undefined && `FS:     ${e.fs}`,
    e.source !== undefined && `SOURCE: ${e.source_path ?? e.source}`,
    e.target !== undefined && `TARGET: ${e.target_path ?? e.target}`,
    e.data !== undefined && `DATA:   ${e.data}`,
    e.cmd !== undefined && `CMD:    ${e.cmd}`,
    e.key !== undefined && `KEY:    ${e.key}`,
    e.value !== undefined && `VALUE:  ${e.value}`,
    `FLAGS:  ${plainWords(e.flags).join(" | ") || "0x0"}`,
    e.attr_flags !== undefined && `ATTRS:  ${plainWords(e.attr_flags).join(" | ") || "0x0"}`,
    "",
  ].filter((line) => line !== false);
  return indented ? ["", ...lines.map((line) => line && `    ${line}`)] : lines;
}
