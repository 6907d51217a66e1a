import { type Losses, totalLost } from "./losses.ts";

/** What a tool's function takes: any of the tool's options, and what each of them has. */
export type TraceOptions<Options> = Partial<Options> & {
  /** When aborted, the trace ends as by {@link Trace.stop}. */
  readonly signal?: AbortSignal;
};

/** Events that came together; {@link forEach} is to be called once. */
export interface Each<E> {
  /** Hands on every one of them. */
  forEach(handle: (event: E) => void): unknown;
}

/** Where the events of a trace come from. It is attached when it is made; the trace closes it. */
export interface Source<E, View = E> extends Disposable {
  /** The events that came together, each time there are some, until `signal` is aborted. */
  batches(signal: AbortSignal): AsyncGenerator<readonly E[], void, void>;
  /**
   * The same without an object for each event: one that moves on from event to event, whose members are
   * read where they lie. Absent where events must be kept.
   */
  views?(signal: AbortSignal): AsyncGenerator<Each<View>, void, void>;
  /** What was lost so far. */
  losses?(): Losses;
  /** What it cannot show on this host, each with the reason. */
  unseen?(): readonly string[];
  /**
   * Takes a signal that asks the trace to end.
   * @returns whether the source ends by itself then
   */
  takeSignal?(signal: number): boolean;
  /** The exit code of the command that was traced, if there was one. */
  readonly exitCode?: number;
}

/**
 * A running trace: single events, or the events that came together. Disposing it detaches and closes
 * everything that it loaded.
 *
 * @example
 * ```ts
 * import { Trace } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * using trace = new Trace({
 *   async *batches() {
 *     yield [1, 2];
 *     yield [3];
 *   },
 *   [Symbol.dispose]() {},
 * });
 * assertEquals(await Array.fromAsync(trace), [1, 2, 3]);
 * ```
 */
export class Trace<E, View = E> implements AsyncIterable<E>, Disposable {
  readonly #source: Source<E, View>;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #lossesAtEnd: Losses | undefined;

  /** Gives out what a source has. @param signal ends the trace when it is aborted */
  constructor(source: Source<E, View>, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal ? AbortSignal.any([this.#stop.signal, signal]) : this.#stop.signal;
  }

  /** The events of each drain of the ring, or the rows of each table: an array, possibly empty. */
  batches(): AsyncGenerator<readonly E[], void, void> {
    return this.#source.batches(this.#signal);
  }

  /**
   * The same without an object for each event, where no event waits for another: one that moves on from
   * event to event, whose members are read when they are asked for.
   */
  get views(): (() => AsyncGenerator<Each<View>, void, void>) | undefined {
    if (this.#source.views === undefined) return undefined;
    return () => this.#source.views!(this.#signal);
  }

  /** Every event, to be kept. */
  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    for await (const events of this.batches()) yield* events;
  }

  /** How many events the kernel has dropped so far. */
  get lost(): bigint {
    return totalLost(this.losses);
  }

  /** The same, by cause. */
  get losses(): Losses {
    return this.#lossesAtEnd ?? this.#source.losses?.() ?? {};
  }

  /** What the tool cannot show on this host, each with the reason. It is known at the end. */
  get unseen(): readonly string[] {
    return this.#source.unseen?.() ?? [];
  }

  /**
   * Ends the iteration soon; what was recorded by then is still returned.
   * @param signal the number of the signal that asks for it; a command that is traced gets it
   */
  stop(signal?: number): void {
    if (signal !== undefined && this.#source.takeSignal?.(signal)) return;
    this.#stop.abort();
  }

  /** The exit code of the command that was traced, if there was one. */
  get exitCode(): number | undefined {
    return this.#source.exitCode;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#lossesAtEnd !== undefined) return;
    this.#lossesAtEnd = this.losses;
    this.#stop.abort();
    this.#source[Symbol.dispose]();
  }
}
