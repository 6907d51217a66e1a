import { PhaseError } from "./errors.ts";

/**
 * Where an object stands in its life. Its maps, programs, sections and rings share one of these and
 * ask it before they touch what may be gone: a freed pointer would end the process.
 */
export class Lifetime {
  #phase: "opened" | "loaded" | "closed" = "opened";

  constructor(readonly name: string) {}

  get phase(): "opened" | "loaded" | "closed" {
    return this.#phase;
  }

  /** Steps on. */
  enter(phase: "loaded" | "closed"): void {
    this.#phase = phase;
  }

  /** @throws {PhaseError} once loaded or closed */
  mustBeOpened(action: string): void {
    if (this.#phase === "opened") return;
    const why = this.#phase === "loaded" ? "is loaded already" : "is closed";
    throw new PhaseError(`Cannot ${action}: ${this.name} ${why}; do it between open and load`);
  }

  /** @throws {PhaseError} before load and after close */
  mustBeLoaded(action: string): void {
    if (this.#phase === "loaded") return;
    const why = this.#phase === "opened" ? "is not loaded yet" : "is closed";
    throw new PhaseError(`Cannot ${action}: ${this.name} ${why}`);
  }

  /** @throws {PhaseError} after close */
  mustBeOpen(action: string): void {
    if (this.#phase === "closed") {
      throw new PhaseError(`Cannot ${action}: ${this.name} is closed`);
    }
  }
}
