import type { ChildProcess } from "../../sys/child_process.ts";
import type { Losses } from "./losses.ts";
import { Pauses } from "./pauses.ts";
import type { Attaching } from "./ring_source.ts";
import type { Source } from "./trace.ts";

/** What tables at intervals are made of. */
export interface IntervalParts<E> {
  /** The loaded skeleton. */
  readonly skeleton: Attaching;
  /** Attaches what libbpf does not, before the rest. @returns what detaches it, unless a link does */
  attach?(): Disposable | void;
  /** Records what was there before the programs, which are attached by now. */
  attached?(): void;
  /** Takes over what can no longer be had once the programs are detached. */
  detaching?(): void;
  /** Seconds between two tables; without it there is one, at the end. */
  readonly interval?: number;
  /** How many tables there are; without it the trace goes on until it is stopped. */
  readonly count?: number;
  /** Seconds until the end; without it the trace goes on until it is stopped. */
  readonly duration?: number;
  /** Takes over what the kernel has counted since the last time. */
  collect(): Promise<void>;
  /** Whether it can count so much that a map fills up: then it is collected every second. */
  readonly fills?: boolean;
  /** The rows of a table: what was collected since the last one. */
  rows(): readonly E[];
  losses(): Losses;
  /** What cannot be shown on this host, each with the reason. */
  unseen?(): readonly string[];
  /** Starts the command that is traced, if there is one. The trace ends with it. */
  start?(): ChildProcess;
}

const COLLECT_MS = 1000;

/** At first, where a command is traced: it may end soon, and its stacks have no names then. */
const FIRST_COLLECT_MS = 10;

/** Batches that are tables: each holds what was counted since the one before. */
export class IntervalSource<E> implements Source<E> {
  readonly #parts: IntervalParts<E>;
  readonly #attached: Disposable | void;
  readonly #command: ChildProcess | undefined;
  /** When everything was attached, which may take the kernel half a minute. */
  readonly #started: number;
  readonly #pauses = new Pauses();
  /** Milliseconds until it is collected the next time, if it has to be. */
  #step = COLLECT_MS;
  /** What the traced command ended with. */
  exitCode: number | undefined;

  /** @throws {BpfError} if a program cannot be attached; the skeleton is closed then */
  constructor(parts: IntervalParts<E>) {
    this.#parts = parts;
    try {
      this.#attached = parts.attach?.();
      parts.skeleton.attach();
      parts.attached?.();
      this.#started = performance.now();
      this.#command = parts.start?.();
      if (this.#command !== undefined) this.#step = FIRST_COLLECT_MS;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.#command?.ended.then((code) => {
      this.exitCode = code;
      this.#pauses.stop();
    });
  }

  losses(): Losses {
    return this.#parts.losses();
  }

  unseen(): readonly string[] {
    return this.#parts.unseen?.() ?? [];
  }

  /** A traced command gets the signal, and the trace ends with it. */
  takeSignal(signal: number): boolean {
    this.#command?.passOn(signal);
    return this.#command !== undefined;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly E[], void, void> {
    const { skeleton, interval = Infinity, count = Infinity, duration = Infinity } = this.#parts;
    const stop = () => this.#pauses.stop();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    try {
      const end = Math.min(duration, interval * count) * 1000;
      // By their number: 0.1 three times is more than 0.3.
      for (let table = 1; table < count && table * interval * 1000 < end; table++) {
        await this.#collectUntil(table * interval * 1000);
        if (this.#pauses.stopped) break;
        yield this.#parts.rows();
      }
      await this.#collectUntil(end);
      this.#parts.detaching?.();
      this.#attached?.[Symbol.dispose]();
      await skeleton.detach();
      await this.#parts.collect();
      yield this.#parts.rows();
      await this.#command?.ended;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Waits until this many milliseconds after the start, and collects then; before as well if needed. */
  async #collectUntil(end: number): Promise<void> {
    for (let left = Infinity; !this.#pauses.stopped && left > 0;) {
      left = end - (performance.now() - this.#started);
      // Also when it is late: signals and timers have their turn in a pause alone.
      await this.#pauses.pause(Math.max(0, Math.min(left, this.#nextStep())));
      if (!this.#pauses.stopped) await this.#parts.collect();
    }
  }

  #nextStep(): number {
    if (!this.#parts.fills) return Infinity;
    const step = this.#step;
    this.#step = Math.min(2 * step, COLLECT_MS);
    return step;
  }

  [Symbol.dispose](): void {
    this.#pauses.stop();
    this.#attached?.[Symbol.dispose]();
    this.#parts.skeleton[Symbol.dispose]();
  }
}
