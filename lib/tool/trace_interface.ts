/**
 * A running trace: single events, or the events that came together. Disposing it detaches and closes
 * everything that it loaded.
 */
export interface Trace<E> extends AsyncIterable<E>, Disposable {
  /** The events of each drain of the ring, for output that is written in batches. */
  batches(): AsyncIterable<readonly E[]>;
  /** Events that the kernel had to drop so far. */
  readonly lost: bigint;
  /** Ends the iteration soon; what was recorded by then is still given out. */
  stop(): void;
}
