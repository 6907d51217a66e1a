import type { group, time, Wakeuptime } from "#skel/wakeuptime.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";
import { type StackIds, StackSums } from "#lib/tool/stacks.ts";
import { interrupted, knownContext, UNSEEN, WAKING, type Woken } from "#lib/tool/wakers.ts";

type Loaded = ReturnType<ReturnType<typeof Wakeuptime.open>["load"]>;

/** Who was blocked, and whom the kernel names as the waker: the pid of a place is that of its stacks. */
interface Place extends StackIds {
  readonly blocked: number;
  readonly comm: string;
  readonly waker_comm: string;
}

/** The time that threads of a process were blocked until one waker woke them up. */
export interface Wakeups extends Woken {
  readonly pid: number;
  readonly comm: string;
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  readonly truncated: boolean;
  readonly time: time;
}

/** Adds up blocked times by wakers and the names of their stacks. */
export class WakeupCounter implements Counter<Wakeups> {
  readonly #skeleton: Loaded;
  readonly #times: CounterSets<group, time>;
  readonly #sums: StackSums<Place, time>;

  /** @param depth frames of a stack at most */
  constructor(skeleton: Loaded, depth: number) {
    this.#skeleton = skeleton;
    this.#times = new CounterSets(skeleton, skeleton.maps.times);
    this.#sums = new StackSums({
      hook: WAKING,
      depth,
      distinguish: ({ blocked, comm, waker_comm }) => [blocked, comm, waker_comm],
      measure: ({ total_ns }) => total_ns,
      interrupted,
    });
  }

  get lost(): bigint {
    return this.#sums.lost;
  }

  /** Takes over one set of times and of stacks. A thread that waits for a CPU may bring a stack of the set before. */
  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const wakers = [...maps.wakers].map(([, waker]) => waker);
    const old = bss.set;
    await this.#times.collect();
    const stacks = takeSet(maps.stacks, old);
    const times = this.#times.take().map((
      { pid, waker_pid, count, total_ns, max_ns, ...place },
    ) => ({
      place: { ...place, blocked: pid, pid: waker_pid },
      value: { count, total_ns, max_ns },
    }));
    this.#sums.collect(stacks, times, wakers);
  }

  take(): Wakeups[] {
    return this.#sums.take().map(({ place, value, ...stacks }) => {
      const isSeen = place.kernel !== UNSEEN;
      return {
        pid: place.blocked,
        comm: place.comm,
        current_pid: isSeen ? place.pid : undefined,
        current_comm: isSeen ? place.waker_comm : undefined,
        context: isSeen ? knownContext(stacks) : undefined,
        ...stacks,
        time: value,
      };
    });
  }
}
