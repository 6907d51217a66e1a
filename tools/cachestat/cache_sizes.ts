import type { Cachestat, group, usage } from "#skel/cachestat.ts";
import { type Counter, CounterSets, tryReadTextFile } from "#lib/tool/mod.ts";

/** How large the page cache is, of proc_meminfo(5). */
export interface CacheSizes {
  readonly buffers_bytes: bigint | undefined;
  readonly cached_bytes: bigint | undefined;
}

/** The row of a table in which nothing happened. */
const NOTHING: group & usage = {
  set: 0,
  cpu: 0,
  pid: 0,
  uid: 0,
  ino: 0n,
  dev: 0n,
  accesses: 0n,
  misses: 0n,
  added: 0n,
  dirtied: 0n,
  removed: 0n,
  faults: 0n,
  named: 0n,
  comm: "",
};

/** The counters of all processes together, and how large the cache is by now: one row, also if nothing happened. */
export class WholeCache implements Counter<group & usage & CacheSizes> {
  readonly #counts: CounterSets<group, usage>;

  /** Counts with a loaded skeleton. */
  constructor(skeleton: ReturnType<Cachestat["load"]>) {
    this.#counts = new CounterSets(skeleton, skeleton.maps.usages);
  }

  collect(): Promise<void> {
    return this.#counts.collect();
  }

  take(): (group & usage & CacheSizes)[] {
    const text = tryReadTextFile("/proc/meminfo") ?? "";
    const bytes = (name: string) => {
      const kib = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1];
      return kib === undefined ? undefined : BigInt(kib) * 1024n;
    };
    const [row = NOTHING] = this.#counts.take();
    return [{ ...row, buffers_bytes: bytes("Buffers"), cached_bytes: bytes("Cached") }];
  }
}
