import { type Codec, decodeAll, encodeAll } from "../../btf/codec.ts";
import { dataSections } from "../../libbpf/symbols.ts";
import { ForeignMemory, Mapping, pageSize } from "../../sys/memory.ts";
import { AnyMap, type MapHandle, ObjectMap } from "../any_map.ts";
import { expectType } from "./expected_types.ts";

/**
 * An arena (BPF_MAP_TYPE_ARENA): memory that programs and this process share, pages that come into being
 * when they are first touched. Linux 6.9.
 *
 * A program that uses an arena is verified for its address in user space: with libbpf before 1.4 set that
 * as `extra` before load, to any that is free and a multiple of the page size (`1n << 44n`).
 *
 * @example
 * ```ts
 * import { Arena, createMap, mapKinds, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * if (mapKinds().some(({ name, supported }) => name === "arena" && supported)) {
 *   using map = createMap({ type: "arena", maxEntries: 3 });
 *   using arena = new Arena(map);
 *   arena.write(0, u64, 7n);
 *   assertEquals(arena.read(0, u64), 7n);
 * }
 * ```
 */
export class Arena extends AnyMap implements Disposable {
  readonly #map: MapHandle;
  #memory: ForeignMemory | undefined;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError} if the map is of another type
   */
  constructor(map: MapHandle) {
    super(map);
    expectType(map, "arena");
    this.#map = map;
  }

  /** Size in bytes; `maxEntries` is the number of pages. */
  get size(): number {
    return this.maxEntries * pageSize();
  }

  /**
   * Reads a value at `offset` bytes.
   * @throws {RangeError} if it reaches beyond the arena
   */
  read<T>(offset: number, codec: Codec<T>): T {
    const { size } = codec;
    return decodeAll(codec, this.#bytes(offset, codec.name, size).slice(offset, offset + size));
  }

  /**
   * Writes a value at `offset` bytes.
   * @throws {RangeError | TypeError} if it reaches beyond the arena, or does not fit its type
   */
  write<T>(offset: number, codec: Codec<T>, value: T): void {
    const bytes = encodeAll(codec, value);
    this.#bytes(offset, codec.name, bytes.length).set(bytes, offset);
  }

  /** Unmaps the memory. */
  [Symbol.dispose](): void {
    if (this.#memory instanceof Mapping) this.#memory[Symbol.dispose]();
    this.#memory?.detach();
    this.#memory = undefined;
  }

  /** All bytes of the arena: callers' codecs get copies, as they could give the memory itself away. */
  #bytes(offset: number, name: string, size: number): Uint8Array<ArrayBuffer> {
    const { fd } = this; // asks whether the object is loaded
    if (!Number.isInteger(offset) || offset < 0 || offset + size > this.size) {
      throw new RangeError(
        `${name} at ${offset} lies beyond the ${this.size} bytes of ${this.name}`,
      );
    }
    this.#memory ??= this.#libbpfs() ??
      (this.extra === 0n
        ? Mapping.of(fd, 0, this.size, true)
        : Mapping.at(this.extra, fd, this.size));
    return this.#memory.u8;
  }

  /** From 1.4 on libbpf maps the arenas of an object itself, and an arena has one address only. */
  #libbpfs(): ForeignMemory | undefined {
    if (!(this.#map instanceof ObjectMap)) return undefined;
    const size = new Uint8Array(8);
    const pointer = dataSections().bpf_map__initial_value(this.#map.pointer, size);
    return pointer === null ? undefined : new ForeignMemory(pointer, this.size);
  }
}
