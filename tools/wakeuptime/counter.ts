import type { group, time, Wakeuptime } from "#skel/wakeuptime.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";
import { type NamedSum, type StackIds, StackSums } from "#lib/tool/stacks.ts";
import { type Context, contextOf, interrupted } from "./context.ts";

type Loaded = ReturnType<ReturnType<typeof Wakeuptime.open>["load"]>;

/** Who was blocked, and whom the kernel names as the waker: the pid of a place is that of its stacks. */
interface Place extends StackIds {
  readonly blocked: number;
  readonly comm: string;
  readonly waker_comm: string;
}

type NamedStacks = Pick<NamedSum<Place, time>, "kernel" | "has_all_kernel">;

/** The time that threads of a process were blocked until one waker woke them up. */
export interface Wakeups {
  readonly pid: number;
  readonly comm: string;
  /** The task that has woken them up, or that was interrupted for that; undefined if that was not seen. */
  readonly current_pid: number | undefined;
  readonly current_comm: string | undefined;
  /** Undefined if the kernel's stack may have more functions, or was lost. */
  readonly context: Context | undefined;
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  readonly truncated: boolean;
  readonly time: time;
}

/** The function of the kernel with the hook. */
const HOOK = "try_to_wake_up";

/** In place of a stack of the kernel, which each wake-up has: -ENOENT. */
const UNSEEN = -2n;

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
      hook: HOOK,
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

/** It is an interrupt where one is seen; a task where there is nothing more to see, and functions have names. */
function knownContext({ kernel, has_all_kernel }: NamedStacks): Context | undefined {
  const context = contextOf(kernel);
  const isKnown = context !== "task" || has_all_kernel && kernel[0] === HOOK;
  return isKnown ? context : undefined;
}
