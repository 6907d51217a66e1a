import { gracePeriod } from "../../sys/grace_period.ts";

/** Takes over what a kernel half counts, without losing or doubling anything. */
export interface Counter<Row> {
  /** The programs are attached by now, and what was there before them is recorded. */
  attached?(): void;
  /** Takes over what can no longer be had once the programs are detached. */
  detaching?(): void;
  /** Takes over what was counted since the last time. */
  collect(): Promise<void>;
  /** What was collected since the last time it was taken. */
  take(): Row[];
  /** How many events it had no room for. */
  readonly lost?: bigint;
  /** What it cannot show on this host, each with the reason. */
  readonly unseen?: readonly string[];
}

/** A map that is counted into, with `set` in its key: see bpf/include/counts.h. */
export interface Counts<K, V> extends Iterable<readonly [K, V]> {
  /** Deletes entries. @returns how many there were */
  deleteBatch(keys: Iterable<K>): number;
}

/** A value of a map; of a map for each CPU, what is in one of its cells. */
export type Cell<V> = V extends readonly (infer T)[] ? T : V;

/** What a loaded skeleton has for its two sets of counters. */
export interface TwoSets {
  /** The variables, with the set that is counted into. */
  readonly bss: { set: number };
}

/**
 * The counters of a map: a row for each key, with the members of key and value. Values of several CPUs
 * (`cpu` in the key, or a map for each CPU), and of the times of collection that a table spans, are added up;
 * members called `min_...` and
 * `max_...` are the least and the greatest, where 0 stands for none.
 *
 * The kernel half counts into one of two sets. The other one is read and cleared once no program uses it
 * any more: so nothing is lost or counted twice between two tables.
 *
 * @example
 * ```ts
 * import { Syscount } from "#skel/syscount.ts";
 * import { CounterSets, loadHooks } from "@denobpf/denobpf/tool";
 *
 * using opened = Syscount.open();
 * opened.rodata.by_process = true;
 * opened.maps.groups.maxEntries = 1024;
 * loadHooks(opened.progs, { enter: true, exit: false, fork: false, exec: false, end: false });
 * const syscount = opened.load().attach();
 * const counter = new CounterSets(syscount, syscount.maps.groups);
 * await counter.collect();
 * for (const { pid, count } of counter.take()) if (pid === Deno.pid) console.log(count);
 * ```
 */
export class CounterSets<K extends { readonly set: number }, V> implements Counter<K & Cell<V>> {
  readonly #skeleton: TwoSets;
  readonly #counts: Counts<K, V>;
  readonly #by_cpu: boolean;
  #rows = new Map<string, K & Cell<V>>();

  /**
   * Counts by a map.
   * @param counts what the kernel half counts into
   * @param by_cpu keeps apart what several CPUs have counted, by the key's member `cpu`
   */
  constructor(skeleton: TwoSets, counts: Counts<K, V>, by_cpu = false) {
    this.#skeleton = skeleton;
    this.#counts = counts;
    this.#by_cpu = by_cpu;
  }

  async collect(): Promise<void> {
    const old = await switchSets(this.#skeleton);
    for (const [key, value] of takeSet(this.#counts, old)) {
      const name = nameOf(key, this.#by_cpu);
      const known = this.#rows.get(name);
      const cells = Array.isArray(value) ? value as Cell<V>[] : [value as Cell<V>];
      const fresh = cells.reduce((sum, cell) => added(sum, cell) as Cell<V>);
      const sum = known === undefined ? fresh : added(known, fresh);
      this.#rows.set(name, { ...key, ...sum as object } as K & Cell<V>);
    }
  }

  take(): (K & Cell<V>)[] {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    return rows;
  }
}

/**
 * A counter that has a row also where nothing was counted: of all together there is always one.
 * @param nothing that row
 *
 * @example
 * ```ts
 * import { type Counter, orNothing } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const idle: Counter<{ count: number }> = { collect: () => Promise.resolve(), take: () => [] };
 * assertEquals(orNothing(idle, { count: 0 }).take(), [{ count: 0 }]);
 * ```
 */
export function orNothing<Row>(counter: Counter<Row>, nothing: Row): Counter<Row> {
  return {
    collect: () => counter.collect(),
    take() {
      const rows = counter.take();
      return rows.length > 0 ? rows : [nothing];
    },
  };
}

/**
 * Has the kernel half count into its other set, and waits until no program uses the old one any more.
 * @returns the set that it has left
 *
 * @example
 * ```ts
 * import { Syscount } from "#skel/syscount.ts";
 * import { loadHooks, switchSets } from "@denobpf/denobpf/tool";
 *
 * using opened = Syscount.open();
 * opened.rodata.by_process = true;
 * opened.maps.groups.maxEntries = 1024;
 * loadHooks(opened.progs, { enter: true, exit: false, fork: false, exec: false, end: false });
 * const syscount = opened.load().attach();
 * const old = await switchSets(syscount);
 * for (const [{ set, pid }] of syscount.maps.groups) if (set === old) console.log(pid);
 * ```
 */
export async function switchSets({ bss }: TwoSets): Promise<number> {
  const old = bss.set;
  bss.set = 1 - old;
  await gracePeriod();
  return old;
}

/**
 * Takes the entries of one set out of a map.
 *
 * @example
 * ```ts
 * import { type Counts, takeSet } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const map = new Map([[{ set: 0 }, 23], [{ set: 1 }, 5]]);
 * const counts: Counts<{ set: number }, number> = {
 *   [Symbol.iterator]: () => map.entries(),
 *   deleteBatch: (keys) => [...keys].filter((key) => map.delete(key)).length,
 * };
 * assertEquals(takeSet(counts, 1), [[{ set: 1 }, 5]]);
 * assertEquals(map.size, 1);
 * ```
 */
export function takeSet<K extends { readonly set: number }, V>(
  counts: Counts<K, V>,
  set: number,
): (readonly [K, V])[] {
  const taken = [...counts].filter(([key]) => key.set === set);
  counts.deleteBatch(taken.map(([key]) => key));
  return taken;
}

/** A key as text, whatever set it is of, and whatever CPU unless these are kept apart. It may have structs in it. */
function nameOf(key: object, by_cpu: boolean): string {
  return JSON.stringify(
    { ...key, set: 0, ...!by_cpu && { cpu: 0 } },
    (_, value) => typeof value === "bigint" ? String(value) : value,
  );
}

/**
 * The sum of two values of a map: of structs member by member, of arrays element by element. Members called
 * `min_...` and `max_...` are the least and the greatest, where 0 stands for none.
 *
 * @example
 * ```ts
 * import { sumOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [{ count: 2, max_ns: 7n }, { count: 3, max_ns: 5n }];
 * assertEquals(sumOf(a, b), { count: 5, max_ns: 7n });
 * ```
 */
export function sumOf<T>(a: T, b: T): T {
  return added(a, b) as T;
}

function added(a: unknown, b: unknown): unknown {
  if (typeof a === "number") return a + (b as number);
  if (typeof a === "bigint") return a + (b as bigint);
  if (Array.isArray(a)) return a.map((value, at) => added(value, (b as unknown[])[at]));
  if (typeof a !== "object" || a === null) return b;
  return Object.fromEntries(
    Object.entries(b as object).map(([name, value]) => {
      const before = (a as Record<string, unknown>)[name];
      if (name.startsWith("min_")) return [name, least(before as bigint, value)];
      if (name.startsWith("max_")) return [name, before as bigint > value ? before : value];
      return [name, added(before, value)];
    }),
  );
}

/** The less of two numbers, of which 0 is none. */
function least<T extends number | bigint>(a: T, b: T): T {
  if (!a || !b) return a || b;
  return a < b ? a : b;
}
