/** Waits for futexes, added up by the names of the stacks with which threads come to them. */
import type { Futexctn, place, times } from "#skel/futexctn.ts";
import { type Counter, CounterSets, monotonicTime, takeSet } from "#lib/tool/mod.ts";
import { type StackIds, StackSums } from "#lib/tool/stacks.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { Mappings } from "./mappings.ts";

type Loaded = ReturnType<ReturnType<typeof Futexctn.open>["load"]>;

/** `enum wait_result` of bpf/futexctn.bpf.c, and what has not ended. */
export const RESULTS = ["woken", "timeout", "changed", "signal", "error", "waiting"] as const;
const WAITING = RESULTS.indexOf("waiting");

type Place = place & StackIds;

/** Waits at one address that have ended alike, with one stack. */
export type Waits = place & times & {
  /** Functions of the process, the innermost first. */
  readonly names: readonly string[];
  readonly truncated: boolean;
  readonly kind: Kind;
  /** The file that the address is mapped from, if it is known. */
  readonly mapping: string | undefined;
  /** Threads of the process that have woken up others at this address, and how many in all. */
  readonly wakers: ReadonlyMap<number, number>;
};

/** -ENOENT: no stack of the kernel is kept. */
const NONE = -2n;

/** What the wakes of an address are found by. */
const keyOf = ({ pid, uaddr }: { readonly pid: number; readonly uaddr: bigint }) =>
  `${pid} ${uaddr}`;

/** Adds up what is counted in the kernel, and at the end what has not ended. */
export class FutexCounter implements Counter<Waits> {
  readonly #skeleton: Loaded;
  readonly #counts: CounterSets<{ set: number; place: place }, times>;
  readonly #sums: StackSums<Place, times>;
  readonly #mappings = new Mappings();
  readonly #kind: Kind | undefined;
  #wakers = new Map<string, Map<number, number>>();
  #ended = false;

  /**
   * @param depth frames of a stack at most
   * @param kind what waits are to be for; all if left out
   */
  constructor(skeleton: Loaded, depth: number, kind?: Kind) {
    this.#skeleton = skeleton;
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts);
    this.#kind = kind;
    this.#sums = new StackSums({
      hook: "",
      depth,
      distinguish: ({ uaddr, op, result, owner, contended, shared, comm }) => [
        `${uaddr}`,
        op,
        result,
        owner,
        `${contended}`,
        `${shared}`,
        comm,
      ],
      measure: ({ total_ns }) => total_ns,
    });
  }

  get lost(): bigint {
    return this.#sums.lost;
  }

  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const later = [...maps.waits].map(([, { place }]) => withStacks(place));
    const old = bss.set;
    await this.#counts.collect();
    for (const [{ pid, tid, uaddr }, { woken }] of takeSet(maps.wakes_of, old)) {
      const key = keyOf({ pid, uaddr });
      const wakers = this.#wakers.get(key) ?? new Map<number, number>();
      this.#wakers.set(key, wakers.set(tid, (wakers.get(tid) ?? 0) + Number(woken)));
    }
    const stacks = takeSet(maps.stacks, old);
    const sums = this.#counts.take().map(({ place, count, total_ns, min_ns, max_ns, slots }) => ({
      place: withStacks(place),
      value: { count, total_ns, min_ns, max_ns, slots },
    }));
    this.#mappings.read(sums.map(({ place }) => place.pid));
    this.#sums.collect(stacks, sums, later);
  }

  /** Threads that wait still at the end have waited until then. */
  detaching(): void {
    this.#ended = true;
  }

  take(): Waits[] {
    if (this.#ended) this.#addWaiting();
    const wakers = this.#wakers;
    this.#wakers = new Map();
    return this.#sums.take().map(({ place, value, user, truncated }) => ({
      ...place,
      ...value,
      names: user,
      truncated,
      kind: kindOf(place.op, Boolean(place.contended), user),
      mapping: this.#mappings.of(place.pid, place.uaddr),
      wakers: wakers.get(keyOf(place)) ?? new Map(),
    })).filter(({ kind }) => this.#kind === undefined || kind === this.#kind);
  }

  #addWaiting(): void {
    const now = monotonicTime();
    for (const [, { start, place }] of this.#skeleton.maps.waits) {
      const ns = now - start;
      this.#mappings.read([place.pid]);
      this.#sums.add({ ...withStacks(place), result: WAITING }, {
        count: 1n,
        total_ns: ns,
        min_ns: ns,
        max_ns: ns,
        slots: [],
      });
    }
  }
}

function withStacks(place: place): Place {
  return { ...place, kernel: NONE };
}
