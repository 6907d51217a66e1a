/** What cachetop shows of a process, or of a file. */
import type { group, usage } from "#skel/cachetop.ts";
import { type Counted, deviceNumbers, type EventOf, membersOf, userName } from "#lib/tool/mod.ts";
import { cacheTime, pageMembers, percentText } from "#lib/tool/page_cache.ts";

/** What a file is called. */
export interface FileName {
  readonly path: string | undefined;
  readonly fs: string;
}

/** What distinguishes rows. */
export const own = ({ by }: { readonly by: string }): { readonly by: string } => ({ by });

const member = membersOf<
  Counted<group & usage & Partial<FileName>, ReturnType<typeof own>>
>();

/** The members of a row. */
export const members = {
  time: cacheTime,
  /** These four are undefined with `--by file`. */
  pid: member.integer(
    { brief: "The process", width: -7 },
    (r) => r.$own.by === "file" ? undefined : r.pid,
  ),
  uid: member.integer(
    { brief: "Its user", width: -6 },
    (r) => r.$own.by === "file" ? undefined : r.uid,
  ),
  user: member.text(
    { brief: "Name of the user", width: -8 },
    (r) => r.$own.by === "file" ? undefined : userName(r.uid),
  ),
  comm: member.text(
    { brief: "Name of the thread that was last", width: -16 },
    (r) => r.$own.by === "file" ? undefined : r.comm,
  ),
  /** These four are undefined without `--by file`; the first two also if nothing has read the file or written to it. */
  path: member.text(
    { brief: "Path of the file, as the host sees it, with --by file" },
    (r) => r.path,
  ),
  fs: member.text({ brief: "Type of its file system: ext4", width: -8 }, (r) => r.fs),
  dev: member.text(
    { brief: "Device of the file system: 8:1", width: -7 },
    (r) => r.$own.by === "file" ? deviceNumbers(Number(r.dev)) : undefined,
  ),
  ino: member.integer(
    { brief: "Inode number of the file", width: 10 },
    (r) => r.$own.by === "file" ? r.ino : undefined,
  ),
  ...pageMembers,
};

/** What a process has done with the page cache since the table before, or what was done with a file. */
export type PageCacheUsage = EventOf<typeof members>;

const table = membersOf<PageCacheUsage>();

/** What tables alone show. */
export const derived = {
  dirties: table.integer({ brief: "dirtied", width: 8 }, (e) => e.dirtied),
  hit: table.text(
    { brief: "hit_ratio, in percent", header: "READ_HIT%", width: 9 },
    (e) => percentText(e.hit_ratio),
  ),
  file: table.text({ brief: "Path of the file", header: "FILE" }, (e) => e.path),
  all: table.integer(
    { brief: "accesses + added + dirtied + removed", width: 12 },
    (e) => e.accesses + e.added + e.dirtied + e.removed,
  ),
};
