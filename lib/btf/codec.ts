import { Bytes } from "./bytes.ts";
import { INSPECT, membersOf } from "./inspect.ts";

/**
 * How values of one C type are read from and written to memory. Generated skeletons declare one for
 * every type they name; the scalar ones are in scalars.ts.
 */
export interface Codec<T> {
  /** The type as C writes it: `struct event`, `__u32`. */
  readonly name: string;
  /** `sizeof`, in bytes. For a struct that ends in a flexible array: the size without it. */
  readonly size: number;
  /**
   * Reads the value at `at`. Total: any `size` bytes decode.
   * @param end where the memory of this value ends, `at + size` by default: only a flexible array at
   *   the end of a struct asks for it
   */
  decode(from: Bytes, at: number, end?: number): T;
  /**
   * Writes `value` at `at`; `end` as in {@link decode}.
   * @throws {RangeError | TypeError} when it does not fit; the message names the member
   */
  encode(into: Bytes, at: number, value: T, end?: number): void;
}

/**
 * A codec for ring buffer events: it also makes a view, one reusable object whose getters read the
 * members of the record it stands on, so that a hot path makes no object per event.
 */
export interface EventCodec<T, V extends RecordView> extends Codec<T> {
  /** A new view. It reads nothing before the ring buffer has placed it on a record. */
  view(): V;
}

/** The memory of a view that stands on no record: reading it throws. */
const NOTHING: Bytes = {
  get u8(): never {
    throw new RangeError(GONE);
  },
  get view(): never {
    throw new RangeError(GONE);
  },
};

const GONE = "This event view stands on no record: it is only good until the next event is read";

/**
 * What every generated event view stands on: some bytes, and where in them the record is. A view has a
 * getter for each member, and `$name` for the text of the member `name`. Its own names begin with `$$`,
 * as no generated one does, so that a member never hides one of them.
 *
 * @example
 * ```ts
 * import { BpfObject, raw } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * let size = 0;
 * object.ringBuffer("events", raw).consume((record) => {
 *   size += record.$$length;
 * });
 * ```
 */
export class RecordView {
  /** @internal For generated getters: the memory that the record lies in. */
  protected $$bytes: Bytes = NOTHING;
  /** @internal For generated getters: the offset of the record in it. */
  protected $$at = 0;
  /** @internal For generated getters: where the record ends. */
  protected $$end = 0;

  /** Length of the record in bytes. */
  get $$length(): number {
    return this.$$end - this.$$at;
  }

  /** Printed, a view shows the members of its record, and not the memory that it lies in. */
  [INSPECT](inspect: typeof Deno.inspect, options: Deno.InspectOptions): string {
    return inspect(this.$$bytes === NOTHING ? {} : membersOf(this), options);
  }

  /** @internal The ring buffer moves the view from record to record. */
  static place(view: RecordView, bytes: Bytes, at: number, end: number): void {
    view.$$bytes = bytes;
    view.$$at = at;
    view.$$end = end;
  }

  /** @internal Takes the view off the ring's memory: its getters throw RangeError from then on. */
  static release(view: RecordView): void {
    RecordView.place(view, NOTHING, 0, 0);
  }
}

/** Records of a ring buffer whose event type is not declared: each event is its bytes, copied. */
export class RawView extends RecordView {
  /** The bytes of the record, copied. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.$$bytes.u8.slice(this.$$at, this.$$end);
  }
}

/**
 * Bytes as they are.
 *
 * @example
 * ```ts
 * import { BpfObject, raw } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const ring = object.ringBuffer("events", raw);
 * ring.consume(({ bytes }) => console.log(bytes));
 * ```
 */
export const raw: EventCodec<Uint8Array<ArrayBuffer>, RawView> = {
  name: "bytes",
  size: 0,
  decode: (from, at, end = from.u8.length) => from.u8.slice(at, end),
  encode(into, at, value, end) {
    const room = end === undefined ? this.size : end - at;
    if (value.length !== room) {
      throw new RangeError(`${this.name}: ${room} bytes are needed, not ${value.length}`);
    }
    into.u8.set(value, at);
  },
  view: () => new RawView(),
};

/** A record that is no struct: a number, an enum, a union, an array. */
export class ValueView<T> extends RecordView {
  readonly #codec: Codec<T>;

  /** Makes a view for values of the codec. */
  constructor(codec: Codec<T>) {
    super();
    this.#codec = codec;
  }

  /** What the record holds. */
  get value(): T {
    return this.#codec.decode(this.$$bytes, this.$$at, this.$$end);
  }
}

/**
 * Makes events of values that are no structs: `__type(value, __u64)` of a ring buffer.
 *
 * @example
 * ```ts
 * import { BpfObject, eventOf, u64 } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const ring = object.ringBuffer("events", eventOf(u64));
 * ring.consume(({ value }) => console.log(value));
 * ```
 */
export function eventOf<T>(codec: Codec<T>): EventCodec<T, ValueView<T>> {
  return {
    name: codec.name,
    size: codec.size,
    decode: (from, at, end) => codec.decode(from, at, end),
    encode: (into, at, value, end) => codec.encode(into, at, value, end),
    view: () => new ValueView(codec),
  };
}

/**
 * Decodes one value that stands alone in `bytes`.
 * @throws {RangeError} when there are fewer bytes than the type has; the message names the type.
 *
 * @example
 * ```ts
 * import { decodeAll, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeAll(u32, Uint8Array.of(42, 0, 0, 0)), 42);
 * ```
 */
export function decodeAll<T>(codec: Codec<T>, bytes: Uint8Array<ArrayBuffer>): T {
  if (bytes.length < codec.size) {
    throw new RangeError(`${codec.name} has ${codec.size} bytes, only ${bytes.length} were given`);
  }
  return codec.decode(new Bytes(bytes), 0, bytes.length);
}

/**
 * Encodes one value into bytes of its own.
 *
 * @example
 * ```ts
 * import { encodeAll, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(u32, 42), Uint8Array.of(42, 0, 0, 0));
 * ```
 */
export function encodeAll<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const into = Bytes.zeroed(codec.size);
  codec.encode(into, 0, value);
  return into.u8;
}
