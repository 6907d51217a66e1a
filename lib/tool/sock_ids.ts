/**
 * Numbers for sockets: the kernel uses the address of one for the next one within a second.
 *
 * @example
 * ```ts
 * import { SockIds } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = new SockIds();
 * const sk = 0xffff_8880_0123_4000n;
 * assertEquals([ids.of(sk, 5n), ids.of(sk, 5n), ids.of(sk, 7n)], [1, 1, 2]);
 * ```
 */
export class SockIds {
  /** By address: what distinguishes the last socket there, and its number. */
  readonly #last = new Map<bigint, { readonly started: bigint; readonly id: number }>();
  #count = 0;

  /**
   * The number of a socket. The same each time it is asked for.
   * @param sk its address
   * @param started when it came to its first state, in nanoseconds since boot; 0 if that is not known
   */
  of(sk: bigint, started: bigint): number {
    const last = this.#last.get(sk);
    if (last?.started === started) return last.id;
    const id = ++this.#count;
    this.#last.set(sk, { started, id });
    return id;
  }
}
