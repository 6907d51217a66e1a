import { EEXIST, EINTR, EINVAL, ENOENT, ENOSPC, ENOTSUPP, EOPNOTSUPP } from "../sys/errno.ts";
import { Bytes } from "../btf/bytes.ts";
import type { Codec } from "../btf/codec.ts";
import {
  mapBatches,
  mapBatchWrites,
  mapDrains,
  mapElements,
  mapTakes,
  mapWalk,
} from "../libbpf/symbols.ts";
import { AnyMap, type MapHandle } from "./any_map.ts";
import { perCpuSize } from "./per_cpu.ts";

/** Flags of bpf_map_update_elem, include/uapi/linux/bpf.h. */
const UPDATE_FLAGS = { any: 0n, noexist: 1n, exist: 2n } as const;

/** When an update is to be done: always, only where the key is new, only where it is not. */
export type UpdateCondition = "any" | "noexist" | "exist";

/** Entries asked for in one batch: 10,000 hash entries take 1 ms in batches, 6.5 ms one by one. */
const BATCH = 4096;

/** This many bytes at most, which a value for each of many CPUs would soon exceed. */
const BATCH_BYTES = 1024 * 1024;

/**
 * BPF_MAP_TYPE_LPM_TRIE: its batches go on from the last key, and from the start again if that was
 * deleted meanwhile. (Those of hashes go by bucket, and arrays have nothing to delete.)
 */
const BATCHES_REPEAT = 11;

/** So often may the walk of a map begin anew because the key it stood on was deleted. */
const MOST_RESTARTS = 1000;

/** The kernel or this kind of map has no such operation. */
const UNSUPPORTED: readonly number[] = [-EINVAL, -EOPNOTSUPP, -ENOTSUPP];

type BatchRead = ReturnType<typeof mapBatches>["bpf_map_lookup_batch"];
type Walk = Generator<{ keys: Bytes; values: Bytes; count: number }, "end" | "no batches">;

/** Memory for a batch of this many entries. */
interface Room {
  readonly entries: number;
  readonly keys: Bytes;
  readonly values: Bytes;
}

/**
 * A BPF map with typed keys and values. For the per-CPU kinds a value is an array, one element for
 * each possible CPU.
 *
 * Codecs and loops of callers can close the map, and its descriptor's number is soon another map's, of
 * other sizes. So no descriptor is kept: each call asks for it last, once nobody else's code runs
 * before it. A walk over a map that is closed meanwhile ends with {@link PhaseError}.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "hash", key: u32, value: u64, maxEntries: 16 });
 * const counts = new BpfMap(map, u32, u64);
 * counts.update(42, 1n);
 * assertEquals([...counts], [[42, 1n]]);
 * ```
 */
export class BpfMap<K = Uint8Array<ArrayBuffer>, V = Uint8Array<ArrayBuffer>> extends AnyMap
  implements Iterable<[K, V]> {
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;
  /** In bytes, as they were checked: the kernel writes so much, whatever a codec says later. */
  readonly #keySize: number;
  readonly #valueSize: number;
  readonly #keyBytes: Bytes;
  readonly #valueBytes: Bytes;
  /** Kept from walk to walk: V8 sees no hurry to free what lies outside of its heap. */
  #room: Room | undefined;

  /**
   * Gives a map types. Objects and skeletons do it for their own.
   * @throws {RangeError} if the map has other sizes
   */
  constructor(map: MapHandle, key: Codec<K>, value: Codec<V>) {
    super(map);
    this.#key = key;
    this.#value = value;
    this.#keySize = key.size;
    this.#valueSize = value.size;
    // The kernel writes as much as the map says: into too small a buffer it would write beyond.
    if (!map.trusted) checkSizes(map, [key.name, this.#keySize], [value.name, this.#valueSize]);
    this.#keyBytes = Bytes.zeroed(this.#keySize);
    this.#valueBytes = Bytes.zeroed(this.#valueSize);
  }

  /**
   * The value at `key`, or undefined.
   * @throws {BpfError}
   */
  lookup(key: K): V | undefined {
    this.#key.encode(this.#keyBytes, 0, key);
    const value = this.#valueBytes.u8;
    const result = mapElements().bpf_map_lookup_elem(this.fd, this.#keyBytes.u8, value);
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
  update(key: K, value: V, condition: UpdateCondition = "any"): boolean {
    this.#key.encode(this.#keyBytes, 0, key);
    this.#valueBytes.u8.fill(0);
    this.#value.encode(this.#valueBytes, 0, value);
    const flags = UPDATE_FLAGS[condition];
    const { bpf_map_update_elem } = mapElements();
    const result = bpf_map_update_elem(this.fd, this.#keyBytes.u8, this.#valueBytes.u8, flags);
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
    this.#key.encode(this.#keyBytes, 0, key);
    const result = mapElements().bpf_map_delete_elem(this.fd, this.#keyBytes.u8);
    if (result === -ENOENT) return false;
    this.check(result, "delete an element of");
    return true;
  }

  /**
   * Removes the entry at `key` and gives its value, or undefined if there was none. At once in hashes
   * from Linux 5.14 on; else in two steps, and what a program writes between them is gone.
   * @throws {BpfError}
   */
  lookupAndDelete(key: K): V | undefined {
    this.#key.encode(this.#keyBytes, 0, key);
    const value = this.#valueBytes.u8;
    const { bpf_map_lookup_and_delete_elem } = mapTakes();
    const result = bpf_map_lookup_and_delete_elem(this.fd, this.#keyBytes.u8, value);
    if (UNSUPPORTED.includes(result)) {
      const found = this.lookup(key);
      return found !== undefined && this.delete(key) ? found : undefined;
    }
    if (result === -ENOENT) return undefined;
    this.check(result, "take an element of");
    return this.#value.decode(this.#valueBytes, 0);
  }

  /**
   * Every entry, read in batches where the kernel can (5.6 on, most kinds of maps). Entries that come
   * or go meanwhile may or may not be seen; what stays is seen once.
   * @throws {BpfError}
   */
  *entries(): Generator<[K, V], void, void> {
    const walk = this.#batches(mapBatches().bpf_map_lookup_batch);
    for (;;) {
      const batch = walk.next();
      if (batch.done) {
        if (batch.value === "no batches") yield* this.#oneByOne();
        return;
      }
      yield* this.#decoded(batch.value);
    }
  }

  /** Every entry, as {@link entries} gives them. */
  [Symbol.iterator](): Generator<[K, V], void, void> {
    return this.entries();
  }

  /**
   * Calls `handle` for every entry, as JavaScript's own maps do: for large maps, where an array for each
   * entry is felt.
   * @throws {BpfError}
   */
  forEach(handle: (value: V, key: K) => void): void {
    const [keyCodec, valueCodec] = [this.#key, this.#value];
    const walk = this.#batches(mapBatches().bpf_map_lookup_batch);
    for (;;) {
      const batch = walk.next();
      if (batch.done) {
        if (batch.value === "no batches") {
          for (const [key, value] of this.#oneByOne()) handle(value, key);
        }
        return;
      }
      const { keys, values, count } = batch.value;
      for (let i = 0, key = 0, value = 0; i < count; i++) {
        handle(valueCodec.decode(values, value), keyCodec.decode(keys, key));
        key += this.#keySize;
        value += this.#valueSize;
      }
    }
  }

  /**
   * Takes every entry out of the map. What programs add meanwhile may stay; nothing is in neither place.
   * In batches where the kernel can: hashes, from Linux 5.6 on.
   * @throws {BpfError}
   */
  drain(): [K, V][] {
    const entries: [K, V][] = [];
    const walk = this.#batches(mapDrains().bpf_map_lookup_and_delete_batch);
    for (;;) {
      const batch = walk.next();
      if (!batch.done) entries.push(...this.#decoded(batch.value));
      else if (batch.value === "end") return entries;
      else break;
    }
    for (const bytes of this.#keys()) {
      const key = this.#key.decode(new Bytes(bytes), 0);
      const value = this.lookupAndDelete(key);
      if (value !== undefined) entries.push([key, value]);
    }
    return entries;
  }

  /**
   * Sets many entries, with few calls where the kernel has batches for this kind of map.
   * @throws {BpfError} E2BIG or ENOSPC when the map is full; those before are set
   */
  updateBatch(entries: Iterable<readonly [K, V]>): void {
    const list = [...entries];
    const keys = encoded(this.#key, this.#keySize, list.map(([key]) => key));
    const values = encoded(this.#value, this.#valueSize, list.map(([, value]) => value));
    const { bpf_map_update_batch } = mapBatchWrites();
    const count = Uint32Array.of(list.length);
    const done = new Uint8Array(count.buffer);
    if (list.length === 0) return;
    const result = bpf_map_update_batch(this.fd, keys, values, done, null);
    if (!UNSUPPORTED.includes(result)) return this.check(result, "update elements of");
    for (const [key, value] of list) this.update(key, value);
  }

  /**
   * Removes many entries; keys that are not there are passed over.
   * @returns how many there were
   * @throws {BpfError}
   */
  deleteBatch(keys: Iterable<K>): number {
    const list = [...keys];
    const all = encoded(this.#key, this.#keySize, list);
    const count = new Uint32Array(1);
    const done = new Uint8Array(count.buffer);
    let deleted = 0;
    for (let at = 0; at < list.length;) {
      count[0] = list.length - at;
      const rest = all.subarray(at * this.#keySize);
      const result = mapBatchWrites().bpf_map_delete_batch(this.fd, rest, done, null);
      if (UNSUPPORTED.includes(result)) {
        return deleted + list.slice(at).filter((key) => this.delete(key)).length;
      }
      if (result !== -ENOENT) this.check(result, "delete elements of");
      deleted += count[0];
      at += count[0] + 1; // the one at which it stopped is not there
    }
    return deleted;
  }

  *#decoded(
    { keys, values, count }: { keys: Bytes; values: Bytes; count: number },
  ): Generator<[K, V], void, void> {
    for (let i = 0; i < count; i++) {
      yield [
        this.#key.decode(keys, i * this.#keySize),
        this.#value.decode(values, i * this.#valueSize),
      ];
    }
  }

  /** @param read bpf_map_lookup_batch or bpf_map_lookup_and_delete_batch */
  *#batches(read: BatchRead): Walk {
    if (this.type === BATCHES_REPEAT) return "no batches";
    let room = this.#room ?? this.#makeRoom(this.#batchSize());
    this.#room = undefined; // another walk may begin before this one ends
    const position = new Uint8Array(Math.max(4, this.#keySize));
    const next = new Uint8Array(position.length);
    const count = new Uint32Array(1);
    const countBytes = new Uint8Array(count.buffer);
    for (let first: null | Uint8Array<ArrayBuffer> = null;;) {
      const { keys, values } = room;
      count[0] = room.entries;
      const result = read(this.fd, first, next, keys.u8, values.u8, countBytes, null);
      if (result === -ENOSPC) { // one hash bucket holds more entries than there is room for
        room = this.#makeRoom(2 * room.entries);
        continue;
      }
      if (first === null && UNSUPPORTED.includes(result)) return "no batches";
      if (result !== -ENOENT) this.check(result, "read");
      yield { keys, values, count: count[0] };
      if (result === -ENOENT) {
        this.#room = room;
        return "end";
      }
      position.set(next);
      first = position;
    }
  }

  /** How many entries a batch is to have. */
  #batchSize(): number {
    const fitting = Math.floor(BATCH_BYTES / (this.#keySize + this.#valueSize));
    return Math.min(this.maxEntries, BATCH, Math.max(fitting, 1));
  }

  #makeRoom(entries: number): Room {
    const [keys, values] = [this.#keySize, this.#valueSize].map((size) =>
      Bytes.zeroed(entries * size)
    );
    return { entries, keys, values };
  }

  *#oneByOne(): Generator<[K, V], void, void> {
    const value = Bytes.zeroed(this.#valueSize);
    for (const key of this.#keys()) {
      const found = mapWalk().bpf_map_lookup_elem(this.fd, key, value.u8);
      if (found === -ENOENT) continue; // deleted meanwhile
      this.check(found, "read");
      yield [this.#key.decode(new Bytes(key), 0), this.#value.decode(value, 0)];
    }
  }

  /**
   * Every key, once. A key that is deleted while the walk stands on it throws the walk back to the
   * start: the keys that it comes by again are known.
   */
  #keys(): Iterable<Uint8Array<ArrayBuffer>> {
    const { bpf_map_get_next_key } = mapWalk();
    const keys = new Map<string, Uint8Array<ArrayBuffer>>();
    let restarts = 0;
    for (let last: null | Uint8Array<ArrayBuffer> = null, again = false;;) {
      const next: Uint8Array<ArrayBuffer> = new Uint8Array(this.#keySize);
      const step = bpf_map_get_next_key(this.fd, last, next);
      if (step === -ENOENT) return keys.values();
      this.check(step, "walk");
      const name = next.join();
      const known = keys.has(name);
      if (known && !again && ++restarts > MOST_RESTARTS) this.check(-EINTR, "walk");
      again = known;
      if (!known) keys.set(name, next);
      last = next;
    }
  }
}

function encoded<T>(
  codec: Codec<T>,
  size: number,
  values: readonly T[],
): Uint8Array<ArrayBuffer> {
  const into = Bytes.zeroed(values.length * size);
  values.forEach((value, index) => codec.encode(into, index * size, value));
  return into.u8;
}

/** A type's name, and its size in bytes. */
type Sized = readonly [name: string, size: number];

function checkSizes(map: MapHandle, [keyName, keySize]: Sized, [valueName, size]: Sized): void {
  const valueSize = perCpuSize(map);
  const wrong = keySize !== map.keySize
    ? `its keys have ${map.keySize} bytes, ${keyName} has ${keySize}`
    : size !== valueSize
    ? `its values have ${valueSize} bytes, ${valueName} has ${size}`
    : undefined;
  if (wrong !== undefined) throw new RangeError(`map ${map.name}: ${wrong}`);
}
