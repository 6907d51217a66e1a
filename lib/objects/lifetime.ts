import { PhaseError } from "./errors.ts";

/**
 * `closing` is the time in which links are destroyed on other threads: what was loaded is still there,
 * and nothing new can be attached.
 */
export type Phase = "opened" | "loaded" | "closing" | "closed";

/**
 * Where an object stands in its life. Its maps, programs, sections and rings share one of these and
 * ask it before they touch what may be gone: a freed pointer would end the process.
 */
export class Lifetime {
  #phase: Phase = "opened";

  /** The maps that are not made at load. libbpf gives each a descriptor all the same, of nothing. */
  readonly leftOut: Set<string> = new Set();

  /** Begins as opened. */
  constructor(readonly name: string) {}

  /** Where it stands. */
  get phase(): Phase {
    return this.#phase;
  }

  /** Steps on. */
  enter(phase: "loaded" | "closing" | "closed"): void {
    this.#phase = phase;
  }

  /**
   * Asks whether it may be used so.
   * @throws {PhaseError} once loaded or closed
   */
  mustBeOpened(action: string): void {
    this.mustBeOpen(action);
    if (this.#phase === "opened") return;
    throw new PhaseError(
      `Cannot ${action}: ${this.name} is loaded already; do it between open and load`,
    );
  }

  /**
   * Asks whether it may be used so.
   * @throws {PhaseError} before load and after close
   */
  mustBeLoaded(action: string): void {
    if (this.#phase === "loaded" || this.#phase === "closing") return;
    const why = this.#phase === "opened" ? "is not loaded yet" : "is closed";
    throw new PhaseError(`Cannot ${action}: ${this.name} ${why}`);
  }

  /**
   * Asks whether programs can be attached.
   * @throws {PhaseError} before load, and from the beginning of close on
   */
  mustBeAttachable(action: string): void {
    this.mustBeLoaded(action);
    if (this.#phase !== "closing") return;
    throw new PhaseError(`Cannot ${action}: ${this.name} is being closed`);
  }

  /**
   * Asks whether it may be used so.
   * @throws {PhaseError} after close
   */
  mustBeOpen(action: string): void {
    if (this.#phase === "closed") {
      throw new PhaseError(`Cannot ${action}: ${this.name} is closed`);
    }
  }
}
