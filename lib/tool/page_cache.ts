/**
 * What cachestat and cachetop share: the user half of bpf/include/page_cache.h. It stands apart from mod.ts, as few
 * tools need it.
 *
 * @module
 */
import type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
import { pageSize } from "../sys/memory.ts";
import {
  attachFunctionExits,
  attachFunctionHooks,
  loadFunctionExits,
  loadFunctionHooks,
} from "./function_hooks.ts";
import { tracepointArguments, wayToTrace } from "./functions.ts";
import { membersOf } from "./members/members_of.ts";
import type { Counted } from "./shapes/counts.ts";
import { syscallForms } from "./syscall_forms.ts";

/** What the kernel halves count, in pages but for `faults`. */
export interface PageCounts {
  /** Pages that reads asked for. */
  readonly accesses: bigint;
  /** Those of them that were not in the cache. */
  readonly misses: bigint;
  /** Pages that came into it. */
  readonly added: bigint;
  /** Pages that became dirty. */
  readonly dirtied: bigint;
  /** Pages that left it. */
  readonly removed: bigint;
  /** Page faults of files. */
  readonly faults: bigint;
}

const member = membersOf<Counted<PageCounts>>();

/** A read that spans two tables may have missed more in the second one than it asked for there. */
const accessesOf = ({ accesses, misses }: PageCounts) => accesses > misses ? accesses : misses;

/** The end of the table's time, in nanoseconds since 1970. */
export const cacheTime = member.time(
  { brief: "End of the table's time", width: -8 },
  (r) => r.$time,
);

/** The members of both tools. */
export const pageMembers = {
  accesses: member.integer(
    { brief: "Pages of files that reads asked for", width: 8 },
    (r) => Number(accessesOf(r)),
  ),
  hits: member.integer(
    { brief: "Those that were in the page cache", width: 8 },
    (r) => Number(accessesOf(r) - r.misses),
  ),
  misses: member.integer({ brief: "Those that were not", width: 8 }, (r) => Number(r.misses)),
  /** Undefined if nothing was read. */
  hit_ratio: member.decimal(
    { brief: "hits, as part of accesses: 0 to 1", width: 9, decimals: 4 },
    (r) =>
      accessesOf(r) > 0n ? Number(accessesOf(r) - r.misses) / Number(accessesOf(r)) : undefined,
  ),
  added: member.integer(
    { brief: "Pages that came into the cache: by reads, readahead, writes", width: 8 },
    (r) => Number(r.added),
  ),
  dirtied: member.integer(
    { brief: "Pages that were written to and have to be stored", width: 8 },
    (r) => Number(r.dirtied),
  ),
  removed: member.integer(
    { brief: "Pages that left it: reclaimed, truncated, dropped", width: 8 },
    (r) => Number(r.removed),
  ),
  faults: member.integer({ brief: "Page faults of files", width: 8 }, (r) => Number(r.faults)),
};

/** A part in percent, as tables show it. */
export const percentText = (part: number | undefined): string | undefined =>
  part === undefined ? undefined : `${(part * 100).toFixed(2)}%`;

type Opened = Readonly<Record<string, OpenedProgram>>;
type Loaded = Readonly<Record<string, LoadedProgram>>;

/** The functions by which files are read. */
const READS = {
  read: "filemap_read", // since Linux 5.12
  buffered: "generic_file_buffered_read",
  splice: "filemap_splice_read", // since Linux 6.5
};

/** `enum read_form` of bpf/include/page_cache.h. */
const [READS_ON, READS_AT] = [1, 2];

/** The calls that read. */
const CALLS = {
  read: READS_ON,
  readv: READS_ON,
  pread64: READS_AT,
  preadv: READS_AT,
  preadv2: READS_AT,
};

const hasTracepoint = (name: string) => tracepointArguments(name) !== undefined;

/** Those of them that can be traced here. */
function reads(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(READS).filter(([, name]) => wayToTrace(name) !== undefined),
  );
}

/** Whether the tracepoint stands in for them. */
const byTracepoint = () =>
  Object.keys(reads()).length === 0 && hasTracepoint("mm_filemap_get_pages");

/** Those that are hooked at their beginning alone. */
function faults(): Readonly<Record<string, string>> {
  return hasTracepoint("mm_filemap_fault") ? {} : { fault: "filemap_fault" };
}

/** What bpf/include/page_cache.h has to know of this machine. @param numbers how many system calls `forms` is for */
export function cacheArguments(numbers: number) {
  return {
    page_shift: Math.log2(pageSize()),
    forms: syscallForms(numbers, CALLS),
    by_tracepoint: byTracepoint(),
  };
}

/** Chooses which programs are loaded on this kernel. */
export function loadCacheHooks(progs: Opened): void {
  progs.pages_found.autoload = byTracepoint();
  progs.file_fault.autoload = hasTracepoint("mm_filemap_fault");
  progs.folio_dirtied.autoload = hasTracepoint("writeback_dirty_folio");
  progs.page_dirtied.autoload = hasTracepoint("writeback_dirty_page");
  loadFunctionHooks(progs, { ...reads(), ...faults() });
  loadFunctionExits(progs, reads(), "kretprobe_read");
}

/**
 * Attaches what libbpf does not attach.
 * @throws {ExitError} if this kernel has neither the tracepoint nor functions that can be traced
 */
export function attachCacheHooks(tool: string, progs: Loaded): void {
  if (byTracepoint()) return;
  const found = reads();
  const hooks = Object.keys(found).length > 0 ? found : READS;
  attachFunctionHooks(tool, progs, { ...hooks, ...faults() });
  attachFunctionExits(progs, found, "kretprobe_read");
}
