import { event, type event_view } from "#skel/opensnoop.ts";
import {
  COMPAT_ABI,
  decodePath,
  errnoName,
  type EventOf,
  type InPlace,
  membersOf,
  NATIVE_ABI,
  openFlagNames,
  RawText,
  syscallName,
} from "#lib/tool/mod.ts";

/** O_CREAT and the bit of O_TMPFILE that is its own: only with these open(2) looks at the mode. */
const MAKES_FILES = 0o100 | 0o20000000;
const AT_FDCWD = -100;

/** What members are read by, besides the record. */
export function own() {
  return { path: new RawText(), text: new RawText() };
}

const member = membersOf(event, own);
const { c } = member;

/** The members of a call. */
export const members = {
  time: c.time,
  pid: { ...c.pid, width: -6 },
  tid: { ...c.tid, width: -6 },
  uid: { ...c.uid, width: -7 },
  comm: c.comm,
  syscall: member.text(
    { brief: "System call: openat", width: -17 },
    (r) => syscallName(r.compat ? COMPAT_ABI : NATIVE_ABI, r.nr & 0xffff),
  ),
  /** The new descriptor, undefined if the call failed. */
  fd: member.integer(
    { brief: "Descriptor of the opened file", width: 3 },
    (r) => r.ret < 0 ? undefined : r.ret,
  ),
  error: member.text(
    { brief: "Name of the errno: ENOENT", width: -8 },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** The name as it was passed; undefined if the call has none, or it cannot be read. */
  path: member.text(
    { brief: "The name, as it was passed" },
    (r) => r.path_size > 0 ? textAt(r, r.$own.path, 0, r.path_size) : undefined,
  ),
  path_truncated: member.boolean({ brief: "Whether the name is longer" }, (r) => r.path_cut !== 0),
  /** Where the opened file is, as its process sees it; if the call failed, where it was looked for. */
  full_path: member.text(
    { brief: "The path of the opened file, all links followed; of a failed call where it looked" },
    fullPath,
  ),
  /** Undefined for the working folder. */
  dirfd: member.integer(
    { brief: "Descriptor of the folder that the name starts from, if not the working folder" },
    (r) => r.dirfd === AT_FDCWD ? undefined : r.dirfd,
  ),
  flags: member.words({ brief: "Flags: O_RDONLY, O_CLOEXEC" }, (r) => openFlagNames(r.flags)),
  /** Undefined if the call makes no file. */
  mode: member.integer(
    { brief: "Mode that a new file was to have", width: -5, base: "oct", digits: 4, none: "n/a" },
    (r) => r.flags & MAKES_FILES ? r.mode & 0o7777 : undefined,
  ),
  created: member.boolean({ brief: "Whether the call made the file" }, (r) => r.created !== 0),
  ino: { ...c.ino, value: ifOpened(c.ino.value) },
  dev: { ...c.dev, value: ifOpened(c.dev.value) },
  fs: member.text(
    { brief: "Type of the file system: ext4", width: -10 },
    (r) =>
      r.fs_size > 0 ? textAt(r, r.$own.text, r.path_size + r.full_path_size, r.fs_size) : undefined,
  ),
  size_bytes: { ...c.size_bytes, brief: "Size of the file", value: ifOpened(c.size_bytes.value) },
  /** Undefined if the call began before it was traced. */
  latency_ns: member.integer(
    { brief: "How long the call took, in nanoseconds", width: 12 },
    (r) => r.latency_ns || undefined,
  ),
};

/** A system call that opened a file, or failed to. */
export type Open = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show. */
export const derived = {
  fd_or_none: table.integer(
    { brief: "Descriptor of the opened file, or -1", header: "FD", width: 3 },
    (e) => e.fd ?? -1,
  ),
  err: table.text(
    { brief: "0, or the name of the errno", header: "ERR", width: 3 },
    (e) => e.error ?? "0",
  ),
  flags_octal: table.integer(
    { brief: "Flags, in octal", header: "FLAGS", width: -8, base: "oct", digits: 8 },
    (e) => e.$record!.flags,
  ),
  opened: table.text(
    { brief: "The path of the opened file, or else the name", header: "PATH" },
    (e) => e.full_path ?? e.path,
  ),
};

function ifOpened<R extends event_view, T>(value: (record: R) => T): (record: R) => T | undefined {
  return (record) => record.ret < 0 ? undefined : value(record);
}

function fullPath(r: event_view & { readonly $own: ReturnType<typeof own> }): string | undefined {
  const { path, text } = r.$own;
  const kernel = r.full_path_size > 0
    ? decodeParts(textAt(r, text, r.path_size, r.full_path_size))
    : undefined;
  if (r.ret >= 0) return kernel;
  if (r.path_size === 0) return undefined;
  const name = String(textAt(r, path, 0, r.path_size));
  if (name.startsWith("/")) return name;
  return kernel && (kernel === "/" ? "" : kernel) + "/" + name;
}

function decodeParts({ bytes, start, end }: RawText): string {
  return decodePath(bytes, start, end);
}

function textAt(r: event_view, text: RawText, at: number, size: number): RawText {
  const { bytes, start } = r.$strings;
  return text.place(bytes, start + at, start + at + size);
}
