import { OptionStruct } from "../libbpf/options.ts";
import { mapCreation } from "../libbpf/map_symbols.ts";
import { libbpf } from "../libbpf/library.ts";
import { withLog } from "../libbpf/log.ts";
import { u32 } from "../sys/integers.ts";
import { cString } from "../sys/libc.ts";
import { E2BIG, EINVAL } from "../sys/errno.ts";
import { kernelIsAtLeast } from "../sys/kernel.ts";
import { explain } from "./diagnosis.ts";
import { BpfError, UnsupportedError } from "./errors.ts";
import { MAP_SINCE } from "./features/kernel_versions.ts";
import { misfit } from "./misfit.ts";
import { KernelMap } from "./map_info.ts";
import { type DescriptorLike, fdOf } from "./maps/descriptor_map.ts";
import { type MapType, mapTypeNumber } from "./maps/map_types.ts";

/**
 * Flags of maps, include/uapi/linux/bpf.h.
 *
 * @example
 * ```ts
 * import { createMap, MapFlags, u32, u64 } from "@denobpf/denobpf";
 *
 * using map = createMap({
 *   type: "hash",
 *   key: u32,
 *   value: u64,
 *   maxEntries: 1_000_000,
 *   flags: MapFlags.BPF_F_NO_PREALLOC,
 * });
 * ```
 */
export const MapFlags = {
  /** Entries are made when they are needed: less memory, slower updates. */
  BPF_F_NO_PREALLOC: 1 << 0,
  /** Each CPU of an LRU map forgets for itself. */
  BPF_F_NO_COMMON_LRU: 1 << 1,
  BPF_F_NUMA_NODE: 1 << 2,
  /** This process may only read, or only write. */
  BPF_F_RDONLY: 1 << 3,
  BPF_F_WRONLY: 1 << 4,
  /** A stack_trace map keeps places in files instead of addresses. */
  BPF_F_STACK_BUILD_ID: 1 << 5,
  BPF_F_ZERO_SEED: 1 << 6,
  /** Programs may only read, or only write. */
  BPF_F_RDONLY_PROG: 1 << 7,
  BPF_F_WRONLY_PROG: 1 << 8,
  BPF_F_CLONE: 1 << 9,
  /** The map can be mapped into memory. */
  BPF_F_MMAPABLE: 1 << 10,
  BPF_F_PRESERVE_ELEMS: 1 << 11,
  /** Arrays within an array_of_maps may have other numbers of entries than the first. */
  BPF_F_INNER_MAP: 1 << 12,
} as const;

/** What the kernel asks of these types anyway. */
const NEEDED_FLAGS: Partial<Record<MapType, number>> = {
  lpm_trie: MapFlags.BPF_F_NO_PREALLOC,
  arena: MapFlags.BPF_F_MMAPABLE,
};

/** A map to be made. */
export interface MapOptions {
  /** What kind of map. */
  readonly type: MapType;
  /** Of which the kernel keeps 15 bytes; by default none. */
  readonly name?: string;
  /** The codec of the keys, or their size in bytes; by default 0, for maps that have none. */
  readonly key?: number | { readonly size: number };
  /** The codec of the values, or their size in bytes; in a per-CPU map of one CPU's. */
  readonly value?: number | { readonly size: number };
  /** For a ring buffer its size in bytes, for an arena its pages. */
  readonly maxEntries: number;
  /** {@link MapFlags}, combined by `|`. */
  readonly flags?: number;
  /** What else its type asks for: the number of hash functions of a bloom filter. */
  readonly extra?: bigint;
  /** For a map of maps: a map as those that it is to hold. */
  readonly inner?: DescriptorLike;
}

/** `struct bpf_map_create_opts` of libbpf 1.0: size and offsets in bytes. */
const CREATE_OPTIONS = { size: 48, inner_map_fd: 24, map_flags: 28, map_extra: 32 };

/**
 * Makes a map, without an object. It is gone when it is closed, unless it is pinned, or a program or
 * another map holds it. Local storage and struct_ops maps need an object.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, u32, u64 } from "@denobpf/denobpf";
 *
 * using map = createMap({ type: "lru_hash", key: u32, value: u64, maxEntries: 1000 });
 * new BpfMap(map, u32, u64).update(Deno.pid, 1n);
 * ```
 *
 * @throws {RangeError} if there is no such type or number; {UnsupportedError} if the kernel does not have it;
 *   {BpfError} EINVAL for sizes or flags that it cannot have
 */
export function createMap(options: MapOptions): KernelMap {
  const { type, name = "", maxEntries } = options;
  const number = mapTypeNumber(type);
  const flags = u32(options.flags ?? 0, `map ${name}: flags`);
  const struct = new OptionStruct(CREATE_OPTIONS)
    .u32(CREATE_OPTIONS.map_flags, (flags | (NEEDED_FLAGS[type] ?? 0)) >>> 0)
    .u64(CREATE_OPTIONS.map_extra, options.extra ?? 0n);
  if (options.inner !== undefined) struct.u32(CREATE_OPTIONS.inner_map_fd, fdOf(options.inner));
  libbpf();
  const { result, log } = withLog(() =>
    mapCreation().bpf_map_create(
      number,
      cString(name),
      u32(sizeOf(options.key), `map ${name}: size of its keys`),
      u32(sizeOf(options.value), `map ${name}: size of its values`),
      u32(maxEntries, `map ${name}: maxEntries`),
      struct.bytes,
    )
  );
  if (result < 0) throw creationError(options, -result, log);
  return new KernelMap(result);
}

function creationError(options: MapOptions, errno: number, log: string): BpfError {
  const operation = `make a map of type ${options.type}`;
  if (errno === E2BIG) return new BpfError(operation, errno, undefined, reason(options));
  if (errno !== EINVAL) return explain(operation, errno, log);
  const since = MAP_SINCE.get(options.type)!;
  const [major, minor] = since.split(".").map(Number);
  if (!kernelIsAtLeast(major, minor)) {
    return new UnsupportedError(operation, errno, `maps of type ${options.type}`, since);
  }
  return new BpfError(operation, errno, undefined, reason(options));
}

/** Why the kernel does not make it, as far as that is known. */
function reason(options: MapOptions): string | undefined {
  const { type, name = "", key, value, maxEntries, inner } = options;
  if (/storage$|^struct_ops$/.test(type)) return "maps of this type belong to an object";
  if (!/^[\w.]*$/.test(name)) return `${name} is no name: letters, digits, _ and . are`;
  if (/_of_maps$/.test(type) && inner === undefined) return "it wants an `inner` map as an example";
  return misfit({ type, keySize: sizeOf(key), valueSize: sizeOf(value), maxEntries });
}

function sizeOf(part: MapOptions["key"]): number {
  return typeof part === "number" ? part : part?.size ?? 0;
}
