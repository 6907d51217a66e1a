import { array, bytes } from "../../btf/composites.ts";
import { hexText } from "../../sys/text.ts";
import { s32, u32, u64 } from "../../btf/scalars.ts";
import type { Codec } from "../../btf/codec.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfMap } from "../map.ts";
import { expectType } from "./expected_types.ts";

/** A frame of a stack that was taken with BPF_F_STACK_BUILD_ID: a file by its build id, a place in it. */
export interface BuildIdFrame {
  /** 20 bytes in hexadecimal digits; empty where the file could not be found, and `offset` is an address. */
  readonly buildId: string;
  /** Bytes from the start of the file. */
  readonly offset: bigint;
}

/** `struct bpf_stack_build_id` of include/uapi/linux/bpf.h: `__s32 status; __u8 build_id[20]; __u64 offset`. */
const buildIdFrame: Codec<BuildIdFrame & { status: number }> = {
  name: "struct bpf_stack_build_id",
  size: 32,
  decode: (from, at) => ({
    status: s32.decode(from, at),
    buildId: s32.decode(from, at) === BPF_STACK_BUILD_ID_VALID
      ? hexText(from.u8.subarray(at + 4, at + 24))
      : "",
    offset: u64.decode(from, at + 24),
  }),
  encode(into, at, { status, buildId, offset }) {
    s32.encode(into, at, status);
    bytes(20).encode(
      into,
      at + 4,
      Uint8Array.from(buildId.match(/../g) ?? [], (x) => parseInt(x, 16)),
    );
    u64.encode(into, at + 24, offset);
  },
};
const BPF_STACK_BUILD_ID_EMPTY = 0;
const BPF_STACK_BUILD_ID_VALID = 1;

/** Stacks by the id that bpf_get_stackid() gave the program. */
export abstract class StackMap<F> extends AnyMap {
  readonly #stacks: BpfMap<number, readonly F[]>;
  readonly #isFrame: (frame: F) => boolean;

  /** Gives a map of this kind its types. */
  constructor(map: MapHandle, frame: Codec<F>, isFrame: (frame: F) => boolean) {
    super(map);
    expectType(map, "stack_trace");
    this.#stacks = new BpfMap(map, u32, array(frame, Math.floor(map.valueSize / frame.size)));
    this.#isFrame = isFrame;
  }

  /**
   * The stack with this id, innermost frame first; undefined if there is none, or the id is negative: an
   * error of bpf_get_stackid().
   * @throws {BpfError}
   */
  lookup(id: number): F[] | undefined {
    return id < 0 ? undefined : this.#stacks.lookup(id)?.filter(this.#isFrame);
  }

  /**
   * Removes the stack with this id: its place is free for another.
   * @returns false if there was none
   * @throws {BpfError}
   */
  delete(id: number): boolean {
    return this.#stacks.delete(id);
  }

  /**
   * Every stack, by id.
   * @throws {BpfError}
   */
  *entries(): Generator<[number, F[]], void, void> {
    for (const [id, frames] of this.#stacks) yield [id, frames.filter(this.#isFrame)];
  }
}

/**
 * Stacks as addresses (BPF_MAP_TYPE_STACK_TRACE).
 *
 * @example
 * ```ts
 * import { createMap, StackTraces } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "stack_trace", key: 4, value: 127 * 8, maxEntries: 64 });
 * assertEquals(new StackTraces(map).lookup(-14), undefined); // a program that failed with EFAULT
 * ```
 */
export class StackTraces extends StackMap<bigint> {
  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle) {
    super(map, u64, (address) => address !== 0n);
  }
}

/**
 * Stacks as places in files, for which no address space is needed (with BPF_F_STACK_BUILD_ID).
 *
 * @example
 * ```ts
 * import { BuildIdStackTraces, createMap, MapFlags } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({
 *   type: "stack_trace",
 *   key: 4,
 *   value: 127 * 32,
 *   maxEntries: 64,
 *   flags: MapFlags.BPF_F_STACK_BUILD_ID,
 * });
 * assertEquals([...new BuildIdStackTraces(map).entries()], []);
 * ```
 */
export class BuildIdStackTraces extends StackMap<BuildIdFrame & { status: number }> {
  /**
   * Gives a map of this kind its types.
   * @throws {TypeError | RangeError} if the map is of another type or size
   */
  constructor(map: MapHandle) {
    super(map, buildIdFrame, ({ status }) => status !== BPF_STACK_BUILD_ID_EMPTY);
  }
}
