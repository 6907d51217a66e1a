import type { Losses, Trace } from "./trace_interface.ts";

/** Gives what is made one by one, in the place of a trace: for commands that tell what there is. */
export class ListTrace<E> implements Trace<E> {
  readonly lost = 0n;
  readonly losses: Losses = {};
  readonly #items: AsyncIterable<E>;
  #stopped = false;

  constructor(items: AsyncIterable<E>) {
    this.#items = items;
  }

  stop(): void {
    this.#stopped = true;
  }

  async *batches(): AsyncGenerator<readonly E[], void, void> {
    for await (const item of this) yield [item];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    for await (const item of this.#items) {
      if (this.#stopped) return;
      yield item;
    }
  }

  [Symbol.dispose](): void {}
}
