import type { Join } from "../shapes/ring.ts";

/** Joins events that are alike into one, which is shown when the trace ends. */
export interface TallyParts<E> {
  /** What the events that are joined have in common. */
  key(event: E): string;
  /** Adds an event to those that were alike so far, if there were any. */
  add(event: E, before: E | undefined): E;
  /** What is shown first: a negative number puts `a` before `b`. */
  order(a: E, b: E): number;
}

/**
 * Joins events that are alike into one: `-c` of tools that otherwise show each event.
 *
 * @example
 * ```ts
 * import { Tally } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const tally = new Tally<{ comm: string; count: number }>({
 *   key: ({ comm }) => comm,
 *   add: (event, before) => ({ ...event, count: (before?.count ?? 0) + 1 }),
 *   order: (a, b) => b.count - a.count,
 * });
 * tally.take({ comm: "tar", count: 0 }, undefined, true);
 * tally.take({ comm: "tar", count: 0 }, undefined, true);
 * assertEquals(tally.rest(), [{ comm: "tar", count: 2 }]);
 * ```
 */
export class Tally<E> implements Join<E, unknown> {
  readonly #sums = new Map<string, E>();
  readonly #parts: TallyParts<E>;

  /** Begins without any event. */
  constructor(parts: TallyParts<E>) {
    this.#parts = parts;
  }

  take(event: E, _record: unknown, passes: boolean): void {
    if (!passes) return;
    const key = this.#parts.key(event);
    this.#sums.set(key, this.#parts.add(event, this.#sums.get(key)));
  }

  rest(): E[] {
    return [...this.#sums.values()].sort((a, b) => this.#parts.order(a, b));
  }
}
