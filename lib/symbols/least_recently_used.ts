/** A cache that forgets what was not asked for the longest, once what it holds costs too much. */
export class LeastRecentlyUsed<K, V> {
  readonly #values = new Map<K, { readonly value: V; cost: number }>();
  #cost = 0;

  /**
   * An empty cache.
   * @param budget what all values together may cost
   * @param most how many there may be
   */
  constructor(readonly budget: number, readonly most = Infinity) {}

  get size(): number {
    return this.#values.size;
  }

  /** What all values together cost. */
  get cost(): number {
    return this.#cost;
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
    this.#forgetAllBut(key);
  }

  /** A value costs something else by now. */
  weigh(key: K, cost: number): void {
    const found = this.#values.get(key);
    if (found === undefined) return;
    this.#cost += cost - found.cost;
    found.cost = cost;
    this.#forgetAllBut(key);
  }

  /** Forgets the oldest until the rest is within bounds. */
  #forgetAllBut(newest: K): void {
    for (const [oldest, { cost }] of this.#values) {
      if (this.#cost <= this.budget && this.size <= this.most || oldest === newest) return;
      this.#values.delete(oldest);
      this.#cost -= cost;
    }
  }
}
