import { Bytes } from "../btf/bytes.ts";
import type { Codec } from "../btf/codec.ts";
import { Mapping, pageSize } from "../sys/memory.ts";
import { AnyMap, type MapHandle } from "./any_map.ts";
import { expectType } from "./maps/expected_types.ts";

/** kernel/bpf/ringbuf.c: `__u32 len; __u32 pg_off` before each record; the top bits of `len` are flags. */
const HEADER_SIZE = 8;

/**
 * A user ring buffer (BPF_MAP_TYPE_USER_RINGBUF): values go from here to a program, which takes them with
 * bpf_user_ringbuf_drain(). They are written straight into the mapped ring. One writer at a time.
 * Linux 6.1.
 *
 * @example
 * ```ts
 * import { createMap, mapKinds, u64, UserRingBuffer } from "@denobpf/denobpf";
 *
 * if (mapKinds().some(({ name, supported }) => name === "user_ringbuf" && supported)) {
 *   using map = createMap({ type: "user_ringbuf", maxEntries: 64 * 1024 });
 *   using ring = new UserRingBuffer(map, u64);
 *   if (!ring.push(7n)) console.error("the ring is full");
 * }
 * ```
 */
export class UserRingBuffer<T> extends AnyMap implements Disposable {
  readonly #codec: Codec<T>;
  #memory: UserRing | undefined;

  /**
   * Gives a map of this kind its types.
   * @param codec of the values; {@link raw} for bytes of any length
   * @throws {TypeError} if the map is of another type
   */
  constructor(map: MapHandle, codec: Codec<T>) {
    super(map);
    expectType(map, "user_ringbuf");
    this.#codec = codec;
  }

  /**
   * Writes a value. The program sees it when it drains the ring next.
   * @returns false if there is no room for it now
   * @throws {RangeError | TypeError} if it does not fit its type, or is bigger than the whole ring
   */
  push(value: T): boolean {
    void this.fd; // asks whether the object is loaded
    const ring = this.#memory ??= new UserRing(this.fd, this.maxEntries);
    const { size } = this.#codec;
    const length = size === 0 && value instanceof Uint8Array ? value.length : size;
    if (length + HEADER_SIZE > ring.size) {
      throw new RangeError(`${length} bytes are more than the ${ring.size} of ${this.name}`);
    }
    const at = ring.room(length);
    if (at === undefined) return false;
    ring.data.u8.fill(0, at, at + length);
    // If this throws, the program knows nothing of it: the record counts from publish() on.
    this.#codec.encode(ring.data, at, value, at + length);
    ring.publish(length);
    return true;
  }

  /** Unmaps the memory that both sides share. */
  [Symbol.dispose](): void {
    this.#memory?.[Symbol.dispose]();
    this.#memory = undefined;
  }
}

/** The mapped ring: the kernel's position in a page of its own, ours in the next, then the data twice. */
class UserRing implements Disposable {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  /** Both positions count bytes since the ring was made and never wrap at its size. */
  readonly #consumed: BigInt64Array;
  readonly #produced: BigInt64Array;
  readonly data: Bytes;

  constructor(fd: number, readonly size: number) {
    const page = pageSize();
    this.#consumer = Mapping.of(fd, 0, page, false);
    try {
      this.#producer = Mapping.of(fd, page, page + 2 * size, true);
    } catch (error) {
      this.#consumer[Symbol.dispose]();
      throw error;
    }
    this.#consumed = new BigInt64Array(this.#consumer.u8.buffer, 0, 1);
    this.#produced = new BigInt64Array(this.#producer.u8.buffer, 0, 1);
    this.data = new Bytes(new Uint8Array(this.#producer.u8.buffer, page));
  }

  /** Where in the data the next record of `length` bytes goes; undefined if there is no room. */
  room(length: number): number | undefined {
    const produced = Atomics.load(this.#produced, 0);
    const used = Number(produced - Atomics.load(this.#consumed, 0));
    if (this.size - used < roundUp(length + HEADER_SIZE)) return undefined;
    return Number(produced & BigInt(this.size - 1)) + HEADER_SIZE;
  }

  /** Hands the record over: its length, then, ordered after all that was written, our position. */
  publish(length: number): void {
    const produced = Atomics.load(this.#produced, 0);
    const header = Number(produced & BigInt(this.size - 1));
    this.data.view.setUint32(header, length, true);
    this.data.view.setUint32(header + 4, 0, true);
    Atomics.store(this.#produced, 0, produced + BigInt(roundUp(length + HEADER_SIZE)));
  }

  [Symbol.dispose](): void {
    this.#consumer[Symbol.dispose]();
    this.#producer[Symbol.dispose]();
  }
}

/** Records begin at multiples of 8. */
function roundUp(length: number): number {
  return (length + 7) & ~7;
}
