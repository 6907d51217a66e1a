import { event, type event_view, stat_form } from "#skel/statsnoop.ts";
import {
  atFlagNames,
  COMPAT_ABI,
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  NATIVE_ABI,
  partsOf,
  syscallName,
} from "#lib/tool/mod.ts";

const AT_FDCWD = -100;

const { c, integer, text, words, boolean } = membersOf(event);
const parts = partsOf(event, "path", "fd_path");

/** What only --summary brings. */
const later = (): number | undefined => undefined;

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  pid: { ...c.pid, width: -7 },
  tid: c.tid,
  uid: c.uid,
  comm: { ...c.comm, width: -20 },
  syscall: text(
    { brief: "System call: newfstatat", width: -10 },
    (r) => syscallName(r.compat ? COMPAT_ABI : NATIVE_ABI, r.nr & 0xffff),
  ),
  /** Undefined if the call has none, or it cannot be read. */
  path: text({ brief: "The name, as it was passed" }, parts.path.text),
  path_truncated: boolean({ brief: "Whether the name is longer" }, (r) => r.path_cut !== 0),
  /** Undefined if there is no such descriptor, or no name. */
  full_path: text(
    { brief: "The name from the root of its process on, or the path of the descriptor" },
    fullPath,
  ),
  /** Of fstat and fstatfs; undefined for all others. */
  fd: integer(
    { brief: "Descriptor that the call is about" },
    (r) => r.form === stat_form.STAT_FD ? r.fd : undefined,
  ),
  /** Undefined for the working folder. */
  dirfd: integer(
    { brief: "Descriptor that the name starts from, if not the working folder" },
    (r) => r.form === stat_form.STAT_FD || r.fd === AT_FDCWD ? undefined : r.fd,
  ),
  flags: words({ brief: "Flags: AT_SYMLINK_NOFOLLOW" }, (r) => atFlagNames(r.flags)),
  /** Of ustat. */
  dev: {
    ...c.dev,
    brief: "Device of the file system, for ustat",
    value: (r: Parameters<typeof c.dev.value>[0]) =>
      r.form === stat_form.STAT_DEVICE ? c.dev.value(r) : undefined,
  },
  /** Of statmount and listmount. */
  mnt_id: integer(
    { brief: "Mount, for statmount and listmount" },
    (r) => r.form === stat_form.STAT_MOUNT ? r.mnt_id : undefined,
  ),
  error: text(
    { brief: "Name of the errno: ENOENT", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** With the option `summary`. */
  count: integer({ brief: "With --summary: how many calls", width: 8 }, later),
};

/** A system call that asks about a file; with the option `summary` all of one path and error. */
export type Stat = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  uptime: table.decimal(
    { brief: "time, in seconds since boot", header: "TIME(s)", width: -14, decimals: 6 },
    (e) => Number(e.$record!.time) / 1e9,
  ),
  ret: table.integer(
    { brief: "What the call returned: -1 if it failed", width: -4 },
    (e) => e.error === undefined ? e.$record!.ret : -1,
  ),
  err: table.text(
    { brief: "0, or the name of the errno", header: "ERR", width: -7 },
    (e) => e.error ?? "0",
  ),
  about: table.text(
    { brief: "The name, or the path where a descriptor was passed", header: "PATH" },
    (e) => e.fd === undefined && e.dirfd === undefined ? e.path : e.full_path ?? e.path,
  ),
};

function fullPath(r: event_view): string | undefined {
  const from = parts.fd_path.path(r);
  if (r.is_fd) return from;
  const name = parts.path.text(r);
  if (name === undefined || name.start >= name.end) return undefined;
  const path = String(name);
  if (path.startsWith("/")) return path;
  return from && path && `${from === "/" ? "" : from}/${path}`;
}
