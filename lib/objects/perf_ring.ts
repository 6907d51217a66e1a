import { Bytes } from "../btf/bytes.ts";
import { files } from "../sys/libc.ts";
import { Mapping, pageSize } from "../sys/memory.ts";

/** `struct perf_event_mmap_page` of include/uapi/linux/perf_event.h: offsets in bytes. */
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;

/** `struct perf_event_header`: `__u32 type; __u16 misc; __u16 size`. */
const SIZE = 6;
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;

/** PERF_RECORD_LOST: the header, `__u64 id`, `__u64 lost`. */
const LOST = 16;

/** PERF_RECORD_SAMPLE of PERF_SAMPLE_TIME | PERF_SAMPLE_RAW: header, `__u64 time`, `__u32 size`, data. */
const TIME = 8;
const RAW_SIZE = 16;
const RAW = 20;

/** A record's size is a `__u16`. */
const LARGEST_RECORD = 65536;

/** The tail is reported to the kernel once in this many bytes, or a quarter of a small ring. */
const PUBLISH_EVERY = 64 * 1024;

/** The ring of one CPU, mapped, and the walk through it. It stands on a record, or at the end. */
export class PerfRing implements Disposable {
  readonly #mapping: Mapping;
  readonly #head: Int32Array;
  readonly #tail: BigInt64Array;
  readonly #ring: Bytes;
  readonly #size: number;
  /** A record that wraps at the end of the ring, put together. */
  #whole: Bytes | undefined;
  /** Where the record begins that this stands on; up to 2^53, of which 32 bits are compared. */
  position = 0;
  #published = 0;
  #limit = 0;
  #length = 0;
  #lost = 0;
  /** The sample that this stands on: its time in nanoseconds (CLOCK_MONOTONIC), and its data. */
  time = 0;
  data: Bytes;
  start = 0;
  end = 0;

  /**
   * @param fd a perf event, closed by this; also if this throws
   * @param countsLost whether it was opened with PERF_FORMAT_LOST
   * @param size of the data in bytes, a power of two
   * @throws {SystemError} EPERM if that is more locked memory than allowed
   */
  constructor(
    readonly fd: number,
    readonly countsLost: boolean,
    readonly cpu: number,
    size: number,
  ) {
    try {
      this.#mapping = Mapping.of(fd, 0, pageSize() + size, true);
    } catch (error) {
      files().close(fd);
      throw error;
    }
    const { buffer } = this.#mapping.u8;
    this.#head = new Int32Array(buffer, DATA_HEAD, 1);
    this.#tail = new BigInt64Array(buffer, DATA_TAIL, 1);
    this.#ring = this.data = new Bytes(new Uint8Array(buffer, pageSize()));
    this.#size = size;
  }

  /** Looks how far the kernel has come. Whether this stands on a sample now. */
  look(): boolean {
    this.#limit = Atomics.load(this.#head, 0);
    return this.#find();
  }

  /** Steps to the next sample that the last {@link look} saw; false if there is none. */
  step(): boolean {
    this.position += this.#length;
    this.#length = 0;
    if (this.position - this.#published >= Math.min(PUBLISH_EVERY, this.#size / 4)) this.publish();
    return this.#find();
  }

  /** Reports to the kernel that all before the present record is read. */
  publish(): void {
    if (this.#published === this.position) return;
    Atomics.store(this.#tail, 0, BigInt(this.position));
    this.#published = this.position;
  }

  /** How many samples found no room. Where the kernel has no counter, those that it has reported so far. */
  lost(): number {
    if (!this.countsLost) return this.#lost;
    const counts = new BigUint64Array(2); // value, lost
    files().read(this.fd, new Uint8Array(counts.buffer), BigInt(counts.byteLength));
    return Number(counts[1]);
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
    files().close(this.fd);
  }

  #find(): boolean {
    while (((this.#limit - this.position) | 0) > 0) {
      const record = this.position & (this.#size - 1);
      const length = this.#ring.view.getUint16(record + SIZE, true);
      const type = this.#ring.view.getUint32(record, true);
      this.data = this.#ring;
      let at = record;
      if (record + length > this.#size) {
        this.data = this.#joined(record, length);
        at = 0;
      }
      if (type === PERF_RECORD_SAMPLE) {
        const { view } = this.data;
        this.time = Number(view.getBigUint64(at + TIME, true));
        this.start = at + RAW;
        this.end = this.start + view.getUint32(at + RAW_SIZE, true);
        this.#length = length;
        return true;
      }
      if (type === PERF_RECORD_LOST) {
        this.#lost += Number(this.data.view.getBigUint64(at + LOST, true));
      }
      this.position += length;
    }
    return false;
  }

  #joined(record: number, length: number): Bytes {
    const whole = this.#whole ??= Bytes.zeroed(LARGEST_RECORD);
    const before = this.#ring.u8.subarray(record);
    whole.u8.set(before);
    whole.u8.set(this.#ring.u8.subarray(0, length - before.length), before.length);
    return whole;
  }
}
