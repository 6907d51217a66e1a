import type { Losses } from "./losses.ts";

/** A loaded skeleton, as {@link lossesOf} looks at it. */
export interface Counting {
  /**
   * The variables: by convention `lost` is what the ring had no room for, `lost_map` what a map had none for,
   * `lost_returns` how many calls were not seen to return.
   */
  readonly bss?: object;
  /** The maps: a perf buffer called `events` counts by itself what it had no room for. */
  readonly maps?: object;
  /** The programs. */
  readonly progs: Readonly<Record<string, { readonly autoload: boolean; readonly misses: bigint }>>;
}

/**
 * What a loaded skeleton has lost so far, the misses of all its loaded programs included.
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadSkeleton, lossesOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * using bootstrap = loadSkeleton(Bootstrap.open());
 * assertEquals(lossesOf(bootstrap).ring, 0n);
 * ```
 */
export function lossesOf({ bss, maps, progs }: Counting): Losses {
  const { lost, lost_map, lost_returns } = (bss ?? {}) as Partial<Record<string, bigint>>;
  const { events } = (maps ?? {}) as { events?: { lost?: number | bigint } };
  const ring = lost ?? events?.lost;
  return {
    ...ring !== undefined && { ring: BigInt(ring) },
    ...lost_map !== undefined && { map: lost_map },
    ...lost_returns !== undefined && { returns: lost_returns },
    missed: Object.values(progs)
      .filter(({ autoload }) => autoload)
      .reduce((sum, { misses }) => sum + misses, 0n),
  };
}
