/**
 * A running trace: single events, or the events that came together. Disposing it detaches and closes
 * everything that it loaded.
 */
export interface Trace<E, View = E> extends AsyncIterable<E>, Disposable {
  /** The events of each drain of the ring, be it none: for output that is written in batches. */
  batches(): AsyncIterable<readonly E[]>;
  /**
   * The same without an object an event: one that moves on from event to event, whose members are read
   * when they are asked for. There only where no event waits for another.
   */
  readonly views?: () => AsyncIterable<Each<View>>;
  /** Events that the kernel had to drop so far. */
  readonly lost: bigint;
  /** The same, by cause. */
  readonly losses: Losses;
  /**
   * Ends the iteration soon; what was recorded by then is still given out.
   * @param signal the number of the signal that asks for it; a command that is traced gets it
   */
  stop(signal?: number): void;
  /** The exit code of the command that was traced, if there was one. */
  readonly exitCode?: number;
}

/** Events that came together; {@link forEach} is to be called once. */
export interface Each<E> {
  /** Hands on every one of them. */
  forEach(handle: (event: E) => void): unknown;
}

/** Events that were lost, by what had no room for them, or else why. */
export interface Losses {
  /** The ring buffer was full. */
  readonly ring?: bigint;
  /** A map was full. */
  readonly map?: bigint;
  /**
   * Events that the kernel did not show to a program, which was at work on that CPU already; see
   * `Program.misses`. Those of processes that are not traced are among them.
   */
  readonly missed?: bigint;
}

/** What a tool's function takes: any of the tool's options, and what every one of them has. */
export type TraceOptions<Options> = Partial<Options> & {
  /** When aborted, the trace ends as by {@link Trace.stop}. */
  readonly signal?: AbortSignal;
};
