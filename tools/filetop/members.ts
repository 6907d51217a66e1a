import type { group, usage } from "#skel/filetop.ts";
import { type Counted, deviceNumbers, type EventOf, membersOf } from "#lib/tool/mod.ts";

/** What has been read and written, and what the file is called. */
type Usage = group & usage & Partial<FileName>;

/** What a file is called. */
export interface FileName {
  readonly path: string;
  readonly fs: string;
}

/** What distinguishes rows. */
export const own = ({ by }: { readonly by: string }): { readonly by: string } => ({ by });

const member = membersOf<Counted<Usage, ReturnType<typeof own>>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined with `--by file`. */
  pid: member.integer(
    { brief: "The process", width: -7 },
    (r) => r.$own.by === "file" ? undefined : r.pid,
  ),
  /** Undefined unless rows are of threads. */
  tid: member.integer(
    { brief: "The thread", width: -7 },
    (r) => r.$own.by === "thread" ? r.tid : undefined,
  ),
  comm: member.text(
    { brief: "Name of the thread at its last call", width: -16 },
    (r) => r.$own.by === "file" ? undefined : r.comm,
  ),
  /** Undefined if another thread has closed the file during the call. */
  path: member.text({ brief: "Path of the file, as the process sees it" }, (r) => r.path),
  fs: member.text({ brief: "Type of the file system: ext4", width: -8 }, (r) => r.fs),
  dev: member.text(
    { brief: "Device of the file system: 8:1", width: -7 },
    (r) => r.has_file ? deviceNumbers(r.dev) : undefined,
  ),
  ino: member.integer(
    { brief: "Inode number of the file", width: 10 },
    (r) => r.has_file ? r.ino : undefined,
  ),
  type: member.text(
    { brief: "R regular, D directory, S socket, P pipe, B, C devices, O other", width: -4 },
    (r) => r.has_file ? String.fromCharCode(r.type) : undefined,
  ),
  reads: member.integer({ brief: "Calls that have read", width: -6 }, (r) => r.reads),
  writes: member.integer({ brief: "Calls that have written", width: -6 }, (r) => r.writes),
  read_bytes: member.integer({ brief: "Bytes that were read", width: 12 }, (r) => r.read_bytes),
  write_bytes: member.integer(
    { brief: "Bytes that were written", width: 12 },
    (r) => r.write_bytes,
  ),
  errors: member.integer({ brief: "Calls that failed", width: 6 }, (r) => r.errors),
  aio: member.integer(
    { brief: "Reads and writes of these by aio: their bytes are those asked for", width: 6 },
    (r) => r.aio,
  ),
};

/** What was read and written since the table before. */
export type FileUsage = EventOf<typeof members>;

const table = membersOf<FileUsage>();

/** What tables alone show, as the C tool has it. */
export const derived = {
  r_kb: table.integer(
    { brief: "read_bytes, in KiB", header: "R_Kb", width: -7, unit: 1024 },
    (e) => e.read_bytes,
  ),
  w_kb: table.integer(
    { brief: "write_bytes, in KiB", header: "W_Kb", width: -7, unit: 1024 },
    (e) => e.write_bytes,
  ),
  t: table.text(
    { brief: "R regular, S socket, O other", header: "T", width: -1 },
    (e) => e.type === "R" || e.type === "S" ? e.type : e.type && "O",
  ),
  file: table.text({ brief: "Path of the file", header: "FILE" }, (e) => e.path),
  all: table.integer(
    { brief: "reads + writes + read_bytes + write_bytes: what the C tool sorts by", width: 12 },
    (e) => e.reads + e.writes + e.read_bytes + e.write_bytes,
  ),
};
