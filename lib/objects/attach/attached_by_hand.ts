import type { Attachment } from "../link.ts";

/** What attaches a program where the kernel has no link for it, or where it is several links. */
export abstract class ByHand implements Attachment {
  #attached = true;

  /** @internal The functions of attach/ make these. */
  constructor(readonly program: string) {}

  /** Detaches the program. */
  protected abstract undo(): void;

  /** Detaches the program; a second call does nothing. */
  destroy(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.undo();
  }

  /** {@link destroy}, which takes no time for these. */
  destroyLater(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** {@link destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** {@link destroyLater}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroyLater();
  }
}
