import { clocks } from "./libc.ts";

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

/** Nanoseconds since boot, suspended time included: what `bpf_ktime_get_boot_ns()` gives. */
export function bootTime(): bigint {
  return now(CLOCK_BOOTTIME);
}

/** Nanoseconds since boot, suspended time left out: what `bpf_ktime_get_ns()` gives. */
export function monotonicTime(): bigint {
  return now(CLOCK_MONOTONIC);
}

/** Nanoseconds since 1970-01-01T00:00:00Z. */
export function wallTime(): bigint {
  return now(CLOCK_REALTIME);
}

/**
 * Turns the kernel's clock into wall time. Events carry nanoseconds since boot, which nobody can set;
 * the distance to the wall clock changes when somebody sets that, so it is measured again for every
 * batch of events.
 */
export class WallClock {
  #offset = 0n;

  constructor() {
    this.measure();
  }

  /** Measures the distance between the two clocks. Two vDSO calls, well under a microsecond. */
  measure(): void {
    const before = bootTime();
    const wall = now(CLOCK_REALTIME);
    const after = bootTime();
    this.#offset = wall - (before + after) / 2n;
  }

  /** Nanoseconds since 1970-01-01T00:00:00Z for nanoseconds since boot. */
  at(boot: bigint): bigint {
    return boot + this.#offset;
  }
}
