/** What cachetop shows of a process. */
import type { group, usage } from "#skel/cachetop.ts";
import { type Counted, type EventOf, membersOf, userName } from "#lib/tool/mod.ts";
import { cacheTime, pageMembers, percentText } from "#lib/tool/page_cache.ts";

const member = membersOf<Counted<group & usage>>();

/** The members of a row. */
export const members = {
  time: cacheTime,
  pid: member.integer({ brief: "The process", width: -7 }, (r) => r.pid),
  uid: member.integer({ brief: "Its user", width: -6 }, (r) => r.uid),
  user: member.text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  comm: member.text({ brief: "Name of the thread that was last", width: -16 }, (r) => r.comm),
  ...pageMembers,
};

/** What a process has done with the page cache since the table before. */
export type ProcessCacheUsage = EventOf<typeof members>;

const table = membersOf<ProcessCacheUsage>();

/** What tables alone show. */
export const derived = {
  dirties: table.integer({ brief: "dirtied", width: 8 }, (e) => e.dirtied),
  hit: table.text(
    { brief: "hit_ratio, in percent", header: "READ_HIT%", width: 9 },
    (e) => percentText(e.hit_ratio),
  ),
  all: table.integer(
    { brief: "accesses + added + dirtied + removed", width: 12 },
    (e) => e.accesses + e.added + e.dirtied + e.removed,
  ),
};
