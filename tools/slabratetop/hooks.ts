/** Which programs this kernel needs: what its tracepoints say of a cache. */
import type { Slabratetop } from "#skel/slabratetop.ts";
import { readTextFile, tryReadTextFile } from "#lib/tool/mod.ts";
import {
  attachFunctionHooks,
  type FunctionHooks,
  loadFunctionHooks,
} from "#lib/tool/function_hooks.ts";
import { tracefs, wayToTrace } from "#lib/tool/functions.ts";

type Opened = ReturnType<typeof Slabratetop.open>;

/** The name of the cache. */
const NAME = /\bname;/;

/** How the kernel shows an allocation from a cache with a name: in a record, to a raw tracepoint, or not at all. */
type Shown = "record" | "argument" | "function";

/** Linux 5.10 has tracepoints of their own for what is allocated on a node, and passes no cache. */
function shown(): Shown {
  if (NAME.test(formatOf("kmem_cache_alloc"))) return "record";
  return hasEvent("kmem_cache_alloc_node") ? "function" : "argument";
}

/** Linux 5.10: the functions, of which a kernel without NUMA lacks one. */
function functions(): FunctionHooks {
  return {
    alloc: "kmem_cache_alloc",
    ...wayToTrace("kmem_cache_alloc_node") && { alloc_node: "kmem_cache_alloc_node" },
    free: "kmem_cache_free",
  };
}

/**
 * Loads the programs that count each allocation once.
 * @param frees load those of what is given back, too
 */
export function loadSlabHooks(progs: Opened["progs"], frees: boolean): void {
  const way = shown();
  const isOld = hasEvent("kmalloc_node");
  progs.tp_cache_alloc.autoload = way === "record";
  progs.raw_cache_alloc.autoload = way === "argument";
  progs.tp_cache_free.autoload = frees && way !== "function";
  progs.tp_kmalloc.autoload = !isOld;
  progs.tp_kmalloc_old.autoload = progs.tp_kmalloc_node.autoload = isOld;
  progs.tp_kfree.autoload = frees;
  if (way === "function") loadFunctionHooks(progs, functions());
}

/** Attaches what libbpf does not attach. */
export function attachSlabHooks(progs: ReturnType<Opened["load"]>["progs"]): void {
  if (shown() === "function") attachFunctionHooks("slabratetop", progs, functions());
}

const path = (event: string) => `${tracefs()}/events/kmem/${event}/format`;
const hasEvent = (event: string) => tryReadTextFile(path(event)) !== undefined;

/** The text of a tracepoint's file `format`. */
export const formatOf = (event: string): string => readTextFile(path(event));
