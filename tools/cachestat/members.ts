/** What cachestat shows. */
import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { cacheTime, pageMembers, percentText } from "#lib/tool/page_cache.ts";
import type { CacheSizes } from "./cache_sizes.ts";

const size = membersOf<Counted<CacheSizes>>();

/** The members of cachestat. */
export const members = {
  time: cacheTime,
  ...pageMembers,
  buffers_bytes: size.integer(
    { brief: "Cached blocks of devices, at the end of the table's time", width: 14 },
    (r) => r.buffers_bytes,
  ),
  cached_bytes: size.integer(
    { brief: "Cached pages of files, those of tmpfs too", width: 14 },
    (r) => r.cached_bytes,
  ),
};

/** What became of the page cache since the table before. */
export type CacheUsage = EventOf<typeof members>;

const MIB = 1024 * 1024;

const table = membersOf<CacheUsage>();

/** What tables alone show, as the C tool has it. */
export const derived = {
  dirties: table.integer({ brief: "dirtied", width: 8 }, (e) => e.dirtied),
  hitratio: table.text(
    { brief: "hit_ratio, in percent", width: 8 },
    (e) => percentText(e.hit_ratio),
  ),
  buffers_mb: table.integer(
    { brief: "buffers_bytes, in MiB", width: 12, unit: MIB },
    (e) => e.buffers_bytes,
  ),
  cached_mb: table.integer(
    { brief: "cached_bytes, in MiB", width: 10, unit: MIB },
    (e) => e.cached_bytes,
  ),
};
