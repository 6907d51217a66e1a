import type { Codec } from "../btf/codec.ts";
import { cpus } from "../libbpf/symbols.ts";
import { explain } from "./diagnosis.ts";
import type { MapShape } from "./any_map.ts";

/** BPF_MAP_TYPE_PERCPU_HASH, _PERCPU_ARRAY, _LRU_PERCPU_HASH, _PERCPU_CGROUP_STORAGE. */
const PER_CPU: ReadonlySet<number> = new Set([5, 6, 10, 21]);

let known = 0;

/**
 * How many CPUs the kernel keeps per-CPU values for: all that could ever be plugged in.
 *
 * @example
 * ```ts
 * import { possibleCpus } from "@denobpf/denobpf";
 *
 * if (possibleCpus() < navigator.hardwareConcurrency) throw new Error("fewer than there are");
 * ```
 */
export function possibleCpus(): number {
  return known ||= counted(cpus().libbpf_num_possible_cpus());
}

/**
 * Whether maps of this type (`enum bpf_map_type`) have a value for each CPU.
 *
 * @example
 * ```ts
 * import { isPerCpu } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 5].map(isPerCpu), [false, true]); // hash, percpu_hash
 * ```
 */
export function isPerCpu(type: number): boolean {
  return PER_CPU.has(type);
}

/**
 * How many bytes the value of an entry has when it crosses the system call boundary.
 */
export function perCpuSize({ type, valueSize }: MapShape): number {
  return isPerCpu(type) ? possibleCpus() * stride(valueSize) : valueSize;
}

function counted(result: number): number {
  if (result < 0) throw explain("count the CPUs", -result);
  return result;
}

/**
 * Per-CPU values cross the system call boundary one behind the other, each padded to 8 bytes.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, perCpu, possibleCpus, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "percpu_array", key: u32, value: u64, maxEntries: 1 });
 * const counts = new BpfMap(map, u32, perCpu(u64));
 * assertEquals(counts.lookup(0)?.length, possibleCpus());
 * ```
 */
export function perCpu<T>(codec: Codec<T>): Codec<T[]> {
  const step = stride(codec.size);
  const count = possibleCpus();
  return {
    name: `${codec.name} per CPU`,
    size: count * step,
    decode: (from, at) =>
      Array.from({ length: count }, (_, cpu) => {
        const start = at + cpu * step;
        return codec.decode(from, start, start + codec.size);
      }),
    encode(into, at, values) {
      if (values.length !== count) {
        throw new RangeError(`${this.name}: ${count} values are needed, not ${values.length}`);
      }
      values.forEach((value, cpu) => codec.encode(into, at + cpu * step, value));
    },
  };
}

function stride(size: number): number {
  return (size + 7) & ~7;
}
