import {
  type group,
  slab_kind,
  type Slabratetop,
  type usage,
  work_context,
} from "#skel/slabratetop.ts";
import { type Counter, CounterSets, pageSize, tryReadTextFile } from "#lib/tool/mod.ts";
import { frameName, Symbolizer } from "#lib/tool/stacks.ts";

/** What is counted of a cache. */
export type SlabUse = Omit<group & usage, "context"> & {
  readonly cache: string;
  /** How much memory an object takes, if that is known. */
  readonly object_bytes: bigint | undefined;
  /** What was given back, if that is known. */
  readonly freed_bytes: bigint | undefined;
  /** Whether the kernel was at work for a task; undefined unless rows are of programs. */
  readonly context: "task" | "softirq" | "irq" | undefined;
  /** A place in the kernel, as `%pS` of its own messages has it. */
  readonly site: string | undefined;
};

const CONTEXTS = {
  [work_context.WORK_TASK]: "task",
  [work_context.WORK_SOFTIRQ]: "softirq",
  [work_context.WORK_IRQ]: "irq",
} as const;

/** The counters of the kernel half, with the names that caches of sizes have. */
export class Caches implements Counter<SlabUse> {
  readonly #counts: CounterSets<group, usage>;
  readonly #by_comm: boolean;
  readonly #symbolizer = new Symbolizer();
  readonly #sizes = new Map<string, bigint | undefined>();

  /** Counts with a loaded skeleton. */
  constructor(skeleton: ReturnType<Slabratetop["load"]>) {
    this.#counts = new CounterSets(skeleton, skeleton.maps.usages);
    this.#by_comm = skeleton.rodata.by_comm;
  }

  collect(): Promise<void> {
    return this.#counts.collect();
  }

  take(): SlabUse[] {
    return this.#counts.take().map((row) => {
      const cache = cacheName(row);
      const object_bytes = this.#sizeOf(cache, row);
      const isNamed = row.kind === slab_kind.SLAB_CACHE;
      return {
        ...row,
        cache,
        object_bytes,
        freed_bytes: isNamed && object_bytes !== undefined ? row.frees * object_bytes : undefined,
        context: this.#by_comm ? CONTEXTS[row.context as keyof typeof CONTEXTS] : undefined,
        site: row.call_site === 0n ? undefined : this.#siteOf(row.call_site),
      };
    });
  }

  /** Objects of a cache are of one size: what only gives some back has it from before, or from the kernel. */
  #sizeOf(cache: string, { kind, max_size }: group & usage): bigint | undefined {
    if (kind === slab_kind.SLAB_KFREE) return undefined;
    if (max_size > 0n) this.#sizes.set(cache, max_size);
    else if (!this.#sizes.has(cache)) this.#sizes.set(cache, sizeInKernel(cache));
    return this.#sizes.get(cache);
  }

  #siteOf(address: bigint): string {
    const frame = this.#symbolizer.kernel(address);
    return `${frameName(frame)}+0x${frame.offset.toString(16)}`;
  }
}

/** Documentation/ABI/testing/sysfs-kernel-slab. */
function sizeInKernel(cache: string): bigint | undefined {
  const text = tryReadTextFile(`/sys/kernel/slab/${cache}/slab_size`);
  return text === undefined ? undefined : BigInt(text.trim());
}

/** As /proc/slabinfo calls them; what is larger than two pages is of no cache. */
function cacheName({ kind, name, size }: group): string {
  if (kind === slab_kind.SLAB_CACHE) return name;
  if (kind === slab_kind.SLAB_KFREE) return "(kfree)";
  const bytes = Number(size);
  if (bytes > 2 * pageSize()) return "kmalloc-large";
  return `kmalloc-${bytes % 1024 === 0 ? `${bytes / 1024}k` : bytes}`;
}
