import type { ChildProcess } from "../sys/child_process.ts";
import { totalLost } from "./losses.ts";
import { Pauses } from "./pauses.ts";
import type { Losses, Trace } from "./trace_interface.ts";

/** What a trace that gives tables is made of. */
interface Source<E> {
  /** The loaded skeleton; the trace closes it. */
  skeleton: Disposable & { attach(): unknown; detach(): Promise<void> };
  /** Seconds between two tables; without it there is one, at the end. */
  interval?: number;
  /** Seconds until the end; without it the trace goes on until it is stopped. */
  duration?: number;
  /** Takes over what the kernel has counted since the last time. */
  collect(): Promise<void>;
  /** Whether it can count so much that a map fills up: then it is collected every second. */
  fills?: boolean;
  /** The rows of a table: what was collected since the last one. */
  rows(): readonly E[];
  /** The kernel half's counters of what it could not count. */
  losses(): Losses;
  /** Starts the command that is traced, if there is one. The trace ends with it. */
  start?(): ChildProcess;
  /** Ends the trace when it is aborted. */
  signal?: AbortSignal;
}

const COLLECT_MS = 1000;

/** A trace whose batches are tables: each holds what was counted since the one before. */
export class IntervalTrace<E> implements Trace<E> {
  readonly #source: Source<E>;
  readonly #command: ChildProcess | undefined;
  readonly #started = performance.now();
  readonly #pauses = new Pauses();
  #lossesAtEnd: Losses | undefined;
  readonly #onAbort = () => this.#pauses.stop();
  /** What the traced command ended with. */
  exitCode: number | undefined;

  /** @throws {BpfError} if a program cannot be attached; the skeleton is closed then */
  constructor(source: Source<E>) {
    this.#source = source;
    try {
      source.skeleton.attach();
      this.#command = source.start?.();
    } catch (error) {
      source.skeleton[Symbol.dispose]();
      throw error;
    }
    this.#command?.ended.then((code) => {
      this.exitCode = code;
      this.#pauses.stop();
    });
    if (source.signal?.aborted) this.#pauses.stop();
    source.signal?.addEventListener("abort", this.#onAbort);
  }

  get losses(): Losses {
    return this.#lossesAtEnd ?? this.#source.losses();
  }

  get lost(): bigint {
    return totalLost(this.losses);
  }

  /** Ends the trace; a traced command is sent the signal instead, and ends it when it ends itself. */
  stop(signal?: number): void {
    if (signal !== undefined && this.#command !== undefined) this.#command.passOn(signal);
    else this.#pauses.stop();
  }

  async *batches(): AsyncGenerator<readonly E[], void, void> {
    const { skeleton, interval = Infinity, duration = Infinity } = this.#source;
    const end = duration * 1000;
    for (let next = interval * 1000; next < end; next += interval * 1000) {
      await this.#collectUntil(next);
      if (this.#pauses.stopped) break;
      yield this.#source.rows();
    }
    await this.#collectUntil(end);
    await skeleton.detach();
    await this.#source.collect();
    yield this.#source.rows();
    await this.#command?.ended;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    for await (const rows of this.batches()) yield* rows;
  }

  [Symbol.dispose](): void {
    if (this.#lossesAtEnd !== undefined) return;
    this.#lossesAtEnd = this.#source.losses();
    this.#pauses.stop();
    this.#source.signal?.removeEventListener("abort", this.#onAbort);
    this.#source.skeleton[Symbol.dispose]();
  }

  /** Waits until so many milliseconds after the start, and collects then; before as well if needed. */
  async #collectUntil(end: number): Promise<void> {
    const step = this.#source.fills ? COLLECT_MS : Infinity;
    for (let left = Infinity; !this.#pauses.stopped && left > 0;) {
      left = end - (performance.now() - this.#started);
      if (left > 0) await this.#pauses.pause(Math.min(left, step));
      if (!this.#pauses.stopped) await this.#source.collect();
    }
  }
}
