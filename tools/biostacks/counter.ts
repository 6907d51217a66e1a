import type { Biostacks, group, latencies } from "#skel/biostacks.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";
import { type StackIds, StackSums } from "#lib/tool/stacks.ts";

type Loaded = ReturnType<ReturnType<typeof Biostacks.open>["load"]>;

/** Who has asked for requests, of whom, and what for. */
type Place = StackIds & Pick<group, "comm" | "dev" | "op" | "owner">;

type Times = Omit<latencies, "slots"> & { readonly slots: readonly number[] };

/** Requests of one kind that were asked for with one stack. */
export interface Requests extends Times, Omit<Place, keyof StackIds> {
  readonly pid: number;
  /** The innermost first. */
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  /** Whether the kernel may have left out frames, as there were as many as it may take. */
  readonly truncated: boolean;
}

/** Functions of the kernel that make requests; and that issue commands for the device itself, which nobody makes. */
const HOOKS = ["blk_mq_submit_bio", "blk_mq_start_request"];

/** Adds up requests by the names of their stacks. */
export class RequestCounter implements Counter<Requests> {
  readonly #skeleton: Loaded;
  readonly #latencies: CounterSets<group, latencies>;
  readonly #sums: StackSums<Place, Times>;

  /** @param depth frames of a stack at most */
  constructor(skeleton: Loaded, depth: number) {
    this.#skeleton = skeleton;
    this.#latencies = new CounterSets(skeleton, skeleton.maps.latencies);
    this.#sums = new StackSums({
      hook: HOOKS,
      depth,
      distinguish: ({ comm, dev, op, owner }) => [comm, dev, op, owner],
      measure: ({ total_ns }) => total_ns,
    });
  }

  get lost(): bigint {
    return this.#sums.lost;
  }

  /**
   * Takes over one set of times and of stacks. A request may have been made long before it ends: the stacks of
   * those that are under way are needed later.
   */
  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    // In the order that requests take, so that none moves from a map that comes later to one that was read.
    const owners = [...maps.owners, ...maps.written].map(([, owner]) => owner);
    const issued = [...maps.issues].map(([, { group }]) => group);
    const old = bss.set;
    await this.#latencies.collect();
    const stacks = takeSet(maps.stacks, old);
    const times = this.#latencies.take().map((
      { pid, kernel, user, comm, dev, op, owner, set: _, cpu: _cpu, ...value },
    ) => ({ place: { pid, kernel, user, comm, dev, op, owner }, value }));
    this.#sums.collect(stacks, times, [...owners, ...issued]);
  }

  take(): Requests[] {
    return this.#sums.take().map((
      { place: { pid, comm, dev, op, owner }, value, kernel, user, truncated },
    ) => ({ pid, comm, dev, op, owner, ...value, kernel, user, truncated }));
  }
}
