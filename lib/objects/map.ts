import { EEXIST, EINVAL, ENOENT, ENOSPC, ENOTSUPP, EOPNOTSUPP } from "../sys/errno.ts";
import { Bytes } from "../btf/bytes.ts";
import type { Codec } from "../btf/codec.ts";
import { mapBatches, mapElements, mapWalk } from "../libbpf/symbols.ts";
import { AnyMap } from "./any_map.ts";
import type { Lifetime } from "./lifetime.ts";

/** Flags of bpf_map_update_elem, include/uapi/linux/bpf.h. */
const UPDATE_FLAGS = { any: 0n, noexist: 1n, exist: 2n } as const;

/** Entries asked for in one batch: 10,000 hash entries take 1 ms in batches, 6.5 ms one by one. */
const BATCH = 4096;

/**
 * A BPF map with typed keys and values. For the per-CPU kinds a value is an array, one element for
 * each possible CPU.
 */
export class BpfMap<K = Uint8Array<ArrayBuffer>, V = Uint8Array<ArrayBuffer>> extends AnyMap
  implements Iterable<[K, V]> {
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;
  readonly #keyBytes: Bytes;
  readonly #valueBytes: Bytes;

  /** @internal Objects and skeletons make their maps. */
  constructor(
    name: string,
    pointer: Deno.PointerObject,
    lifetime: Lifetime,
    key: Codec<K>,
    value: Codec<V>,
  ) {
    super(name, pointer, lifetime);
    this.#key = key;
    this.#value = value;
    this.#keyBytes = Bytes.zeroed(key.size);
    this.#valueBytes = Bytes.zeroed(value.size);
  }

  /**
   * The value at `key`, or undefined.
   * @throws {BpfError}
   */
  lookup(key: K): V | undefined {
    const { fd } = this;
    this.#key.encode(this.#keyBytes, 0, key);
    const value = this.#valueBytes.u8;
    const result = mapElements().bpf_map_lookup_elem(fd, this.#keyBytes.u8, value);
    if (result === -ENOENT) return undefined;
    this.check(result, "look up an element of");
    return this.#value.decode(this.#valueBytes, 0);
  }

  /**
   * Sets the value at `key`.
   * @param condition `noexist` only adds, `exist` only changes
   * @returns false if the condition does not hold
   * @throws {BpfError} E2BIG or ENOSPC when the map is full
   */
  update(key: K, value: V, condition: keyof typeof UPDATE_FLAGS = "any"): boolean {
    const { fd } = this;
    this.#key.encode(this.#keyBytes, 0, key);
    this.#valueBytes.u8.fill(0);
    this.#value.encode(this.#valueBytes, 0, value);
    const flags = UPDATE_FLAGS[condition];
    const { bpf_map_update_elem } = mapElements();
    const result = bpf_map_update_elem(fd, this.#keyBytes.u8, this.#valueBytes.u8, flags);
    if (condition === "noexist" && result === -EEXIST) return false;
    if (condition === "exist" && result === -ENOENT) return false;
    this.check(result, "update an element of");
    return true;
  }

  /**
   * Removes the entry at `key`.
   * @returns false if there was none
   * @throws {BpfError}
   */
  delete(key: K): boolean {
    const { fd } = this;
    this.#key.encode(this.#keyBytes, 0, key);
    const result = mapElements().bpf_map_delete_elem(fd, this.#keyBytes.u8);
    if (result === -ENOENT) return false;
    this.check(result, "delete an element of");
    return true;
  }

  /**
   * Every entry, read in batches where the kernel can (5.6 on, most kinds of maps). Entries that come
   * or go meanwhile may or may not be seen.
   * @throws {BpfError}
   */
  *entries(): Generator<[K, V], void, void> {
    const walk = this.#batches();
    for (;;) {
      const batch = walk.next();
      if (batch.done) {
        if (batch.value === "no batches") yield* this.#oneByOne();
        return;
      }
      const { keys, values, count } = batch.value;
      for (let i = 0; i < count; i++) {
        yield [
          this.#key.decode(keys, i * this.#key.size),
          this.#value.decode(values, i * this.#value.size),
        ];
      }
    }
  }

  [Symbol.iterator](): Generator<[K, V], void, void> {
    return this.entries();
  }

  *#batches(): Generator<{ keys: Bytes; values: Bytes; count: number }, "end" | "no batches"> {
    const { fd } = this;
    let room = Math.min(this.maxEntries, BATCH);
    let keys = Bytes.zeroed(room * this.#key.size);
    let values = Bytes.zeroed(room * this.#value.size);
    const position = new Uint8Array(Math.max(4, this.#key.size));
    const next = new Uint8Array(position.length);
    const count = new Uint32Array(1);
    const countBytes = new Uint8Array(count.buffer);
    for (let first: null | Uint8Array<ArrayBuffer> = null;;) {
      count[0] = room;
      const { bpf_map_lookup_batch } = mapBatches();
      const result = bpf_map_lookup_batch(fd, first, next, keys.u8, values.u8, countBytes, null);
      if (result === -ENOSPC) { // one hash bucket holds more entries than there is room for
        room *= 2;
        keys = Bytes.zeroed(room * this.#key.size);
        values = Bytes.zeroed(room * this.#value.size);
        continue;
      }
      const unsupported = [-EINVAL, -EOPNOTSUPP, -ENOTSUPP].includes(result);
      if (first === null && unsupported) return "no batches";
      if (result !== -ENOENT) this.check(result, "read");
      yield { keys, values, count: count[0] };
      if (result === -ENOENT) return "end";
      position.set(next);
      first = position;
    }
  }

  *#oneByOne(): Generator<[K, V], void, void> {
    const { fd } = this;
    const { bpf_map_get_next_key, bpf_map_lookup_elem } = mapWalk();
    const key = Bytes.zeroed(this.#key.size);
    const next = Bytes.zeroed(this.#key.size);
    const value = Bytes.zeroed(this.#value.size);
    for (let first: null | Uint8Array<ArrayBuffer> = null;;) {
      const step = bpf_map_get_next_key(fd, first, next.u8);
      if (step === -ENOENT) return;
      this.check(step, "walk");
      key.u8.set(next.u8);
      first = key.u8;
      const found = bpf_map_lookup_elem(fd, key.u8, value.u8);
      if (found === -ENOENT) continue; // deleted meanwhile
      this.check(found, "read");
      yield [this.#key.decode(key, 0), this.#value.decode(value, 0)];
    }
  }
}
