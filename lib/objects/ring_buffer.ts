import { Bytes } from "../btf/bytes.ts";
import { type EventCodec, RecordView } from "../btf/codec.ts";
import { Mapping, pageSize } from "../sys/memory.ts";
import { HeldLoop } from "../sys/held_loop.ts";
import { Waiter } from "../sys/waiter.ts";
import { AnyMap, type MapHandle } from "./any_map.ts";
import { PhaseError } from "./errors.ts";
import { REST_MS, Rests } from "./reader_rests.ts";

/** The header word of a record, kernel/bpf/ringbuf.c: two flags and the length. */
const DISCARDED = 1 << 30;
const LENGTH = DISCARDED - 1;
const HEADER_SIZE = 8;

/** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
const BPF_MAP_TYPE_RINGBUF = 27;

/**
 * The consumer's position is reported to the kernel once in this many bytes (a quarter of a small ring), as
 * each time costs a cache miss.
 */
const PUBLISH_EVERY = 64 * 1024;

/** Records in one batch at most: then the event loop gets a turn, so that signals are answered. */
const BATCH_LIMIT = 8192;

/** So long, and not longer, the event loop does not turn while events come one by one. */
const HOLD_MS = 1;

/** How events are waited for, and what ends it. */
export interface ReadOptions {
  /** When aborted, the iteration ends; records not yet given out stay in the ring. */
  signal?: AbortSignal;
  /**
   * How long the event loop may stand still while events come one by one, in milliseconds; 1 if absent.
   * The longer, the sooner events are seen, and the later timers and signals are.
   */
  holdMs?: number;
  /**
   * For a program that does nothing else than to read: the event loop stands still while an event is waited
   * for, which saves most of the CPU time of an event that comes alone. Signals, ends of children, messages
   * of workers and results of other threads let it turn at once. Timers do not: this function returns in how
   * many milliseconds the next one is due, Infinity if there is none. One that it does not know of is late,
   * by a second at most.
   */
  nextTimerMs?: () => number;
  /**
   * For a reader that would rather be cheap than quick. While events come often, they are collected for
   * 5 ms at a time, and `true` is written for the kernel half, which need not wake the reader for them, and
   * again (`false`) that it must: see bpf/include/wake.h. An event that comes alone is seen at once.
   */
  readerRests?: (yes: boolean) => void;
}

/** The records that one look into the ring found. They are read as {@link forEach} walks them. */
export interface Batch<V> {
  /**
   * Calls `handle` with a view on each record. It is one object that moves on from record to record:
   * take from it what is needed, do not keep it.
   * @returns how many records there were
   */
  forEach(handle: (record: V) => void): number;
}

/** The memory that events come through, and the walk through it. */
export interface EventMemory extends Disposable {
  /** Becomes readable when there are events. */
  readonly fds: readonly number[];
  /** How many bytes it holds. */
  readonly size: number;
  /** How many bytes were read. */
  readonly position: number;
  /** The record that {@link next} found: in which memory, from where, to where. */
  readonly data: Bytes;
  /** Where the record begins. */
  readonly start: number;
  /** Where the record ends. */
  readonly end: number;
  /** Whether there is a record to look at. */
  peek(): boolean;
  /** Whether the kernel is writing the next record. */
  stalled(): boolean;
  /** Steps to the next record; false if there is none now. */
  next(): boolean;
  /** Reports to the kernel how far reading has come, which frees that memory. */
  publish(): void;
}

/** What ring buffers and perf buffers have in common: events, read in place. One reader at a time. */
export abstract class EventBuffer<T, V extends RecordView = RecordView> extends AnyMap
  implements Disposable {
  /** How the events are read. */
  readonly codec: EventCodec<T, V>;
  #view: V;
  #memory: EventMemory | undefined;
  #waiter: Waiter | undefined;
  #closed = false;

  /** Gives a map of this kind its types. */
  constructor(map: MapHandle, codec: EventCodec<T, V>) {
    super(map);
    this.codec = codec;
    this.#view = codec.view();
  }

  /**
   * Reads records through another view from now on.
   * @param view one that stands on the generated view, with more to it
   * @returns this buffer
   */
  readThrough<W extends V>(view: W): EventBuffer<T, W> {
    this.#view = view;
    return this as unknown as EventBuffer<T, W>;
  }

  /** Maps the memory. */
  protected abstract open(): EventMemory;

  /**
   * Every event, decoded, as it comes:
   *
   * ```ts
   * import { BpfObject, raw } from "@denobpf/denobpf";
   *
   * using object = BpfObject.open("build/bootstrap.bpf.o");
   * object.load();
   * object.attach();
   * const events = object.ringBuffer("events", raw);
   * await new Deno.Command("/bin/true").output();
   * const signal = AbortSignal.timeout(100);
   * for await (const event of events.read({ signal })) console.log(event.length);
   * ```
   * @throws {RangeError} if a record is shorter than the event's type
   */
  async *read(options: ReadOptions = {}): AsyncGenerator<T, void, void> {
    for await (const _ of this.batches(options)) {
      const ring = this.memory();
      try {
        for (let count = 0; count < BATCH_LIMIT && ring.next(); count++) {
          this.#checkLength(ring);
          const event = this.codec.decode(ring.data, ring.start, ring.end);
          yield event;
          if (options.signal?.aborted || this.#closed) return;
        }
      } finally {
        if (!this.#closed) ring.publish();
      }
    }
  }

  /**
   * Batches of records, without an object an event: for hot paths, and for output that is written once
   * a batch. Each batch given out must be walked before the next is asked for.
   *
   * ```ts
   * import { BpfObject, raw } from "@denobpf/denobpf";
   *
   * using object = BpfObject.open("build/bootstrap.bpf.o");
   * object.load();
   * object.attach();
   * const events = object.ringBuffer("events", raw);
   * await new Deno.Command("/bin/true").output();
   * let size = 0;
   * for await (const batch of events.batches({ signal: AbortSignal.timeout(100) })) {
   *   batch.forEach((record) => size += record.$$length);
   * }
   * ```
   */
  async *batches(
    { signal, holdMs = HOLD_MS, nextTimerMs, readerRests }: ReadOptions = {},
  ): AsyncGenerator<Batch<V>, void, void> {
    const ring = this.memory();
    if (this.#waiter !== undefined) throw new PhaseError(`${this.name} is being read already`);
    using waiter = new Waiter(ring.fds, nextTimerMs && HeldLoop.of(nextTimerMs));
    this.#waiter = waiter;
    const wake = () => waiter.wake();
    signal?.addEventListener("abort", wake);
    const batch: Batch<V> = { forEach: (handle) => this.consume(handle, BATCH_LIMIT) };
    const rests = readerRests && new Rests(ring, waiter, readerRests);
    // Events come in a stream when one follows another within this time.
    const streamMs = rests === undefined ? holdMs : REST_MS;
    try {
      let turned = performance.now();
      let streaming = false;
      while (!signal?.aborted && !this.#closed) {
        if (ring.peek()) {
          yield batch;
          if (this.#closed) return;
          if (performance.now() - turned < holdMs) continue;
          await waiter.turn();
          turned = performance.now();
          continue;
        }
        if (streaming && await rests?.rest()) {
          if (this.#closed) return;
          turned = performance.now();
          streaming = ring.peek() || ring.stalled();
          continue;
        }
        // The next event of a stream is waited for on this thread, which takes a third of the time that
        // the way round through another one does.
        if (streaming && !ring.stalled() && waiter.hold(holdMs)) continue;
        const began = performance.now();
        await waiter.wait(rests?.waitMs());
        if (this.#closed) return;
        turned = performance.now();
        streaming = turned - began < streamMs;
        // The kernel is writing a record: that is soon done.
        if (streaming && ring.stalled()) await pause(HOLD_MS);
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      this.#waiter = undefined;
    }
  }

  /**
   * Reads what is in the ring now, at most `limit` records, without waiting.
   * @returns how many records there were
   * @throws {RangeError} if a record is shorter than the event's type
   */
  consume(handle: (record: V) => void, limit = Infinity): number {
    const ring = this.memory();
    const view = this.#view;
    let count = 0;
    try {
      while (count < limit && ring.next()) {
        this.#checkLength(ring);
        RecordView.place(view, ring.data, ring.start, ring.end);
        count++;
        handle(view);
        if (this.#closed) break;
      }
    } finally {
      if (!this.#closed) ring.publish();
      RecordView.release(view);
    }
    return count;
  }

  /** Unmaps the memory that both sides share. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#waiter?.[Symbol.dispose]();
    this.#memory?.[Symbol.dispose]();
    this.#memory = undefined;
  }

  /**
   * Maps the memory that events come in.
   * @throws {PhaseError} before load and after close
   */
  protected memory(): EventMemory {
    void this.fd; // asks whether the object is loaded
    return this.#memory ??= this.open();
  }

  #checkLength(ring: EventMemory): void {
    const length = ring.end - ring.start;
    if (length >= this.codec.size) return;
    throw new RangeError(
      `a record of ${this.name} has ${length} bytes, ${this.codec.name} has ${this.codec.size}`,
    );
  }
}

/**
 * A BPF ring buffer (BPF_MAP_TYPE_RINGBUF), read in place: the kernel's memory is mapped, and an event
 * costs no call into C. One reader at a time.
 *
 * @example
 * ```ts
 * import { BpfObject, raw } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * object.attach();
 * const events = object.ringBuffer("events", raw);
 * await new Deno.Command("/bin/true").output();
 * for await (const event of events.read()) {
 *   console.log(event);
 *   break;
 * }
 * ```
 */
export class RingBuffer<T, V extends RecordView = RecordView> extends EventBuffer<T, V> {
  /**
   * Gives a map of this kind its types.
   * @throws {TypeError} if the map is of another type
   */
  constructor(map: MapHandle, codec: EventCodec<T, V>) {
    super(map, codec);
    if (map.trusted || map.type === BPF_MAP_TYPE_RINGBUF) return;
    throw new TypeError(`map ${map.name} is not of type ringbuf`);
  }

  /** Maps the memory that events come in. */
  protected open(): EventMemory {
    return new RingMemory(this.fd, this.maxEntries);
  }
}

/**
 * Loads the header of a record, before anything of the record. An x86 CPU keeps loads in order by
 * itself, and so does the compiler those of one memory; Atomics.load() is a call, a third of all that an
 * event costs.
 */
const loadHeader: (headers: Int32Array, at: number) => number = Deno.build.arch === "x86_64"
  ? (headers, at) => headers[at]
  : (headers, at) => Atomics.load(headers, at);

/** The mapped ring and the walk through it. */
class RingMemory implements EventMemory {
  readonly fds: readonly number[];
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  /** Both positions count bytes since the ring was made and never wrap at its size. */
  readonly #consumed: BigInt64Array;
  readonly #produced: Int32Array;
  readonly #headers: Int32Array;
  readonly size: number;
  readonly #mask: number;
  readonly #publishEvery: number;
  /** The data, mapped twice in a row, so that a record that wraps lies in one piece. */
  readonly data: Bytes;
  /** The lower 32 bits of where reading goes on, and of how far the kernel has written. */
  #next: number;
  #limit: number;
  /** Where reading went on when that was last reported to the kernel; up to 2^53, and its lower 32 bits. */
  #published: number;
  #publishedLow: number;
  /** The record that {@link next} found. */
  start = 0;
  end = 0;

  constructor(fd: number, size: number) {
    this.fds = [fd];
    const page = pageSize();
    this.#consumer = Mapping.of(fd, 0, page, true);
    try {
      this.#producer = Mapping.of(fd, page, page + 2 * size, false);
    } catch (error) {
      this.#consumer[Symbol.dispose]();
      throw error;
    }
    this.#consumed = new BigInt64Array(this.#consumer.u8.buffer, 0, 1);
    const { buffer } = this.#producer.u8;
    this.#produced = new Int32Array(buffer, 0, 2);
    this.#headers = new Int32Array(buffer, page);
    this.data = new Bytes(new Uint8Array(buffer, page));
    this.size = size;
    this.#mask = size - 1;
    this.#publishEvery = Math.min(PUBLISH_EVERY, size / 4);
    this.#published = Number(Atomics.load(this.#consumed, 0));
    this.#limit = this.#next = this.#publishedLow = this.#published | 0;
  }

  /** Where reading goes on. */
  get position(): number {
    return this.#published + ((this.#next - this.#publishedLow) | 0);
  }

  /** Whether there is a record to look at: a finished one, or a discarded one to skip. */
  peek(): boolean {
    return this.#available() && Atomics.load(this.#headers, this.#at() >>> 2) >= 0;
  }

  /** Whether the next record is reserved and not yet submitted: the kernel is writing it. */
  stalled(): boolean {
    return this.#available() && Atomics.load(this.#headers, this.#at() >>> 2) < 0;
  }

  /** Steps to the next record; false if there is none now. Discarded ones are skipped. */
  next(): boolean {
    if (((this.#next - this.#publishedLow) | 0) >= this.#publishEvery) this.publish();
    while (this.#available()) {
      const at = this.#at();
      const header = loadHeader(this.#headers, at >>> 2);
      if (header < 0) return false; // bit 31: the record is being written
      const length = header & LENGTH;
      this.#next = (this.#next + ((length + HEADER_SIZE + 7) & ~7)) | 0;
      if ((header & DISCARDED) === 0) {
        this.start = at + HEADER_SIZE;
        this.end = this.start + length;
        return true;
      }
    }
    return false;
  }

  /**
   * Reports to the kernel how far reading has come, which frees that memory. The store is sequentially
   * consistent: the kernel wakes the reader when it submits a record at this very position, so the
   * position must be seen before the ring is looked at again.
   */
  publish(): void {
    const { position } = this;
    if (position === this.#published) return;
    Atomics.store(this.#consumed, 0, BigInt(position));
    this.#published = position;
    this.#publishedLow = this.#next;
  }

  [Symbol.dispose](): void {
    this.#consumer[Symbol.dispose]();
    this.#producer[Symbol.dispose]();
  }

  #at(): number {
    return this.#next & this.#mask;
  }

  #available(): boolean {
    if (((this.#limit - this.#next) | 0) > 0) return true;
    this.#limit = Atomics.load(this.#produced, 0);
    return ((this.#limit - this.#next) | 0) > 0;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
