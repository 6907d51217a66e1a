import type { Offcputime, place, time } from "#skel/offcputime.ts";
import { type Counter, CounterSets, monotonicTime, sumOf, takeSet } from "#lib/tool/mod.ts";
import { frameName, KeptStacks, mostFrames } from "#lib/tool/stacks.ts";

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

/** Times by the ids of stacks, which have no names yet. */
interface Times {
  readonly place: place;
  time: time;
  still_off: boolean;
}

/** How long names are looked up for at a time, and at the end, in milliseconds: meanwhile nothing ends the trace. */
const NAMING_MS = 200;
const LAST_NAMING_MS = 5000;

/** Adds up times by the names of their stacks, which are looked up while most processes are still there. */
export class OffCpuCounter implements Counter<OffCpu> {
  readonly #skeleton: Loaded;
  readonly #times;
  readonly #stacks = new KeptStacks("__schedule", frameName);
  readonly #bounds: readonly [min: bigint, max: bigint];
  readonly #most: number;
  #sums = new Map<string, Times>();
  /** When it was collected last: at the end of the trace no switch is seen after this. */
  #collected = 0n;

  /**
   * @param bounds the shortest and the longest time that counts, in nanoseconds
   * @param most frames of a stack at most
   */
  constructor(skeleton: Loaded, bounds: readonly [min: bigint, max: bigint], most: number) {
    this.#skeleton = skeleton;
    this.#times = new CounterSets(skeleton, skeleton.maps.times);
    this.#bounds = bounds;
    this.#most = Math.min(most, mostFrames());
  }

  /**
   * Takes over one set of times and of stacks. A time may be of a stack of long ago, which is then one of an
   * absence before the sets are switched.
   */
  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    this.#collected = monotonicTime();
    const absent = [...maps.absences].map(([, { place }]) => place);
    const old = bss.set;
    await this.#times.collect();
    this.#stacks.add(takeSet(maps.stacks, old));
    const times = this.#times.take();
    for (const { place, count, total_ns, queued_ns, max_ns } of times) {
      this.#count(place, { count, total_ns, queued_ns, max_ns }, false);
    }
    this.#stacks.want([...times.map(({ place }) => place), ...absent]);
    this.#stacks.nameFor(NAMING_MS);
    this.#stacks.forgetOthers();
  }

  take(): OffCpu[] {
    this.#countAbsent();
    const sums = [...this.#sums.values()]
      .sort((a, b) => Number(b.time.total_ns - a.time.total_ns));
    this.#sums = new Map();
    this.#stacks.want(sums.map(({ place }) => place));
    this.#stacks.nameFor(LAST_NAMING_MS, sums.map(({ place }) => place.pid));
    return this.#byNames(sums);
  }

  /** Counts the threads that are still off CPU, with the time until then. */
  #countAbsent(): void {
    const end = this.#collected;
    const [min, max] = this.#bounds;
    for (const [, { since, woken, place }] of this.#skeleton.maps.absences) {
      const total_ns = end - since;
      if (since === 0n || total_ns < min || total_ns > max) continue;
      const queued = place.state === "R".charCodeAt(0) ? since : woken;
      const queued_ns = queued === 0n ? 0n : end - queued;
      this.#count(place, { count: 1n, total_ns, queued_ns, max_ns: total_ns }, true);
    }
  }

  #count(place: place, time: time, still_off: boolean): void {
    const { tid, comm, state, iowait, kernel, user } = place;
    const key = `${tid} ${state} ${iowait} ${kernel} ${user} ${comm}`;
    const known = this.#sums.get(key);
    if (known === undefined) {
      this.#sums.set(key, { place, time, still_off });
      return;
    }
    known.time = sumOf(known.time, time);
    known.still_off ||= still_off;
  }

  /** Adds up what has the same names: addresses within one function have one. */
  #byNames(sums: readonly Times[]): OffCpu[] {
    const rows = new Map<string, OffCpu>();
    for (const { place, ...sum } of sums) {
      const { comm, pid, tid } = place;
      const kernel = this.#stacks.kernel(place.kernel);
      const user = this.#stacks.user(pid, place.user);
      const state = String.fromCharCode(place.state);
      const iowait = place.iowait !== 0;
      const key = JSON.stringify([tid, comm, state, iowait, kernel.names, user.names]);
      const known = rows.get(key);
      const truncated = Math.max(kernel.frames, user.frames) >= this.#most;
      rows.set(key, {
        ...{ comm, pid, tid, state, iowait, kernel: kernel.names, user: user.names },
        truncated: truncated || (known?.truncated ?? false),
        time: known === undefined ? sum.time : sumOf(known.time, sum.time),
        still_off: sum.still_off || (known?.still_off ?? false),
      });
    }
    return [...rows.values()];
  }
}
