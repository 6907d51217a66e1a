/**
 * What tools share that trace how names are looked up: the user half of bpf/include/name_lookups.h. It stands apart
 * from mod.ts, as few tools need it.
 *
 * @module
 */
import type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
import {
  attachFunctionExits,
  attachFunctionHooks,
  type FunctionHooks,
  loadFunctionExits,
  loadFunctionHooks,
  requireFunctions,
} from "./function_hooks.ts";
import { functionPrototype, wayToTrace } from "./functions.ts";

type Opened = Readonly<Record<string, OpenedProgram>>;
type Loaded = Readonly<Record<string, LoadedProgram>>;

/** Where the cache has a name at once. */
const FAST = { fast: "lookup_fast" };

/** Functions of which what they return is of interest. */
const ENDS = { lookup: "d_lookup", alloc: "d_alloc_parallel" };

/** Functions by which a file system answers. */
const ANSWERS = { splice: "d_splice_alias", add: "d_add" };

/** By which file systems that bring their own operations answer, since Linux 6.16. */
const ANSWERS_TOO = { splice_ops: "d_splice_alias_ops" };

/** Where names are looked for that are to be made or taken away. */
const SEARCHES = [{ search: "lookup_one_qstr_excl" }, { hash: "__lookup_hash" }] as const;

/** Where a name is no longer looked up. */
const DONES = [{ unhash: "__d_lookup_unhash_wake" }, { done: "__d_lookup_done" }] as const;

const isThere = (hooks: FunctionHooks) =>
  Object.values(hooks).every((name) => wayToTrace(name) !== undefined);

/** The first of these that this kernel has; of none the first, to be named as what lacks. */
const oneOf = (hooks: readonly FunctionHooks[]) => hooks.find(isThere) ?? hooks[0];

/** The functions that are hooked where they begin, and where they end. */
function chosen(misses_only: boolean): { begins: FunctionHooks; ends: FunctionHooks } {
  const searches = oneOf(SEARCHES);
  return {
    begins: {
      ...searches,
      ...ANSWERS,
      ...isThere(ANSWERS_TOO) && ANSWERS_TOO,
      ...oneOf(DONES),
    },
    ends: { ...searches, ...ENDS, ...!misses_only && FAST },
  };
}

/** What bpf/include/name_lookups.h has to know of this kernel. @param misses_only leave out what the cache has */
export function lookupArguments(misses_only: boolean) {
  return {
    misses_only,
    fast_arguments: functionPrototype(FAST.fast)?.parameters.length ?? 0,
    alloc_arguments: functionPrototype(ENDS.alloc)?.parameters.length ?? 0,
  };
}

/** Chooses which programs are loaded on this kernel. */
export function loadLookupHooks(progs: Opened, misses_only: boolean): void {
  const { begins, ends } = chosen(misses_only);
  loadFunctionHooks(progs, begins);
  for (const [hook, name] of Object.entries(ends)) {
    loadFunctionExits(progs, { [hook]: name }, `kretprobe_${hook}`);
  }
}

/**
 * Attaches what libbpf does not attach.
 * @param tool the name of the tool, for the errors
 * @throws {ExitError} if the host lets no function be traced, or lacks one of these
 */
export function attachLookupHooks(tool: string, progs: Loaded, misses_only: boolean): void {
  const { begins, ends } = chosen(misses_only);
  requireFunctions(tool, Object.values(ends));
  attachFunctionHooks(tool, progs, begins);
  for (const [hook, name] of Object.entries(ends)) {
    attachFunctionExits(progs, { [hook]: name }, `kretprobe_${hook}`);
  }
}
