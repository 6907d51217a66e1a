/** Numbers for sockets: the kernel uses the address of one for the next one within a second. */
export class SockIds {
  /** By address: what distinguishes the last socket there, and its number. */
  readonly #last = new Map<bigint, { readonly started: bigint; readonly id: number }>();
  #count = 0;

  /** The number of a socket. The same each time it is asked for. */
  of(sk: bigint, started: bigint): number {
    const last = this.#last.get(sk);
    if (last?.started === started) return last.id;
    const id = ++this.#count;
    this.#last.set(sk, { started, id });
    return id;
  }
}
