import { pageSize } from "../sys/memory.ts";

/** A map to be made, by the name of its type. Sizes in bytes; those of a ring buffer are its entries. */
export interface MapSizes {
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

const BY_NUMBER = /array|^cpumap$|^devmap$|^xskmap$|^sockmap$|^stack_trace$/;
const RINGS: readonly string[] = ["ringbuf", "user_ringbuf"];
const WITHOUT_KEYS: readonly string[] = [...RINGS, "arena", "queue", "stack", "bloom_filter"];

/** The length of the prefix, which each key begins with: `struct bpf_lpm_trie_key` of linux/bpf.h. */
const PREFIX_LENGTH = 4;
/** LPM_DATA_SIZE_MAX of kernel/bpf/lpm_trie.c. */
const LONGEST_PREFIX = 256;

/** From this on the kernel cannot round up to the next power of two: htab_map_alloc() of kernel/bpf. */
const TOO_MANY_BUCKETS = 2 ** 31;

/** Whether maps of this type have no keys, and so cannot be walked. */
export function isWithoutKeys(type: string): boolean {
  return WITHOUT_KEYS.includes(type);
}

/**
 * What the kernel asks of maps and only answers with EINVAL or E2BIG: the map_alloc_check() functions of
 * kernel/bpf.
 * @returns undefined if that is not the reason
 */
export function misfit({ type, keySize, valueSize, maxEntries }: MapSizes): string | undefined {
  if (RINGS.includes(type) && (maxEntries % pageSize() !== 0 || !isPowerOf2(maxEntries))) {
    return `its size, ${maxEntries}, is no power of two of at least ${pageSize()} bytes`;
  }
  if (maxEntries === 0) return "it has no room for entries";
  if (isWithoutKeys(type)) return keySize === 0 ? undefined : "maps of this type have no keys";
  if (BY_NUMBER.test(type) && keySize !== 4) return `its keys have ${keySize} bytes, not 4`;
  if (keySize === 0) return "its keys have no size";
  if (valueSize === 0) return "its values have no size";
  if (
    type === "lpm_trie" && (keySize <= PREFIX_LENGTH || keySize > PREFIX_LENGTH + LONGEST_PREFIX)
  ) {
    return `its keys have ${keySize} bytes: 4 are for the length of the prefix, and 1 to 256 for the prefix`;
  }
  if (maxEntries > TOO_MANY_BUCKETS || /hash/.test(type) && maxEntries === TOO_MANY_BUCKETS) {
    return `it has more entries than a map can have: ${maxEntries}`;
  }
}

function isPowerOf2(size: number): boolean {
  return Number.isInteger(Math.log2(size));
}
