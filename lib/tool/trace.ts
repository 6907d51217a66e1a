import type { RecordView } from "../btf/codec.ts";
import type { RingBuffer } from "../objects/ring_buffer.ts";
import { WallClock } from "../sys/clock.ts";
import { totalLost } from "./losses.ts";
import type { Losses, Trace } from "./trace_interface.ts";

/** What a trace of a ring buffer is made of. */
interface Source<E, V extends RecordView> {
  /** The loaded skeleton; the trace closes it. */
  skeleton: Disposable & { attach(): unknown; detach(): Promise<void> };
  ring: RingBuffer<unknown, V>;
  /**
   * Makes an event of a record, or undefined if it is not wanted.
   * @param wall gives wall time for the kernel's nanoseconds since boot
   */
  event(record: V, wall: (boot: bigint) => bigint): E | undefined;
  /** What is left to be told when the trace ends: events that waited for others that never came. */
  rest?(): readonly E[];
  /** The kernel half's counter of events that it had to drop; several, where not only the ring is full. */
  lost(): bigint | Losses;
  /** Ends the trace when it is aborted. */
  signal?: AbortSignal;
}

/** Attaches the programs of a loaded skeleton and gives the events of its ring buffer. */
export class RingTrace<E, V extends RecordView> implements Trace<E> {
  readonly #source: Source<E, V>;
  readonly #stop = new AbortController();
  readonly #clock = new WallClock();
  #lossesAtEnd: Losses | undefined;

  /** @throws {BpfError} if a program cannot be attached; the skeleton is closed then */
  constructor(source: Source<E, V>) {
    this.#source = source;
    try {
      source.skeleton.attach();
    } catch (error) {
      source.skeleton[Symbol.dispose]();
      throw error;
    }
  }

  get losses(): Losses {
    return this.#lossesAtEnd ?? this.#countLosses();
  }

  get lost(): bigint {
    return totalLost(this.losses);
  }

  stop(): void {
    this.#stop.abort();
  }

  async *batches(): AsyncGenerator<readonly E[], void, void> {
    const { ring, skeleton, rest } = this.#source;
    const stop = this.#stop.signal;
    const signal = this.#source.signal ? AbortSignal.any([stop, this.#source.signal]) : stop;
    for await (const batch of ring.batches({ signal })) {
      yield this.#events((handle) => batch.forEach(handle));
    }
    // Nothing new comes once the programs are detached: what is in the ring is the end of the trace.
    await skeleton.detach();
    const last = [...this.#events((handle) => ring.consume(handle)), ...rest?.() ?? []];
    if (last.length > 0) yield last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    for await (const events of this.batches()) yield* events;
  }

  [Symbol.dispose](): void {
    if (this.#lossesAtEnd !== undefined) return;
    this.#lossesAtEnd = this.#countLosses();
    this.#source.skeleton[Symbol.dispose]();
  }

  #countLosses(): Losses {
    const lost = this.#source.lost();
    return typeof lost === "bigint" ? { ring: lost } : lost;
  }

  #events(walk: (handle: (record: V) => void) => void): E[] {
    this.#clock.measure();
    const wall = (boot: bigint) => this.#clock.at(boot);
    const events: E[] = [];
    walk((record) => {
      const event = this.#source.event(record, wall);
      if (event !== undefined) events.push(event);
    });
    return events;
  }
}
