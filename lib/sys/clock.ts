import { tryReadTextFile } from "./file.ts";
import { clocks } from "./libc.ts";
import { once } from "./once.ts";

/** From include/uapi/linux/time.h. */
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;

const timespec = new BigInt64Array(2);
const timespecBytes = new Uint8Array(timespec.buffer);

function now(clock: number): bigint {
  clocks().clock_gettime(clock, timespecBytes);
  return timespec[0] * 1_000_000_000n + timespec[1];
}

/**
 * Nanoseconds since boot, suspended time included: what `bpf_ktime_get_boot_ns()` gives.
 *
 * @example
 * ```ts
 * import { bootTime } from "@denobpf/denobpf/tool";
 *
 * console.log(`booted ${bootTime() / 1_000_000_000n} s ago`);
 * ```
 */
export function bootTime(): bigint {
  const { boottime } = ahead();
  return now(CLOCK_BOOTTIME) - boottime;
}

/**
 * Nanoseconds since boot, suspended time left out: what `bpf_ktime_get_ns()` gives.
 *
 * @example
 * ```ts
 * import { monotonicTime } from "@denobpf/denobpf/tool";
 *
 * const before = monotonicTime();
 * console.log(monotonicTime() - before, "ns");
 * ```
 */
export function monotonicTime(): bigint {
  const { monotonic } = ahead();
  return now(CLOCK_MONOTONIC) - monotonic;
}

/**
 * How far the clocks of this process run ahead of the kernel's, in nanoseconds: a container may have a
 * time namespace, of which BPF knows nothing. See time_namespaces(7).
 */
const ahead = once(() => {
  const offsets = tryReadTextFile("/proc/self/timens_offsets") ?? "";
  const of = (clock: string) => {
    const [, seconds, ns] = new RegExp(`^${clock}\\s+(-?\\d+)\\s+(\\d+)`, "m").exec(offsets) ??
      [0, 0, 0];
    return BigInt(seconds) * 1_000_000_000n + BigInt(ns);
  };
  return { boottime: of("boottime"), monotonic: of("monotonic") };
});

/**
 * Nanoseconds since 1970-01-01T00:00:00Z.
 *
 * @example
 * ```ts
 * import { rfc3339, wallTime } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rfc3339(wallTime()).length, 30);
 * ```
 */
export function wallTime(): bigint {
  return now(CLOCK_REALTIME);
}

/**
 * Turns the kernel's clock into wall time. Events carry nanoseconds since boot, which nobody can set;
 * the distance to the wall clock changes when somebody sets that, so it is measured again for every
 * batch of events of which one is asked for its time.
 */
export class WallClock {
  #offset: bigint | undefined;

  /** To be called at the beginning of each batch. */
  nextBatch(): void {
    this.#offset = undefined;
  }

  /** Nanoseconds since 1970-01-01T00:00:00Z for nanoseconds since boot. */
  at(boot: bigint): bigint {
    return boot + (this.#offset ??= measureOffset());
  }
}

/** Within this many nanoseconds both clocks are read, unless something came in between. */
const UNDISTURBED_NS = 20_000n;
const TRIES = 5;

/**
 * The distance between the two clocks, exact to half of the time that its three vDSO calls take: well under a
 * microsecond. The first calls of a process open libc and read a file, and any may be interrupted; such a
 * measurement is made again, and the shortest one counts.
 */
function measureOffset(): bigint {
  let shortest: bigint | undefined;
  let offset = 0n;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = bootTime();
    const wall = now(CLOCK_REALTIME);
    const after = bootTime();
    const took = after - before;
    if (shortest === undefined || took < shortest) {
      shortest = took;
      offset = wall - (before + after) / 2n;
    }
    if (took <= UNDISTURBED_NS) break;
  }
  return offset;
}
