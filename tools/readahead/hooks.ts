import type { Readahead } from "#skel/readahead.ts";
import {
  attachFunctionExits,
  attachFunctionHooks,
  loadFunctionExits,
  loadFunctionHooks,
} from "#lib/tool/function_hooks.ts";
import { wayToTrace } from "#lib/tool/functions.ts";

type Opened = ReturnType<typeof Readahead.open>;
type Loaded = ReturnType<Opened["load"]>;

/** The functions that read ahead, by their hooks. The second calls the first where it cannot do it itself. */
const READS = {
  unbounded: "page_cache_ra_unbounded",
  order: "page_cache_ra_order", // since Linux 5.18
};

/** Of these the first that there is: kernels call the others no more, even where they still have them. */
const ACCESSES = { accessed: "folio_mark_accessed", page_accessed: "mark_page_accessed" };
const MAPS = {
  mapped: "folio_add_file_rmap_ptes",
  range_mapped: "folio_add_file_rmap_range",
  page_mapped: "page_add_file_rmap",
};

type Hooks = Readonly<Record<string, string>>;

const isThere = ([, name]: [string, string]) => wayToTrace(name) !== undefined;

/** The hook that there is, or else the newest, which is then said to be missing. */
function oneOf(hooks: Hooks): Hooks {
  const all = Object.entries(hooks);
  return Object.fromEntries([all.find(isThere) ?? all[0]]);
}

function reads(): Hooks {
  const { unbounded, ...later } = READS;
  return { unbounded, ...Object.fromEntries(Object.entries(later).filter(isThere)) };
}

const hooks = (): Hooks => ({ ...reads(), ...oneOf(ACCESSES), ...oneOf(MAPS) });

/** Chooses which programs are loaded on this kernel. */
export function loadReadaheadHooks(progs: Opened["progs"]): void {
  loadFunctionHooks(progs, hooks());
  loadFunctionExits(progs, reads(), "kretprobe_end");
}

/**
 * Attaches what libbpf does not attach.
 * @throws {ExitError} if this kernel has not all functions, or lets none be traced
 */
export function attachReadaheadHooks(progs: Loaded["progs"]): void {
  attachFunctionHooks("readahead", progs, hooks());
  attachFunctionExits(progs, reads(), "kretprobe_end");
}
