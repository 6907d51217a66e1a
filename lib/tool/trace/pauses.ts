/**
 * The pauses of a loop, which end at once when the loop is stopped. (A race against a promise that lasts
 * as long as the loop would leave something with that promise each time, and memory would grow.)
 */
export class Pauses {
  #stopped = false;
  #end: (() => void) | undefined;

  /** Whether {@link stop} was called. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Ends the pause, and all those to come. */
  stop(): void {
    this.#stopped = true;
    this.#end?.();
  }

  /** Resolves after this many milliseconds, or when stopped. One at a time. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#stopped) return;
    const over = Promise.withResolvers<void>();
    this.#end = over.resolve;
    const timer = milliseconds === Infinity ? undefined : setTimeout(over.resolve, milliseconds);
    await over.promise;
    clearTimeout(timer);
  }
}
