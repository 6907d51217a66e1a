/** Times off CPU, added up by the names of their stacks. */
import { monotonicTime } from "../sys/clock.ts";
import type { KeptStack, StackIds } from "./kept_stacks.ts";
import { type NamedPair, StackSums } from "./stack_sums.ts";
import {
  type Counter,
  CounterSets,
  type Counts,
  takeSet,
  type TwoSets,
} from "./trace/counter_sets.ts";
import { interrupted } from "./wakeup_context.ts";

/** Where time was spent, as `struct place` of bpf/include/off_cpu_times.h has it. */
interface Place extends StackIds {
  readonly tid: number;
  readonly comm: string;
  readonly state: number;
  readonly iowait: number;
}

/** Who has woken a thread up, as `struct waker` of bpf/include/wakers.h has it. */
interface Waker extends StackIds {
  readonly comm: string;
}

interface Time {
  readonly count: bigint;
  readonly total_ns: bigint;
  readonly queued_ns: bigint;
  readonly max_ns: bigint;
}

interface Group {
  readonly set: number;
  readonly place: Place;
  /** Where the kernel half has it. */
  readonly waker?: Waker;
}

/** A loaded skeleton with off_cpu_times.h. */
interface Loaded extends TwoSets {
  readonly maps: {
    readonly times: Counts<Group, Time>;
    readonly stacks: Counts<KeptStack[0] & { readonly set: number }, KeptStack[1]>;
    readonly absences: Iterable<
      readonly [
        tid: number,
        { readonly since: bigint; readonly woken: bigint; readonly place: Place },
      ]
    >;
    readonly wakers?: Iterable<readonly [tid: number, Waker]>;
  };
}

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
  readonly time: Time;
  /** Whether it is there still. */
  readonly still_off: boolean;
  /** Who has woken it up, where the kernel half asks: none if it could go on, or is blocked still. */
  readonly waker?: NamedPair & {
    readonly pid: number;
    readonly comm: string;
    readonly seen: boolean;
  };
}

/** Times, and how many of them have not ended. */
type Times = Time & { readonly absent: number };

/** What is added up: with the waker, where there is one. */
type Summed = Place & { readonly waker?: Waker };

const RUNNABLE = "R".charCodeAt(0);

/** In place of the stack of a wake-up that was not seen: -ENOENT. */
const UNSEEN = -2n;

/** Adds up times by the names of their stacks, and of those of wakers if the kernel half has any. */
export class OffCpuCounter implements Counter<OffCpu> {
  readonly #skeleton: Loaded;
  readonly #times: CounterSets<Group, Time>;
  readonly #sums: StackSums<Summed, Times>;
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
    const byWaker = skeleton.maps.wakers !== undefined;
    this.#sums = new StackSums({
      hook: "__schedule",
      depth,
      distinguish: ({ comm, tid, state, iowait, waker }) =>
        waker === undefined
          ? [comm, tid, state, iowait]
          : [comm, tid, state, iowait, waker.pid, waker.comm],
      measure: ({ total_ns }) => total_ns,
      ...byWaker && {
        other: { hook: "try_to_wake_up", of: ({ waker }: Summed) => waker, interrupted },
      },
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
    const wakers = [...maps.wakers ?? []];
    const old = bss.set;
    await this.#times.collect();
    const stacks = takeSet(maps.stacks, old);
    const times = this.#times.take().map((
      { place, waker, count, total_ns, queued_ns, max_ns },
    ) => ({
      place: placeWith(place, waker),
      value: { count, total_ns, queued_ns, max_ns, absent: 0 },
    }));
    const later = [...absent.map(([, { place }]) => place), ...wakers.map(([, waker]) => waker)];
    this.#sums.collect(stacks, times, later);
  }

  take(): OffCpu[] {
    this.#addAbsent();
    return this.#sums.take().map(({ place, value, kernel, user, truncated, other }) => ({
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
      ...place.waker && {
        waker: {
          pid: place.waker.pid,
          comm: place.waker.comm,
          seen: place.waker.kernel !== UNSEEN,
          ...other!,
        },
      },
    }));
  }

  /** Adds the threads that are still off CPU, with the time until then. */
  #addAbsent(): void {
    const { absences, wakers } = this.#skeleton.maps;
    const wokenBy = new Map(wakers);
    const end = this.#collected;
    const [min, max] = this.#bounds;
    for (const [tid, { since, woken, place }] of absences) {
      const total_ns = end - since;
      if (since === 0n || total_ns < min || total_ns > max) continue;
      const queued = place.state === RUNNABLE ? since : woken;
      const queued_ns = queued === 0n ? 0n : end - queued;
      const waker = woken === 0n ? undefined : wokenBy.get(tid);
      const times = { count: 1n, total_ns, queued_ns, max_ns: total_ns, absent: 1 };
      this.#sums.add(placeWith(place, waker), times);
    }
  }
}

/** A place with its waker, if one was needed. */
function placeWith(place: Place, waker: Waker | undefined): Summed {
  return waker === undefined || place.state === RUNNABLE ? place : { ...place, waker };
}
