/** What a kernel half counts by stacks, added up until a table shows it. */
import type { Frame } from "../symbols/mod.ts";
import { frameName, mostFrames } from "./frames.ts";
import {
  type KeptStack,
  KeptStacks,
  MISSED_KERNEL,
  NO_STACK,
  type StackIds,
} from "./kept_stacks.ts";
import { KeptNames } from "./kept_names.ts";
import { sumOf } from "./trace/counter_sets.ts";

/** Where something was counted, by the ids of its stacks, and how much. */
export interface StackSum<P, V> {
  readonly place: P;
  readonly value: V;
}

/** The stacks of a task by their names. */
export interface NamedPair {
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  /** Whether the kernel may have left out frames, as there were as many as it may take. */
  readonly truncated: boolean;
  /** Whether it has passed all frames of its own. */
  readonly has_all_kernel: boolean;
}

/** The same by the names of its stacks. */
export interface NamedSum<P, V> extends StackSum<P, V>, NamedPair {
  /** Those of the other task, if it is counted by one. */
  readonly other?: NamedPair;
}

/** What says how much of a stack has to do with what was counted. */
interface Interrupted {
  /**
   * How many functions of the kernel have to do with what was counted, if the others, and those of the process,
   * are of a task that has been interrupted.
   */
  interrupted?(kernel: readonly string[]): number | undefined;
}

/** The stacks of another task that sums are counted by as well: of who has woken up the first one. */
export interface OtherParts<P> extends Interrupted {
  /** The function of the kernel that has its hook. */
  readonly hook: string;
  /** Its stacks; undefined if there is none. */
  of(place: P): StackIds | undefined;
}

/** What sums are about. */
export interface SumParts<P, V> extends Interrupted {
  /** The functions of the kernel that have the hooks: see {@link KeptStacks}. */
  readonly hook: string | readonly string[];
  /** Frames of a stack at most, as the kernel half takes them. */
  readonly depth: number;
  /** What distinguishes sums, besides their stacks. */
  distinguish(place: P): readonly (string | number)[];
  /** By which sums are sorted: stacks of the largest ones are named first. */
  measure(value: V): bigint;
  /** The other task, if sums are counted by one. */
  readonly other?: OtherParts<P>;
  /** Names a frame; by its function if left out. */
  readonly nameOf?: (frame: Frame) => string;
  /** Sums at most, between two tables. */
  readonly most?: number;
}

/** What a table has room for, unless a tool has another number: some 100 MB of memory. */
const MOST_SUMS = 65_536;

/** How long names are looked up for at a time, and at the end, in milliseconds: meanwhile nothing ends the trace. */
const NAMING_MS = 200;
const LAST_NAMING_MS = 5000;

/**
 * Adds up what is counted, by the names of its stacks, which are looked up while most processes are still there.
 * Memory is bounded, however long the trace is: what does not fit is counted as lost.
 */
export class StackSums<P extends StackIds, V extends { readonly count: bigint }> {
  readonly #parts: SumParts<P, V>;
  readonly #stacks: KeptStacks;
  readonly #most: number;
  #sums = new Map<string, StackSum<P, V>>();
  #lost = 0n;

  constructor(parts: SumParts<P, V>) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST_SUMS;
    const { hook, other, nameOf = frameName } = parts;
    const [first, ...others] = [hook, other?.hook ?? []].flat();
    this.#stacks = new KeptStacks(first, nameOf, ...others);
  }

  /** How many events were counted at places that there was no room for. */
  get lost(): bigint {
    return this.#lost;
  }

  /**
   * Takes over one set of stacks, and what was counted meanwhile. That may be about stacks of sets long before.
   * @param later stacks that may be counted by later
   */
  collect(
    stacks: Iterable<KeptStack>,
    sums: Iterable<StackSum<P, V>>,
    later: readonly StackIds[] = [],
  ) {
    this.#stacks.add(stacks);
    const wanted = [...later];
    for (const { place, value } of sums) {
      if (this.add(place, value)) wanted.push(...this.#idsOf(place));
    }
    this.#stacks.want(wanted);
    this.#stacks.nameFor(NAMING_MS);
    this.#stacks.forgetOthers();
    if (this.#stacks.size > 2 * this.#most) this.#stacks.forgetNames([...this.#wanted(), ...later]);
  }

  /** Adds what was counted at a place. @returns whether there was room */
  add(place: P, value: V): boolean {
    const ids = this.#idsOf(place).flatMap(({ kernel, user }) => [String(kernel), String(user)]);
    const key = this.#key(place, ids);
    const known = this.#sums.get(key);
    const hasRoom = known !== undefined || this.#sums.size < this.#most;
    if (hasRoom) this.#sums.set(key, { place, value: known ? sumOf(known.value, value) : value });
    else this.#lost += value.count;
    return hasRoom;
  }

  /** What was added up since the last time. */
  take(): NamedSum<P, V>[] {
    const { measure } = this.#parts;
    const sums = [...this.#sums.values()]
      .sort((a, b) => Number(measure(b.value) - measure(a.value)));
    this.#sums = new Map();
    const wanted = sums.flatMap(({ place }) => this.#idsOf(place));
    this.#stacks.want(wanted);
    this.#stacks.nameFor(LAST_NAMING_MS, wanted.map(({ pid }) => pid));
    return this.#byNames(sums);
  }

  /** Adds up what has the same names: addresses within one function have one. */
  #byNames(sums: readonly StackSum<P, V>[]): NamedSum<P, V>[] {
    const { depth, other } = this.#parts;
    const most = Math.min(depth, mostFrames());
    const rows = new Map<string, NamedSum<P, V>>();
    const short = new KeptNames();
    for (const { place, value } of sums) {
      const own = this.#named(place, this.#parts, most);
      const otherIds = other?.of(place);
      const others = otherIds && this.#named(otherIds, other!, most);
      const names = [own.kernel, own.user, ...others ? [others.kernel, others.user] : []];
      const key = this.#key(place, names.map((stack) => short.key(stack)));
      const known = rows.get(key);
      rows.set(key, {
        place,
        value: known === undefined ? value : sumOf(known.value, value),
        ...both(own, known),
        ...others && { other: both(others, known?.other) },
      });
    }
    return [...rows.values()];
  }

  /** @param most frames of a stack that the kernel may pass */
  #named({ pid, ...ids }: StackIds, { interrupted }: Interrupted, most: number): NamedPair {
    const kernel = this.#stacks.kernel(ids.kernel);
    const own = interrupted?.(kernel.names);
    const user = own === undefined ? this.#stacks.user(pid, ids.user) : NO_STACK;
    return {
      kernel: kernel.names.slice(0, own),
      user: user.names,
      truncated: Math.max(kernel.frames, user.frames) >= most,
      has_all_kernel: kernel.frames < most && kernel !== MISSED_KERNEL,
    };
  }

  #key(place: P, stacks: readonly unknown[]): string {
    return JSON.stringify([place.pid, ...this.#parts.distinguish(place), ...stacks]);
  }

  /** All tasks that a sum has stacks of. */
  #idsOf(place: P): StackIds[] {
    const other = this.#parts.other?.of(place);
    return other === undefined ? [place] : [place, other];
  }

  *#wanted(): Generator<StackIds> {
    for (const { place } of this.#sums.values()) yield* this.#idsOf(place);
  }
}

/** Stacks of the same names, of which one may lack frames. */
function both(pair: NamedPair, known: NamedPair | undefined): NamedPair {
  return {
    ...pair,
    truncated: pair.truncated || (known?.truncated ?? false),
    has_all_kernel: pair.has_all_kernel && (known?.has_all_kernel ?? true),
  };
}
