import type { EventCodec, RecordView } from "../btf/codec.ts";
import { pageSize } from "../sys/memory.ts";
import type { MapHandle } from "./any_map.ts";
import { PhaseError } from "./errors.ts";
import { expectType } from "./maps/expected_types.ts";
import { PerfRings } from "./perf_rings.ts";
import { EventBuffer, type EventMemory } from "./ring_buffer.ts";

/** Sixty-four pages of 4 KiB, as libbpf-tools' perf buffers have. */
const BYTES_PER_CPU = 256 * 1024;

/**
 * A perf buffer (BPF_MAP_TYPE_PERF_EVENT_ARRAY, bpf_perf_event_output()): a ring for each CPU, mapped and
 * read in place, in the same way as a {@link RingBuffer}. For kernels before 5.8, which have no ring
 * buffers.
 *
 * Events come in the order of their time, across CPUs, within what one look into the rings finds: an
 * event that another CPU is still writing at that moment comes with the next look.
 *
 * A CPU that comes online gets a ring when the reader next looks. What programs send on it before, the
 * kernel refuses: bpf_perf_event_output() gives them -ENOENT, which a kernel half can count.
 *
 * The kernel pads an event by up to 7 bytes: one that ends in a flexible array has them too.
 *
 * A kernel half that has both kinds of buffers, of one event type, chooses by a constant in `.rodata`; the
 * user half leaves the other out with `autocreate`, and reads an {@link EventBuffer}.
 *
 * @example
 * ```ts
 * import { BpfObject, PerfBuffer, raw } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/bootstrap_legacy.bpf.o");
 * object.load();
 * object.attach();
 * const events = object.mapOf("events", (map) => new PerfBuffer(map, raw));
 * await new Deno.Command("/bin/true").output();
 * if (events.consume((record) => console.log(record)) === 0) throw new Error("none came");
 * console.log(events.lost, "lost");
 * ```
 */
export class PerfBuffer<T, V extends RecordView = RecordView> extends EventBuffer<T, V> {
  #bytesPerCpu = BYTES_PER_CPU;
  #rings: PerfRings | undefined;

  /**
   * Gives a map of this kind its types.
   * @param map of a skeleton, an object, or opened alone
   * @throws {TypeError} if it is of another type
   */
  constructor(map: MapHandle, codec: EventCodec<T, V>) {
    super(map, codec);
    expectType(map, "perf_event_array");
  }

  /**
   * Size of each CPU's ring in bytes: a power of two, of at least a page. Set before load.
   * @throws {RangeError | PhaseError}
   */
  get bytesPerCpu(): number {
    return this.#bytesPerCpu;
  }
  set bytesPerCpu(value: number) {
    if (this.#rings !== undefined) {
      throw new PhaseError(`Cannot set the size of ${this.name}: its rings are mapped already`);
    }
    if (!Number.isInteger(Math.log2(value)) || value < pageSize()) {
      throw new RangeError(`${value} is not a power of two, of at least ${pageSize()} bytes`);
    }
    this.#bytesPerCpu = value;
  }

  /**
   * How many events found no room in the rings. Before Linux 6.0 the kernel reports them only when it
   * has room again, and they are counted as they are read.
   */
  get lost(): number {
    void this.fd; // asks whether the object is loaded
    return this.#rings?.lost() ?? 0;
  }

  /** Unmaps the rings. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#rings = undefined;
  }

  /** @internal After load: what is sent before anybody reads is kept, as it is in a ring buffer. */
  becomeLive(): void {
    if (this.autocreate) this.memory();
  }

  /** Maps the memory that events come in. */
  protected open(): EventMemory {
    return this.#rings = new PerfRings(this, this.#bytesPerCpu);
  }
}
