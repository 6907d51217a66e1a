import type { Codec } from "../../btf/codec.ts";
import { u32 } from "../../btf/scalars.ts";

/** Bytes of which the first `prefixlen` bits count: a key of an LPM trie. */
export interface Prefix {
  /** How many bits. */
  readonly prefixlen: number;
  /** The bits, highest first, as an address in network byte order. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Keys of an LPM trie (BPF_MAP_TYPE_LPM_TRIE, `struct bpf_lpm_trie_key` of include/uapi/linux/bpf.h) of
 * `length` bytes behind the number of bits.
 *
 * @example
 * ```ts
 * import { encodeAll, prefix } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = encodeAll(prefix(2), { prefixlen: 9, data: Uint8Array.of(0xff, 0x80) });
 * assertEquals(bytes, Uint8Array.of(9, 0, 0, 0, 0xff, 0x80));
 * ```
 */
export function prefix(length: number): Codec<Prefix> {
  return {
    name: `prefix of ${length} bytes`,
    size: u32.size + length,
    decode: (from, at) => ({
      prefixlen: u32.decode(from, at),
      data: from.u8.slice(at + u32.size, at + u32.size + length),
    }),
    encode(into, at, { prefixlen, data }) {
      if (data.length !== length || prefixlen > length * 8) {
        throw new RangeError(
          `${this.name}: ${prefixlen} bits of ${data.length} bytes do not fit, there are ${length}`,
        );
      }
      u32.encode(into, at, prefixlen);
      into.u8.set(data, at + u32.size);
    },
  };
}

/**
 * Keys of an LPM trie that are IPv4 networks, as text.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, ipv4Prefix, u32 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "lpm_trie", key: ipv4Prefix, value: u32, maxEntries: 16 });
 * const zones = new BpfMap(map, ipv4Prefix, u32);
 * zones.update("10.0.0.0/8", 1);
 * assertEquals(zones.lookup("10.1.2.3/32"), 1); // the longest prefix that fits
 * ```
 */
export const ipv4Prefix: Codec<string> = addresses("IPv4 prefix", 4, parseIpv4, formatIpv4);

/**
 * Keys of an LPM trie that are IPv6 networks, as text: `2001:db8::/32`.
 *
 * @example
 * ```ts
 * import { encodeAll, ipv6Prefix } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeAll(ipv6Prefix, "2001:db8::/32").slice(0, 8), Uint8Array.of(32, 0, 0, 0, 0x20, 1, 0xd, 0xb8));
 * ```
 */
export const ipv6Prefix: Codec<string> = addresses("IPv6 prefix", 16, parseIpv6, formatIpv6);

function addresses(
  name: string,
  length: number,
  parse: (text: string) => number[] | undefined,
  format: (bytes: Uint8Array) => string,
): Codec<string> {
  const codec = prefix(length);
  return {
    name,
    size: codec.size,
    decode(from, at) {
      const { prefixlen, data } = codec.decode(from, at);
      return `${format(data)}/${prefixlen}`;
    },
    encode(into, at, text) {
      const [address, bits = String(length * 8)] = text.split("/", 2);
      const bytes = parse(address);
      const prefixlen = /^\d+$/.test(bits) ? Number(bits) : Infinity;
      if (bytes === undefined || prefixlen > length * 8) {
        throw new RangeError(`${name}: ${JSON.stringify(text)} is none`);
      }
      codec.encode(into, at, { prefixlen, data: Uint8Array.from(bytes) });
    },
  };
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.map(Number) : undefined;
}

function formatIpv4(bytes: Uint8Array): string {
  return bytes.join(".");
}

/** RFC 4291, section 2.2: groups of 16 bits, `::` for zeros, an IPv4 address at the end. */
function parseIpv6(text: string): number[] | undefined {
  const tail = text.slice(text.lastIndexOf(":") + 1);
  if (tail.includes(".")) {
    const ipv4 = parseIpv4(tail);
    if (ipv4 === undefined) return undefined;
    const [a, b, c, d] = ipv4;
    const groups = `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
    return parseIpv6(text.slice(0, -tail.length) + groups);
  }
  const [left, right, ...more] = text.split("::").map((half) => half === "" ? [] : half.split(":"));
  const groups = [...left, ...right ?? []];
  const missing = 8 - groups.length;
  if (more.length > 0 || (right === undefined ? missing !== 0 : missing < 1)) return undefined;
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const all = [...left, ...Array<string>(missing).fill("0"), ...right ?? []];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}

/** RFC 5952: the longest run of zero groups is left out. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes[2 * i] << 8 | bytes[2 * i + 1]);
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = text.match(/\b0(:0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => run.length > best.length ? run : best, "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  const before = text.slice(0, at).replace(/:$/, "");
  const after = text.slice(at + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}
