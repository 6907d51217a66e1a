import type { RecordView } from "../btf/codec.ts";
import type { RingBuffer } from "../objects/ring_buffer.ts";
import { WallClock } from "../sys/clock.ts";
import { totalLost } from "./losses.ts";
import type { Each, Losses, Trace } from "./trace_interface.ts";

/** What a trace of a ring buffer is made of. */
interface Source<E, V extends RecordView, View> {
  /** The loaded skeleton; the trace closes it. */
  skeleton: Disposable & { attach(): unknown; detach(): Promise<void> };
  /**
   * Attaches what libbpf does not, before the rest.
   * @returns what detaches it, unless that is among the skeleton's links
   */
  attach?(): Disposable | void;
  /** A ring buffer or a perf buffer. */
  ring: Pick<RingBuffer<unknown, V>, "batches" | "consume">;
  /**
   * Makes an event of a record, or undefined if it is not wanted.
   * @param wall gives wall time for the kernel's nanoseconds since boot
   */
  event(record: V, wall: (boot: bigint) => bigint): E | undefined;
  /** The same without an object an event: see {@link Trace.views}. */
  view?(record: V, wall: (boot: bigint) => bigint): View | undefined;
  /** What is left to be told when the trace ends: events that waited for others that never came. */
  rest?(): readonly E[];
  /** Sets what bpf/include/wake.h reads, if the kernel half uses that: a stream of events costs less. */
  readerRests?(yes: boolean): void;
  /** The kernel half's counter of events that it had to drop; several, where not only the ring is full. */
  lost(): bigint | Losses;
  /** Ends the trace when it is aborted. */
  signal?: AbortSignal;
}

/**
 * Attaches the programs of a loaded skeleton and gives the events of its ring or perf buffer.
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadHooks, RingTrace } from "@denobpf/denobpf/tool";
 *
 * const opened = Bootstrap.open();
 * loadHooks(opened.progs, { exec: true, exit: true });
 * const skeleton = opened.load();
 * using trace = new RingTrace({
 *   skeleton,
 *   ring: skeleton.maps.events,
 *   event: ({ time, pid }, wall) => ({ time: wall(time), pid }),
 *   lost: () => skeleton.bss.lost,
 * });
 * await new Deno.Command("/bin/true").output();
 * trace.stop();
 * for await (const { pid } of trace) console.log(pid);
 * ```
 */
export class RingTrace<E, V extends RecordView, View = E> implements Trace<E, View> {
  readonly #source: Source<E, V, View>;
  readonly #stop = new AbortController();
  readonly #clock = new WallClock();
  readonly #wall = (boot: bigint) => this.#clock.at(boot);
  readonly #attached: Disposable | void;
  #lossesAtEnd: Losses | undefined;

  /**
   * Attaches the programs.
   * @throws {BpfError} if a program cannot be attached; the skeleton is closed then
   */
  constructor(source: Source<E, V, View>) {
    this.#source = source;
    try {
      this.#attached = source.attach?.();
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
    const { event, rest } = this.#source;
    yield* this.#batches((batch) => {
      const events: E[] = [];
      batch.forEach((record) => {
        const made = event(record, this.#wall);
        if (made !== undefined) events.push(made);
      });
      return events;
    });
    const left = rest?.() ?? [];
    if (left.length > 0) yield left;
  }

  get views(): (() => AsyncGenerator<Each<View>, void, void>) | undefined {
    const { view } = this.#source;
    if (view === undefined) return undefined;
    return () =>
      this.#batches((batch) => ({
        forEach: (handle) =>
          batch.forEach((record) => {
            const event = view(record, this.#wall);
            if (event !== undefined) handle(event);
          }),
      }));
  }

  /** What `make` makes of each batch. One generator alone: each around it is felt where events come often. */
  async *#batches<B>(make: (batch: Each<V>) => B): AsyncGenerator<B, void, void> {
    const { ring, skeleton, readerRests } = this.#source;
    const stop = this.#stop.signal;
    const signal = this.#source.signal ? AbortSignal.any([stop, this.#source.signal]) : stop;
    for await (const batch of ring.batches({ signal, readerRests })) {
      this.#clock.nextBatch();
      yield make(batch);
    }
    // Nothing new comes once the programs are detached: what is in the ring is the end of the trace.
    this.#attached?.[Symbol.dispose]();
    await skeleton.detach();
    this.#clock.nextBatch();
    yield make({ forEach: (handle) => ring.consume(handle) });
  }

  /** Every event, to be kept. */
  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    for await (const events of this.batches()) yield* events;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#lossesAtEnd !== undefined) return;
    this.#lossesAtEnd = this.#countLosses();
    this.#attached?.[Symbol.dispose]();
    this.#source.skeleton[Symbol.dispose]();
  }

  #countLosses(): Losses {
    const lost = this.#source.lost();
    return typeof lost === "bigint" ? { ring: lost } : lost;
  }
}
