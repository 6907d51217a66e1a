import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import type { Outstanding } from "./counter.ts";

const { time, text, words, integer, boolean } = membersOf<Counted<Outstanding>>();

export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined for memory of the kernel. */
  pid: integer({ brief: "Process, if it is not the kernel", width: 7 }, (r) => r.pid),
  comm: text({ brief: "Its name", width: -16 }, (r) => r.comm),
  bytes: integer({ brief: "Bytes that are allocated there", width: 12 }, (r) => r.bytes),
  count: integer({ brief: "In this many blocks", width: 8 }, (r) => r.count),
  growth_bytes: integer(
    { brief: "How many bytes more than in the table before", width: 12 },
    (r) => r.growth_bytes,
  ),
  growth_count: integer(
    { brief: "How many blocks more than in the table before", width: 12 },
    (r) => r.growth_count,
  ),
  /** Nanoseconds. */
  age_min_ns: integer(
    { brief: "Age of the youngest of these blocks, without -C", width: 14 },
    (r) => r.age_min_ns,
  ),
  /** Nanoseconds. */
  age_max_ns: integer(
    { brief: "Age of the oldest of these blocks, without -C", width: 14 },
    (r) => r.age_max_ns,
  ),
  total_allocs: integer(
    { brief: "Blocks that were allocated there in all", width: 12 },
    (r) => r.total_allocs,
  ),
  /** The innermost first. */
  stack: words({ brief: "Functions that led there, the innermost first" }, (r) => r.stack),
  truncated: boolean(
    { brief: "Whether it has more frames than were taken", width: 9 },
    (r) => r.truncated,
  ),
  /** With addresses: `[<00007f57f1474b3a>] malloc+0x0 /usr/lib/libc.so.6`. */
  frames: words(
    { brief: "The same with addresses, places and files", as: "lines" },
    (r) => r.frames,
  ),
  blocks: words(
    { brief: "With -a: address and size of each block", as: "lines" },
    (r) => r.blocks,
  ),
};

/** What a stack has allocated and not freed. */
export type OutstandingBlocks = EventOf<typeof members>;
