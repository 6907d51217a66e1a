/** A cache that forgets what was not asked for the longest, once what it holds costs too much. */
export class LeastRecentlyUsed<K, V> {
  readonly #values = new Map<K, { readonly value: V; readonly cost: number }>();
  #cost = 0;

  /** @param budget what all values together may cost */
  constructor(readonly budget: number) {}

  get size(): number {
    return this.#values.size;
  }

  /** The values, those first that were not asked for the longest. */
  *values(): Generator<V, void, void> {
    for (const { value } of this.#values.values()) yield value;
  }

  get(key: K): V | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    // A Map keeps the order in which keys were added: the first is the one to forget.
    this.#values.delete(key);
    this.#values.set(key, found);
    return found.value;
  }

  /** Keeps a value for a key that has none. The newest is kept whatever it costs. */
  add(key: K, value: V, cost: number): void {
    this.#values.set(key, { value, cost });
    this.#cost += cost;
    for (const [oldest, { cost }] of this.#values) {
      if (this.#cost <= this.budget || oldest === key) return;
      this.#values.delete(oldest);
      this.#cost -= cost;
    }
  }
}
