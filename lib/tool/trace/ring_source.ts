import type { RecordView } from "../../btf/codec.ts";
import type { EventBuffer } from "../../objects/ring_buffer.ts";
import type { WallClock } from "../../sys/clock.ts";
import type { Losses } from "./losses.ts";
import type { Each, Source } from "./trace.ts";

/** A loaded skeleton, as traces use it. */
export interface Attaching extends Disposable {
  /** Attaches its programs. */
  attach(): unknown;
  /** Detaches them: nothing new is recorded from then on. */
  detach(): Promise<void>;
}

/** What events of a ring buffer are made of. */
export interface RingParts<E, View extends RecordView> {
  /** The loaded skeleton. */
  readonly skeleton: Attaching;
  /**
   * Attaches what libbpf does not, before the rest.
   * @returns what detaches it, unless that is among the skeleton's links
   */
  attach?(): Disposable | void;
  /** Records what was there before the programs, which are attached by now. */
  attached?(): void;
  /** A ring buffer or a perf buffer. */
  readonly ring: Pick<EventBuffer<unknown, View>, "batches" | "consume">;
  /** Derives wall time; it is set once for each batch. */
  readonly clock: WallClock;
  /** Makes events of a record, to be kept, and hands on those that are wanted. */
  event(record: View, show: (event: E) => void): void;
  /** Whether a record is wanted, where events are read in place; absent where they must be kept. */
  passes?(record: View): boolean;
  /** What is left when the trace ends: events that waited for others that never came. */
  rest?(): readonly E[];
  /** Sets the variable of bpf/include/wake.h, if the kernel half has it. */
  readerRests?(yes: boolean): void;
  /** Passed on to `ReadOptions.nextTimerMs`, where nothing else than this trace runs in the process. */
  readonly nextTimerMs?: () => number;
  losses(): Losses;
}

/** Attaches the programs of a loaded skeleton and reads the events of its ring or perf buffer. */
export class RingSource<E, View extends RecordView> implements Source<E, View> {
  readonly #parts: RingParts<E, View>;
  readonly #attached: Disposable | void;

  /** @throws {BpfError} if a program cannot be attached; the skeleton is closed then */
  constructor(parts: RingParts<E, View>) {
    this.#parts = parts;
    try {
      this.#attached = parts.attach?.();
      parts.skeleton.attach();
      parts.attached?.();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly E[], void, void> {
    const { event, rest } = this.#parts;
    yield* this.#drains(signal, (batch) => {
      const events: E[] = [];
      const show = (made: E) => void events.push(made);
      batch.forEach((record) => event(record, show));
      return events;
    });
    const left = rest?.() ?? [];
    if (left.length > 0) yield left;
  }

  get views(): Source<E, View>["views"] {
    const { passes } = this.#parts;
    if (passes === undefined) return undefined;
    return (signal) =>
      this.#drains(signal, (batch) => ({
        forEach: (handle) =>
          batch.forEach((record) => {
            if (passes(record)) handle(record);
          }),
      }));
  }

  losses(): Losses {
    return this.#parts.losses();
  }

  /** What `make` makes of each batch. One generator alone: each around it costs time for each batch. */
  async *#drains<B>(
    signal: AbortSignal,
    make: (batch: Each<View>) => B,
  ): AsyncGenerator<B, void, void> {
    const { ring, skeleton, clock, readerRests, nextTimerMs } = this.#parts;
    for await (const batch of ring.batches({ signal, readerRests, nextTimerMs })) {
      clock.nextBatch();
      yield make(batch);
    }
    // Nothing new comes once the programs are detached: what is in the ring is the end of the trace.
    this.#attached?.[Symbol.dispose]();
    await skeleton.detach();
    clock.nextBatch();
    yield make({ forEach: (handle) => ring.consume(handle) });
  }

  [Symbol.dispose](): void {
    this.#attached?.[Symbol.dispose]();
    this.#parts.skeleton[Symbol.dispose]();
  }
}
