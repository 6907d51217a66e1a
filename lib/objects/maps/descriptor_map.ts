import type { Codec } from "../../btf/codec.ts";
import { u32 } from "../../btf/scalars.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfMap } from "../map.ts";
import { expectType } from "./expected_types.ts";
import type { MapType } from "./map_types.ts";

/** A file descriptor, or what has one: a program, a map. */
export type DescriptorLike = number | { readonly fd: number };

/** @internal The number of a descriptor. */
export function fdOf(what: DescriptorLike): number {
  return typeof what === "number" ? what : what.fd;
}

/** Written as a descriptor, which is asked for last, and read as an id. */
const descriptorOrId: Codec<DescriptorLike> = {
  ...u32,
  encode: (into, at, what) => u32.encode(into, at, fdOf(what)),
};

/**
 * A map that holds things of the kernel: it is given a descriptor, keeps what that stands for, and reports
 * its id. The descriptor may be closed then.
 *
 * @example
 * ```ts
 * import { createMap, DescriptorMap, u32 } from "@denobpf/denobpf";
 *
 * using map = createMap({ type: "xskmap", key: u32, value: u32, maxEntries: 4 });
 * new DescriptorMap(map, u32, "xskmap").delete(0);
 * ```
 */
export class DescriptorMap<K> extends AnyMap {
  /** The map: it is given descriptors and reads ids. */
  protected readonly held: BpfMap<K, DescriptorLike>;

  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle, key: Codec<K>, ...types: MapType[]) {
    super(map);
    expectType(map, ...types);
    this.held = new BpfMap(map, key, descriptorOrId);
  }

  /**
   * Puts something in, in place of what was there.
   * @throws {BpfError} EINVAL if it is nothing that this map can hold, EBADF for a closed descriptor
   */
  set(key: K, what: DescriptorLike): void {
    this.held.update(key, what);
  }

  /**
   * Takes out what is at `key`.
   * @returns false if there was nothing
   * @throws {BpfError}
   */
  delete(key: K): boolean {
    return this.held.delete(key);
  }
}

/**
 * A {@link DescriptorMap} that says what it holds.
 *
 * @example
 * ```ts
 * import { BpfObject, createMap, ReadableDescriptorMap, u32 } from "@denobpf/denobpf";
 *
 * using map = createMap({ type: "prog_array", key: u32, value: u32, maxEntries: 4 });
 * const table = new ReadableDescriptorMap(map, u32, "prog_array");
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * table.set(0, object.program("handle_tp"));
 * console.log(table.id(0)); // the id of a program, as `bpftool prog` shows it
 * ```
 */
export class ReadableDescriptorMap<K> extends DescriptorMap<K> {
  /**
   * The id of what is at `key`, undefined if there is nothing.
   * @throws {BpfError}
   */
  id(key: K): number | undefined {
    return this.held.lookup(key) as number | undefined;
  }

  /**
   * Every key that holds something, with the id of that.
   * @throws {BpfError}
   */
  entries(): Generator<[K, number], void, void> {
    return this.held.entries() as Generator<[K, number], void, void>;
  }
}

/**
 * A table of programs that programs jump to with bpf_tail_call() (BPF_MAP_TYPE_PROG_ARRAY).
 *
 * @example
 * ```ts
 * import { createMap, ProgramArray, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "prog_array", key: u32, value: u32, maxEntries: 4 });
 * assertEquals(new ProgramArray(map).id(0), undefined); // set() puts a program there
 * ```
 */
export class ProgramArray extends ReadableDescriptorMap<number> {
  /** Gives a map of this kind its types. */
  constructor(map: MapHandle) {
    super(map, u32, "prog_array");
  }
}

/**
 * Sockets of AF_XDP, by the number of their queue (BPF_MAP_TYPE_XSKMAP).
 *
 * @example
 * ```ts
 * import { createMap, u32, XskMap } from "@denobpf/denobpf";
 *
 * using map = createMap({ type: "xskmap", key: u32, value: u32, maxEntries: 4 });
 * const queues = new XskMap(map);
 * queues.delete(0); // set() puts a socket there
 * ```
 */
export class XskMap extends DescriptorMap<number> {
  /** Gives a map of this kind its types. */
  constructor(map: MapHandle) {
    super(map, u32, "xskmap");
  }
}
