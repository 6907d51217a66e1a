/** What slabratetop shows of a cache. */
import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import type { SlabUse } from "./caches.ts";

/** The members for which the kernel half has to count what is given back. */
export const OF_FREES = ["frees", "freed_bytes", "net_bytes"];

const member = membersOf<Counted<SlabUse>>();

/** Who allocates: a thread, or an interrupt, which is nobody's. */
const commOf = ({ context, comm }: SlabUse) =>
  context === undefined || context === "task" ? comm || undefined : `[${context}]`;

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  cache: member.text({ brief: "Name of the cache", width: -32 }, (r) => r.cache),
  /** `[softirq]` and `[irq]` for interrupts. Undefined unless rows are of programs. */
  comm: member.text(
    { brief: "With --by comm: name of the thread; [softirq] or [irq]", width: -16 },
    commOf,
  ),
  /** Undefined unless rows are of programs. */
  context: member.text(
    { brief: "With --by comm: task, softirq or irq", width: -7 },
    (r) => r.context,
  ),
  /** Undefined unless rows are of places. */
  call_site: member.text(
    { brief: "With --by call_site: the place in the kernel", width: -29 },
    (r) => r.site,
  ),
  allocs: member.integer({ brief: "Objects that were allocated", width: 6 }, (r) => r.allocs),
  bytes: member.integer({ brief: "Memory that they take", width: 10 }, (r) => r.bytes),
  wasted_bytes: member.integer(
    { brief: "How much of it was not asked for", width: 12 },
    (r) => r.bytes - r.requested_bytes,
  ),
  accounted_bytes: member.integer(
    { brief: "How much of it is charged to a cgroup", width: 15 },
    (r) => r.accounted_bytes,
  ),
  interrupt_allocs: member.integer(
    { brief: "How many of the objects interrupts have allocated", width: 16 },
    (r) => r.interrupt_allocs,
  ),
  /** What kfree() gives back has a row of its own. */
  frees: member.integer({ brief: "Objects that were given back", width: 6 }, (r) => r.frees),
  /** Undefined for kmalloc. */
  freed_bytes: member.integer(
    { brief: "Memory that these took; not known of kmalloc", width: 11 },
    (r) => r.freed_bytes,
  ),
  /** Undefined for kmalloc. */
  net_bytes: member.integer(
    { brief: "bytes less freed_bytes; not known of kmalloc", width: 10 },
    (r) => r.freed_bytes === undefined ? undefined : r.bytes - r.freed_bytes,
  ),
  object_size_bytes: member.integer(
    { brief: "Memory that an object takes, the largest one", width: 17 },
    (r) => r.object_bytes,
  ),
};

/** What was allocated from a cache since the table before. */
export type CacheUsage = EventOf<typeof members>;
