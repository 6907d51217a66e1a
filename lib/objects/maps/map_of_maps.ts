import type { Codec } from "../../btf/codec.ts";
import { ENOENT } from "../../sys/errno.ts";
import { innerSettings } from "../../libbpf/map_symbols.ts";
import { type AnyMap, type MapHandle, ObjectMap } from "../any_map.ts";
import { BpfError, PhaseError } from "../errors.ts";
import { type KernelMap, openMap } from "../map_info.ts";
import { type DescriptorLike, fdOf, ReadableDescriptorMap } from "./descriptor_map.ts";

/**
 * An array or hash whose values are maps (BPF_MAP_TYPE_ARRAY_OF_MAPS, _HASH_OF_MAPS). All must be as the
 * one it was declared with: of that type, those sizes and flags.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, MapOfMaps, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using inner = createMap({ type: "hash", key: u32, value: u64, maxEntries: 16 });
 * using map = createMap({ type: "hash_of_maps", key: u32, value: u32, maxEntries: 4, inner });
 * const byUser = new MapOfMaps(map, u32, (inner) => new BpfMap(inner, u32, u64));
 * byUser.set(1000, inner);
 * using counts = byUser.open(1000);
 * counts?.update(1, 1n);
 * assertEquals(new BpfMap(inner, u32, u64).lookup(1), 1n);
 * ```
 */
export class MapOfMaps<K, M extends AnyMap> extends ReadableDescriptorMap<K> {
  readonly #map: MapHandle;
  readonly #typed: (inner: MapHandle) => M;

  /**
   * Gives a map of this kind its types.
   * @param typed gives an inner map its types: `(inner) => new BpfMap(inner, u32, u64)`
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, key: Codec<K>, typed: (inner: MapHandle) => M) {
    super(map, key, "array_of_maps", "hash_of_maps");
    this.#map = map;
    this.#typed = typed;
  }

  /**
   * What the maps in this one are like, where the kernel half does not say: a map as an example, which
   * is not put in. Before load.
   * @throws {PhaseError | BpfError}
   */
  setInnerMap(example: DescriptorLike): void {
    if (!(this.#map instanceof ObjectMap)) {
      throw new PhaseError(`Cannot set what ${this.name} holds: it is in the kernel already`);
    }
    this.#map.lifetime.mustBeOpened(`set what ${this.name} holds`);
    const { bpf_map__set_inner_map_fd } = innerSettings();
    this.check(bpf_map__set_inner_map_fd(this.#map.pointer, fdOf(example)), "set the inner map of");
  }

  /**
   * The map at `key`, until it is disposed of; undefined if there is none.
   * @throws {BpfError}
   */
  open(key: K): (M & Disposable) | undefined {
    const id = this.id(key);
    if (id === undefined) return undefined;
    try {
      return disposable(openMap(id), this.#typed);
    } catch (error) {
      if (error instanceof BpfError && error.errno === ENOENT) return undefined; // taken out meanwhile
      throw error;
    }
  }
}

/** A typed map that closes the one that it stands on. */
function disposable<M extends AnyMap>(
  map: KernelMap,
  typed: (inner: MapHandle) => M,
): M & Disposable {
  try {
    const made = typed(map);
    const own = (made as Partial<Disposable>)[Symbol.dispose];
    const dispose = () => {
      own?.call(made);
      map[Symbol.dispose]();
    };
    return Object.assign(made, { [Symbol.dispose]: dispose });
  } catch (error) {
    map[Symbol.dispose]();
    throw error;
  }
}
