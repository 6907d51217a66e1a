import { mapNames } from "../../libbpf/map_symbols.ts";
import { textAt } from "../../sys/libc.ts";
import { oneOf } from "../../sys/nearest.ts";

/** `enum bpf_map_type` of include/uapi/linux/bpf.h, Linux 6.18, by the names of libbpf and bpftool. */
const NUMBERS = {
  hash: 1,
  array: 2,
  prog_array: 3,
  perf_event_array: 4,
  percpu_hash: 5,
  percpu_array: 6,
  stack_trace: 7,
  cgroup_array: 8,
  lru_hash: 9,
  lru_percpu_hash: 10,
  lpm_trie: 11,
  array_of_maps: 12,
  hash_of_maps: 13,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroup_storage: 19,
  reuseport_sockarray: 20,
  percpu_cgroup_storage: 21,
  queue: 22,
  stack: 23,
  sk_storage: 24,
  devmap_hash: 25,
  struct_ops: 26,
  ringbuf: 27,
  inode_storage: 28,
  task_storage: 29,
  bloom_filter: 30,
  user_ringbuf: 31,
  cgrp_storage: 32,
  arena: 33,
} as const;

/** What kind of map: `hash`, as libbpf and bpftool call it. */
export type MapType =
  | "hash"
  | "array"
  | "prog_array"
  | "perf_event_array"
  | "percpu_hash"
  | "percpu_array"
  | "stack_trace"
  | "cgroup_array"
  | "lru_hash"
  | "lru_percpu_hash"
  | "lpm_trie"
  | "array_of_maps"
  | "hash_of_maps"
  | "devmap"
  | "sockmap"
  | "cpumap"
  | "xskmap"
  | "sockhash"
  | "cgroup_storage"
  | "reuseport_sockarray"
  | "percpu_cgroup_storage"
  | "queue"
  | "stack"
  | "sk_storage"
  | "devmap_hash"
  | "struct_ops"
  | "ringbuf"
  | "inode_storage"
  | "task_storage"
  | "bloom_filter"
  | "user_ringbuf"
  | "cgrp_storage"
  | "arena";

/**
 * The number of a type, `enum bpf_map_type`.
 * @throws {RangeError} if there is none
 */
export function mapTypeNumber(type: MapType): number {
  return oneOf(NUMBERS, type, "type of maps");
}

/**
 * The name of a type: `hash`; `type 99` for one that neither this library nor libbpf knows.
 *
 * @example
 * ```ts
 * import { mapTypeName } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mapTypeName(27), "ringbuf");
 * ```
 */
export function mapTypeName(type: number): MapType | `type ${number}` {
  for (const [name, number] of Object.entries(NUMBERS)) {
    if (number === type) return name as MapType;
  }
  const name = textAt(mapNames().libbpf_bpf_map_type_str(type));
  return name === undefined ? `type ${type}` : name as MapType;
}
