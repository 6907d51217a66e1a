/** What vfsstat shows. */
import type { calls, group } from "#skel/vfsstat.ts";
import { type Counted, type EventOf, membersOf, timeOfDay, userName } from "#lib/tool/mod.ts";

/** What rows are distinguished by. */
export interface Groups {
  readonly pids: boolean;
  readonly cgroups: boolean;
  readonly fs: boolean;
}

/** The row of a table in which nothing happened. */
export const NOTHING: group & calls = {
  set: 0,
  cpu: 0,
  pid: 0,
  uid: 0,
  cgroup: 0n,
  fs: "",
  reads: 0n,
  writes: 0n,
  fsyncs: 0n,
  opens: 0n,
  creates: 0n,
  unlinks: 0n,
  mkdirs: 0n,
  rmdirs: 0n,
  renames: 0n,
  getattrs: 0n,
  statfses: 0n,
  comm: "",
};

const member = membersOf<Counted<group & calls, Groups>>();

type Call = keyof calls & `${string}s`;

/** How often functions of a kind were called. */
const called = (name: Call, brief: string) =>
  member.integer({ brief, width: 8 }, (r) => Number(r[name]));

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `pids`. */
  pid: member.integer(
    { brief: "Process, with -P", width: -7 },
    (r) => r.$own.pids ? r.pid : undefined,
  ),
  uid: member.integer(
    { brief: "Its user, with -P", width: -6 },
    (r) => r.$own.pids ? r.uid : undefined,
  ),
  user: member.text(
    { brief: "Name of the user, with -P", width: -8 },
    (r) => r.$own.pids ? userName(r.uid) : undefined,
  ),
  comm: member.text(
    { brief: "Name of its thread that was last, with -P", width: -16 },
    (r) => r.$own.pids ? r.comm : undefined,
  ),
  /** With the option `cgroups`: the inode number of a cgroup's folder. */
  cgroup_id: member.integer(
    { brief: "Cgroup (v2), with --cgroups", header: "CGROUP", width: -10 },
    (r) => r.$own.cgroups ? r.cgroup : undefined,
  ),
  /** With the option `fs`. */
  fs: member.text(
    { brief: "Type of the file system, with --fs", width: -10 },
    (r) => r.$own.fs ? r.fs : undefined,
  ),
  interval_ns: member.integer(
    { brief: "How long the table's time was", width: 12 },
    (r) => Math.round(r.$seconds * 1e9),
  ),
  reads: called("reads", "Reads of files: read, pread, readv, preadv"),
  writes: called("writes", "Writes to files: write, pwrite, writev, pwritev"),
  fsyncs: called("fsyncs", "Files that are written to their disk: fsync, O_SYNC, msync"),
  opens: called("opens", "Files that are opened"),
  creates: called("creates", "Regular files that are created"),
  unlinks: called("unlinks", "Names of files that are removed"),
  mkdirs: called("mkdirs", "Directories that are made"),
  rmdirs: called("rmdirs", "Directories that are removed"),
  renames: called("renames", "Files and directories that are renamed"),
  getattrs: called("getattrs", "Attributes that are asked for: stat, fstat, statx"),
  statfses: called("statfses", "File systems that are asked for: statfs, fstatfs"),
};

/** How often the file system switch was called since the table before. */
export type FileSystemCalls = EventOf<typeof members>;

const table = membersOf<FileSystemCalls>();

/** The same a second. */
const rate = (header: string, name: Call) =>
  table.decimal(
    { brief: `${name} a second`, header: `${header}/s`, width: 8, decimals: 1 },
    (e) => e[name] / (Number(e.interval_ns) / 1e9),
  );

/** What tables alone show: calls a second, as the C tool has them. */
export const derived = {
  at: table.text(
    { brief: "time, as C has it", header: "TIME", width: -10 },
    (e) => `${timeOfDay(e.time)}:`,
  ),
  reads_rate: rate("READ", "reads"),
  writes_rate: rate("WRITE", "writes"),
  fsyncs_rate: rate("FSYNC", "fsyncs"),
  opens_rate: rate("OPEN", "opens"),
  creates_rate: rate("CREATE", "creates"),
  unlinks_rate: rate("UNLINK", "unlinks"),
  mkdirs_rate: rate("MKDIR", "mkdirs"),
  rmdirs_rate: rate("RMDIR", "rmdirs"),
  renames_rate: rate("RENAME", "renames"),
  getattrs_rate: rate("GETATTR", "getattrs"),
  statfses_rate: rate("STATFS", "statfses"),
};
