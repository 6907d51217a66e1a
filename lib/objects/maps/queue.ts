import { Bytes } from "../../btf/bytes.ts";
import type { Codec } from "../../btf/codec.ts";
import { mapValues } from "../../libbpf/map_symbols.ts";
import { E2BIG, ENOENT } from "../../sys/errno.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { expectType, expectValue } from "./expected_types.ts";

/** BPF_ANY and BPF_EXIST of include/uapi/linux/bpf.h: the latter drops the oldest when it is full. */
const BPF_ANY = 0n;
const BPF_EXIST = 2n;

/**
 * A queue (BPF_MAP_TYPE_QUEUE), which gives the oldest value first, or a stack (BPF_MAP_TYPE_STACK), which
 * gives the newest. It has no keys. Linux 4.20.
 *
 * @example
 * ```ts
 * import { createMap, Queue, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "queue", value: u32, maxEntries: 16 });
 * const jobs = new Queue(map, u32);
 * jobs.push(1);
 * jobs.push(2);
 * assertEquals([jobs.pop(), jobs.pop(), jobs.pop()], [1, 2, undefined]);
 * ```
 */
export class Queue<V> extends AnyMap {
  readonly #value: Codec<V>;
  readonly #bytes: Bytes;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, value: Codec<V>) {
    super(map);
    expectType(map, "queue", "stack");
    expectValue(map, value);
    this.#value = value;
    this.#bytes = Bytes.zeroed(value.size);
  }

  /**
   * Puts a value in.
   * @param options.force when it is full, the oldest value is dropped for it
   * @returns false if it is full
   * @throws {BpfError}
   */
  push(value: V, options: { force?: boolean } = {}): boolean {
    this.#bytes.u8.fill(0);
    this.#value.encode(this.#bytes, 0, value);
    const flags = options.force ? BPF_EXIST : BPF_ANY;
    const result = mapValues().bpf_map_update_elem(this.fd, null, this.#bytes.u8, flags);
    if (result === -E2BIG) return false;
    this.check(result, "push into");
    return true;
  }

  /**
   * Takes the next value out; undefined if there is none.
   * @throws {BpfError}
   */
  pop(): V | undefined {
    const { bpf_map_lookup_and_delete_elem } = mapValues();
    return this.#got(bpf_map_lookup_and_delete_elem(this.fd, null, this.#bytes.u8), "pop from");
  }

  /**
   * The next value, which stays; undefined if there is none.
   * @throws {BpfError}
   */
  peek(): V | undefined {
    return this.#got(mapValues().bpf_map_lookup_elem(this.fd, null, this.#bytes.u8), "peek into");
  }

  #got(result: number, action: string): V | undefined {
    if (result === -ENOENT) return undefined;
    this.check(result, action);
    return this.#value.decode(this.#bytes, 0);
  }
}
