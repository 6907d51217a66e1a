import type { Offcputime, place, time } from "#skel/offcputime.ts";
import { type Counter, CounterSets, monotonicTime, takeSet } from "#lib/tool/mod.ts";
import { StackSums } from "#lib/tool/stacks.ts";

type Loaded = ReturnType<ReturnType<typeof Offcputime.open>["load"]>;

/** The time that a thread has spent off CPU with one stack, in one state. */
export interface OffCpu {
  readonly comm: string;
  readonly pid: number;
  readonly tid: number;
  /** As ps(1) has it: `S`. */
  readonly state: string;
  readonly iowait: boolean;
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  /** Whether the kernel may have left out frames, as there were as many as it may take. */
  readonly truncated: boolean;
  readonly time: time;
  /** Whether it is there still. */
  readonly still_off: boolean;
}

/** Times, and how many of them have not ended. */
type Times = time & { readonly absent: number };

/** Adds up times by the names of their stacks. */
export class OffCpuCounter implements Counter<OffCpu> {
  readonly #skeleton: Loaded;
  readonly #times;
  readonly #sums: StackSums<place, Times>;
  readonly #bounds: readonly [min: bigint, max: bigint];
  /** When it was collected last: at the end of the trace no switch is seen after this. */
  #collected = 0n;

  /**
   * @param bounds the shortest and the longest time that counts, in nanoseconds
   * @param depth frames of a stack at most
   */
  constructor(skeleton: Loaded, bounds: readonly [min: bigint, max: bigint], depth: number) {
    this.#skeleton = skeleton;
    this.#times = new CounterSets(skeleton, skeleton.maps.times);
    this.#bounds = bounds;
    this.#sums = new StackSums({
      hook: "__schedule",
      depth,
      distinguish: ({ comm, tid, state, iowait }) => [comm, tid, state, iowait],
      measure: ({ total_ns }) => total_ns,
    });
  }

  get lost(): bigint {
    return this.#sums.lost;
  }

  /**
   * Takes over one set of times and of stacks. A time may be of a stack of long ago, which is then one of an
   * absence before the sets are switched.
   */
  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    this.#collected = monotonicTime();
    const absent = [...maps.absences].filter(([, { since }]) => since > 0n);
    const old = bss.set;
    await this.#times.collect();
    const stacks = takeSet(maps.stacks, old);
    const times = this.#times.take().map(({ place, count, total_ns, queued_ns, max_ns }) => ({
      place,
      value: { count, total_ns, queued_ns, max_ns, absent: 0 },
    }));
    this.#sums.collect(stacks, times, absent.map(([, { place }]) => place));
  }

  take(): OffCpu[] {
    this.#addAbsent();
    return this.#sums.take().map(({ place, value, kernel, user, truncated }) => ({
      comm: place.comm,
      pid: place.pid,
      tid: place.tid,
      state: String.fromCharCode(place.state),
      iowait: place.iowait !== 0,
      kernel,
      user,
      truncated,
      time: value,
      still_off: value.absent > 0,
    }));
  }

  /** Adds the threads that are still off CPU, with the time until then. */
  #addAbsent(): void {
    const end = this.#collected;
    const [min, max] = this.#bounds;
    for (const [, { since, woken, place }] of this.#skeleton.maps.absences) {
      const total_ns = end - since;
      if (since === 0n || total_ns < min || total_ns > max) continue;
      const queued = place.state === "R".charCodeAt(0) ? since : woken;
      const queued_ns = queued === 0n ? 0n : end - queued;
      this.#sums.add(place, { count: 1n, total_ns, queued_ns, max_ns: total_ns, absent: 1 });
    }
  }
}
