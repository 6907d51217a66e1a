import { Bytes } from "../../btf/bytes.ts";
import type { Codec } from "../../btf/codec.ts";
import { mapValues } from "../../libbpf/map_symbols.ts";
import { ENOENT } from "../../sys/errno.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { expectType, expectValue } from "./expected_types.ts";

/**
 * A bloom filter (BPF_MAP_TYPE_BLOOM_FILTER): it knows for sure what was never added, and takes a few other
 * values for added ones. Nothing can be taken out again. Linux 5.16.
 *
 * @example
 * ```ts
 * import { BloomFilter, createMap, mapKinds, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * if (mapKinds().some(({ name, supported }) => name === "bloom_filter" && supported)) {
 *   using map = createMap({ type: "bloom_filter", value: u32, maxEntries: 1000 });
 *   const seen = new BloomFilter(map, u32);
 *   seen.add(42);
 *   assertEquals(seen.has(42), true);
 * }
 * ```
 */
export class BloomFilter<V> extends AnyMap {
  readonly #value: Codec<V>;
  readonly #bytes: Bytes;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, value: Codec<V>) {
    super(map);
    expectType(map, "bloom_filter");
    expectValue(map, value);
    this.#value = value;
    this.#bytes = Bytes.zeroed(value.size);
  }

  /**
   * Adds a value.
   * @throws {BpfError}
   */
  add(value: V): void {
    this.#encode(value);
    this.check(mapValues().bpf_map_update_elem(this.fd, null, this.#bytes.u8, 0n), "add to");
  }

  /**
   * Whether the value was added: false is certain, true is not.
   * @throws {BpfError}
   */
  has(value: V): boolean {
    this.#encode(value);
    const result = mapValues().bpf_map_lookup_elem(this.fd, null, this.#bytes.u8);
    if (result === -ENOENT) return false;
    this.check(result, "look into");
    return true;
  }

  #encode(value: V): void {
    this.#bytes.u8.fill(0);
    this.#value.encode(this.#bytes, 0, value);
  }
}
