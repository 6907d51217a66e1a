/** What drsnoop shows of a time when a thread had to reclaim memory. */
import { event, reclaim_kind } from "#skel/drsnoop.ts";
import {
  type EventOf,
  histogramLines,
  type LazyOf,
  membersOf,
  pageSize,
  partsOf,
  plainWords,
  spreadMembers,
  tryReadTextFile,
} from "#lib/tool/mod.ts";
import { StackNames } from "#lib/tool/stacks.ts";
import { tracefs } from "#lib/tool/functions.ts";
import { type GfpFlags, gfpNames, parseGfpFlags } from "#lib/tool/gfp_flags.ts";

const FORMAT = "events/vmscan/mm_vmscan_direct_reclaim_begin/format";

/** How long a number of free pages is shown before it is read anew, in milliseconds. */
const FRESH_MS = 10;

/** What is read beside the records. */
export class Kernel {
  readonly page_bytes = BigInt(pageSize());
  readonly names: StackNames;
  #flags: GfpFlags | undefined;
  #free: { readonly pages: bigint; readonly read: number } | undefined;

  constructor(readonly options: { readonly kernel_stack: boolean }) {
    const names = new StackNames();
    this.names = options.kernel_stack ? names.readKernel() : names;
  }

  gfpNames(flags: bigint): string[] {
    this.#flags ??= parseGfpFlags(tryReadTextFile(`${tracefs()}/${FORMAT}`) ?? "");
    return gfpNames(this.#flags, flags);
  }

  /** How much memory is free, of all nodes and zones. */
  freeKb(): bigint | undefined {
    const now = performance.now();
    if (this.#free === undefined || now - this.#free.read > FRESH_MS) {
      const pages = /^nr_free_pages (\d+)$/m.exec(tryReadTextFile("/proc/vmstat") ?? "")?.[1];
      if (pages === undefined) return undefined;
      this.#free = { pages: BigInt(pages), read: now };
    }
    return this.#free.pages * this.page_bytes / 1024n;
  }
}

/** What members are read by, besides the record. */
export function own(options: { readonly kernel_stack: boolean }): Kernel {
  return new Kernel(options);
}

const PREFIX = "RECLAIM_";

const KINDS = new Map<number, string>(
  Object.entries(reclaim_kind).map((
    [name, kind],
  ) => [kind, name.slice(PREFIX.length).toLowerCase()]),
);

const { c, ...member } = membersOf(event, own);
const parts = partsOf(event, "kstack");

/** What a single event does not have: histograms() of tools/drsnoop/histograms.ts adds it up. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When it ended" },
  pid: c.pid,
  tid: { ...c.tid, width: -6 },
  comm: c.comm,
  uid: c.uid,
  kind: member.text(
    {
      brief: "What was short: all memory (direct), that of a cgroup (memcg, softlimit), of a node",
      width: -9,
    },
    (r) => KINDS.get(r.kind) ?? String(r.kind),
  ),
  duration_ns: {
    ...c.duration_ns,
    header: "LAT(ms)",
    brief: "How long it took, in nanoseconds; tables show milliseconds",
    unit: 1e6,
    decimals: 3,
    width: 8,
  },
  throttled_ns: {
    ...c.throttled_ns,
    brief: "How long of that the thread was made to wait, in nanoseconds",
    width: 12,
  },
  reclaimed_pages: member.integer(
    { header: "PAGES", brief: "Pages that it got back", width: 5 },
    (r) => r.reclaimed,
  ),
  reclaimed_bytes: member.integer(
    { brief: "The same in bytes", width: 12 },
    (r) => r.reclaimed * r.$own.page_bytes,
  ),
  order: member.integer(
    { brief: "2 to this power pages were asked for", width: 5 },
    (r) => r.order,
  ),
  gfp: member.words(
    { brief: "Flags of the request for memory: GFP_KERNEL, __GFP_NOWARN" },
    (r) => r.$own.gfpNames(r.gfp_flags),
  ),
  free_kb: member.integer(
    { header: "FREE(KB)", brief: "KiB that are free when the row is printed", width: 8 },
    (r) => r.$own.freeKb(),
  ),
  cgroup_id: c.cgroup_id,
  /** Of the kernel's own numbering; Linux 7.2. */
  memcg_id: member.integer(
    { brief: "Cgroup whose limit was reached, by the kernel's number (Linux 7.2)", width: 8 },
    (r) => r.memcg_id === 0 ? undefined : r.memcg_id,
  ),
  /** The innermost function first. */
  kstack: member.words(
    { brief: "With -K: stack in the kernel" },
    (r) =>
      r.$own.options.kernel_stack
        ? r.$own.names.kernel(parts.kstack.text(r), "do_try_to_free_pages")
        : undefined,
  ),
  reclaims: member.integer({ brief: "--hist: how often", width: 8 }, later),
  ...spreadMembers,
};

/** A time when a thread had to reclaim memory, or with `hist` all that are alike. */
export type Reclaim = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  stack: table.words(
    { header: " ", brief: "kstack, a line for each function", as: "lines" },
    ({ kstack = [] }) => ["", ...plainWords(kstack)],
  ),
  drawn: table.words(
    { header: " ", brief: "histogram, drawn", as: "lines" },
    ({ histogram }) => histogramLines(histogram, { unit: "usecs" }),
  ),
};
