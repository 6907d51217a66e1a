/** How many events wait at most, and how many bytes their records had: others choose how long texts are. */
const MOST = 65_536;
const MOST_BYTES = 16 << 20;

/**
 * Events that wait for another one, each by its key. Beyond a bound the oldest wait no longer.
 *
 * @example
 * ```ts
 * import { Waiting } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const waiting = new Waiting<number, string>();
 * waiting.keep(1234, "execve", 128, (dropped) => console.log(dropped));
 * assertEquals(waiting.take(1234), "execve");
 * ```
 */
export class Waiting<Key, E> {
  readonly #events = new Map<Key, { readonly event: E; readonly bytes: number }>();
  #bytes = 0;

  /**
   * Lets an event wait.
   * @param bytes the size of its record
   * @param drop gets those that wait no longer
   */
  keep(key: Key, event: E, bytes: number, drop: (event: E) => void): void {
    this.#events.set(key, { event, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= MOST && this.#bytes <= MOST_BYTES) break;
      drop(this.take(oldest)!);
    }
  }

  /** Takes the event that waits by this key, if there is one. */
  take(key: Key): E | undefined {
    const kept = this.#events.get(key);
    this.#events.delete(key);
    this.#bytes -= kept?.bytes ?? 0;
    return kept?.event;
  }

  /** Takes all that wait. */
  takeAll(): E[] {
    return [...this.#events.keys()].map((key) => this.take(key)!);
  }
}
